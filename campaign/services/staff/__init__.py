"""Who works here, how they get in, and the browsers that are signed in."""
