"""Local replacements for Stripe, the mail host and the servers, and `./dev run`, which starts them.

The service itself never imports this package.
"""
