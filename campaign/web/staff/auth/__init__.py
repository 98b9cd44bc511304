"""Staff sign-in, accounts and the team."""
