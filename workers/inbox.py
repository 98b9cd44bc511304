"""Stripe's events, applied."""

from campaign.handlers import apply_due_events
from campaign.heartbeat import beating
from campaign.nudge import INBOX
from workers.app import app, installation


@app.task(name=INBOX)
def drain() -> int:
    """Apply every event that is due; the number tried."""
    with beating(installation(), "sweep-inbox"):
        return apply_due_events(installation())
