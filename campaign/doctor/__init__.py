"""`campaign doctor`: whether this installation is set up right, with what to do where it is not."""
