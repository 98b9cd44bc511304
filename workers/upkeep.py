"""What is done from time to time so that nothing is missed."""

from datetime import timedelta

from campaign import clock
from campaign.handlers import recover_events
from campaign.heartbeat import beating
from campaign.services.finality import finalize_due_campaigns
from workers.app import app, installation

RECOVERED = timedelta(days=2)
"""How far back is looked each time; `campaign events recover` goes further."""


@app.task(name="workers.upkeep.recover")
def recover() -> int:
    """Fetch and apply the events that Stripe could not deliver; the number that was new."""
    with beating(installation(), "recover-events"):
        return recover_events(installation(), clock.now() - RECOVERED).new


@app.task(name="workers.upkeep.finalize")
def finalize() -> int:
    """Freeze the results whose grace period is over, a commit each; their number."""
    with beating(installation(), "finalize"):
        return sum(iter(_finalize_one, 0))


def _finalize_one() -> int:
    with installation().sessions.begin() as session:
        return len(finalize_due_campaigns(session, clock.now(), at_most=1))
