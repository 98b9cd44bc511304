"""`campaign audit`: stream the audit log to stdout as CSV or JSON lines."""

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
    metavar="DATE|TIMESTAMP",
    help="Start: 2026-12-01 (in ORG_TIMEZONE), or a timestamp with a UTC offset.",
)
@click.option("--until", metavar="DATE|TIMESTAMP", help="End; a date includes that whole day.")
@click.option("--who", default="", help="Only entries by this person, as named in the log.")
@click.option(
    "--action", default="", help="One action (donation.refunded), or a group (donation.)."
)
@click.option("--campaign", "slug", default="", help="Only entries about this campaign.")
@click.option("--jsonl", is_flag=True, help="Write JSON lines instead of CSV.")
def audit(
    since: str | None, until: str | None, who: str, action: str, slug: str, *, jsonl: bool
) -> None:
    """Write the audit log, oldest entry first. Each export is itself recorded in the log."""
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
                entry = row | {"at": row["at"].isoformat()}
                sys.stdout.write(json.dumps(entry, ensure_ascii=False) + "\n")
        else:
            columns = ("before", "after")
            write_rows(
                COLUMNS, (row | {name: _as_json(row[name]) for name in columns} for row in rows)
            )
    options = {"since": since or "", "until": until or "", "actor": who, "action": action}
    with installation.sessions.begin() as session:
        subject = Subject("export", "audit")
        record(session, Actor.command_line(), "export.created", subject, after=options)


def _as_json(values: dict[str, object]) -> str:
    return json.dumps(values, ensure_ascii=False)
