"""Stripe's events, applied."""

from campaign.core.task_queue import INBOX
from campaign.handlers.inbox import apply_due_events
from campaign.runtime.job_heartbeat import beating
from workers.app import app, installation


@app.task(name=INBOX)
def drain() -> int:
    """Apply every event that is due; the number tried."""
    with beating(installation(), "sweep-inbox"):
        return apply_due_events(installation())
