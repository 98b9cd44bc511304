"""How long one try of a call to Stripe may take."""

TIMEOUT = 8
"""Seconds for one try. With two retries a donor waits at most about half a minute before the page that says why."""

PATIENCE = 30
"""Seconds for one try where nobody waits in front of a page: in workers and commands."""
