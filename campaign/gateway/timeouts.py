"""Timeouts for one attempt of a call to Stripe."""

TIMEOUT = 8
"""Seconds per attempt. With two retries, a donor waits about half a minute at most before an error page."""

PATIENCE = 30
"""Seconds per attempt in workers and commands, where nobody is waiting for a page."""
