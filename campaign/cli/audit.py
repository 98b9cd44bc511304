"""`campaign audit`: what staff did, as CSV or JSON lines on stdout, streamed."""

import json
import sys

import click

from campaign.audit.audit_log import Actor, Subject, record
from campaign.cli.csv_files import write_rows
from campaign.core import clock
from campaign.reporting.audit_search import COLUMNS, AuditFilters, audit_rows
from campaign.runtime.context import make_installation


@click.command("audit")
@click.option(
    "--since",
    metavar="DAY|INSTANT",
    help="From then on: 2026-12-01 (in ORG_TIMEZONE), or an instant with offset.",
)
@click.option("--until", metavar="DAY|INSTANT", help="Before then; a day is still whole in it.")
@click.option("--who", default="", help="Only by this person, as the log writes them.")
@click.option("--action", default="", help="Only this, donation.refunded; or a noun, `donation.`.")
@click.option("--campaign", "slug", default="", help="Only about one campaign.")
@click.option("--jsonl", is_flag=True, help="JSON lines in place of CSV.")
def audit(
    since: str | None, until: str | None, who: str, action: str, slug: str, *, jsonl: bool
) -> None:
    """Write the audit log, the oldest entry first. That it was read is an entry of its own."""
    installation = make_installation(broker=False)
    zone = clock.zone(installation.settings.organization.timezone)
    filters = AuditFilters(
        actor=who,
        action=action,
        campaign=slug,
        since=clock.parse_start(since, zone) if since else None,
        until=clock.parse_end(until, zone) if until else None,
    )
    with installation.sessions() as session:
        rows = audit_rows(session, filters)
        if jsonl:
            for row in rows:
                told = row | {"at": row["at"].isoformat()}
                sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        else:
            columns = ("before", "after")
            write_rows(
                COLUMNS, (row | {name: _flat(row[name]) for name in columns} for row in rows)
            )
    asked = {"since": since or "", "until": until or "", "actor": who, "action": action}
    with installation.sessions.begin() as session:
        subject = Subject("export", "audit")
        record(session, Actor.command_line(), "export.created", subject, after=asked)


def _flat(held: dict[str, object]) -> str:
    return json.dumps(held, ensure_ascii=False)
