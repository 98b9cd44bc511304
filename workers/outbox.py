"""Send email from the outbox."""

from campaign.core.task_queue import OUTBOX
from campaign.emails.delivery import deliver_due
from campaign.runtime.job_heartbeat import heartbeat
from workers.app import app, installation


@app.task(name=OUTBOX)
def drain() -> int:
    """Send every message that is due; return the number of attempts."""
    with heartbeat(installation(), "sweep-outbox"):
        return deliver_due(installation())
