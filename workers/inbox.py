"""Apply Stripe events from the inbox."""

from campaign.core.task_queue import INBOX
from campaign.runtime.job_heartbeat import heartbeat
from campaign.stripe_events.process import apply_due_events
from workers.app import app, installation


@app.task(name=INBOX)
def drain() -> int:
    """Apply every event that is due; return the number of attempts."""
    with heartbeat(installation(), "sweep-inbox"):
        return apply_due_events(installation())
