"""Stand-ins for a machine without accounts: Stripe, mail, private servers, and `./dev run`.

Nothing of the service imports this.
"""
