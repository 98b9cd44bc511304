"""Send outgoing webhooks."""

from campaign.integrations.webhook_sender import send_due
from campaign.runtime.job_heartbeat import heartbeat
from workers.app import app, installation


@app.task(name="workers.webhooks.send")
def send() -> int:
    """Send every delivery that is due; return the number of attempts."""
    with heartbeat(installation(), "send-webhooks"):
        return send_due(installation())
