"""How staff sign in, and their own account and team."""
