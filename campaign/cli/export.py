"""`campaign export`: stream CSV to stdout."""

import click

from campaign.audit.audit_log import Actor, Subject, record
from campaign.campaigns.campaigns import find_campaign
from campaign.cli.csv_files import write_rows
from campaign.core import clock
from campaign.ledger.exports import EXPORTS, column_names, export_rows
from campaign.runtime.context import make_installation


@click.command("export")
@click.argument("what", type=click.Choice(list(EXPORTS)))
@click.option("--campaign", "slug", help="Only this campaign.")
@click.option(
    "--since",
    metavar="DATE|TIMESTAMP",
    help="Start: 2026-12-01 (in ORG_TIMEZONE), or a timestamp with a UTC offset.",
)
@click.option("--until", metavar="DATE|TIMESTAMP", help="End; a date includes that whole day.")
def export(what: str, slug: str | None, since: str | None, until: str | None) -> None:
    """Write donations, donors, ledger or receipts as CSV. Amounts are in minor units."""
    installation = make_installation(broker=False)
    zone = clock.zone(installation.settings.organization.timezone)
    start = clock.parse_start(since, zone) if since else None
    end = clock.parse_end(until, zone) if until else None
    with installation.sessions.begin() as session:
        subject = Subject("export", what)
        options = {
            "format": "csv",
            "campaign": slug or "",
            "since": since or "",
            "until": until or "",
        }
        record(session, Actor.command_line(), "export.created", subject, after=options)
    with installation.sessions() as session:
        campaign = find_campaign(session, slug) if slug else None
        write_rows(column_names(what), export_rows(session, what, campaign, start, end))
