"""What is done from time to time so that nothing is missed."""

from datetime import timedelta

from campaign import clock
from campaign.handlers import recover_events
from workers.app import app, installation

RECOVERED = timedelta(days=2)
"""How far back is looked each time; `campaign events recover` goes further."""


@app.task(name="workers.upkeep.recover")
def recover() -> int:
    """Fetch and apply the events that Stripe could not deliver; the number that was new."""
    return recover_events(installation(), clock.now() - RECOVERED).new
