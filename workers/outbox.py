"""Mail, sent."""

from campaign.delivery import deliver_batch
from campaign.nudge import OUTBOX
from workers.app import app, installation


@app.task(name=OUTBOX)
def drain() -> int:
    """Send every message that is due, batch by batch; the number tried."""
    tried = 0
    while batch := deliver_batch(installation()):
        tried += batch
    return tried
