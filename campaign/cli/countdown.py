"""`campaign deadline-emails`, the cron job."""

from contextlib import nullcontext

import click

from campaign import clock
from campaign.heartbeat import beating
from campaign.installation import make_installation
from campaign.services.campaigns import open_campaigns


@click.command("deadline-emails")
@click.option("--dry-run", is_flag=True, help="Say what would be queued, and queue nothing.")
def deadline_emails(*, dry_run: bool) -> None:
    """Queue the countdown and deadline emails that are due now. Safe at any frequency, and twice at once.

    Campaigns have no countdown steps in this version, so none is ever due; the cron line may stand already.
    """
    installation = make_installation(broker=False)
    kept = nullcontext() if dry_run else beating(installation, "deadline-emails")
    with kept, installation.sessions() as session:
        running = [campaign.slug for campaign in open_campaigns(session, clock.now())]
    tried = "Nothing would be queued" if dry_run else "Nothing was queued"
    click.echo(f"No email is due. {tried}. Running campaigns: {', '.join(running) or 'none'}.")
