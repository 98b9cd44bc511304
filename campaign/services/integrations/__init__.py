"""Other programs: the tokens with which they read, and what they are told."""
