"""`campaign export`: CSV on stdout, streamed."""

import csv
import sys
from datetime import date, datetime
from typing import Any

import click

from campaign import clock
from campaign.installation import make_installation
from campaign.services.campaigns import find_campaign
from campaign.services.exports import EXPORTS, column_names, export_rows

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@click.command("export")
@click.argument("what", type=click.Choice(list(EXPORTS)))
@click.option("--campaign", "slug", help="Of one campaign only.")
@click.option(
    "--since",
    metavar="DAY|INSTANT",
    help="From then on: 2026-12-01 (in ORG_TIMEZONE), or an instant with offset.",
)
def export(what: str, slug: str | None, since: str | None) -> None:
    """Write donations, donors, ledger or receipts as CSV. Amounts are minor units."""
    installation = make_installation(broker=False)
    zone = clock.zone(installation.settings.organization.timezone)
    start = clock.parse_start(since, zone) if since else None
    writer = csv.DictWriter(sys.stdout, column_names(what), lineterminator="\n")
    with installation.sessions() as session:
        campaign = find_campaign(session, slug) if slug else None
        writer.writeheader()
        for row in export_rows(session, what, campaign, start):
            writer.writerow({name: _written(value) for name, value in row.items()})


def _written(value: Any) -> Any:
    """Instants with their offset; a text that a spreadsheet would run as a formula gets an apostrophe before it.

    https://owasp.org/www-community/attacks/CSV_Injection. Figures stay figures, signed ones too.
    """
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
