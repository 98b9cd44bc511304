"""The books: the start page for accountants, and the journal of each month."""

from datetime import date

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from campaign.audit.audit_log import Subject, record
from campaign.core import clock
from campaign.models import StaffRole
from campaign.reconciliation.runs import count_open, recent_runs
from campaign.reporting.journal import COLUMNS, Journal, months, read_journal
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.downloads import FORMATS, download
from campaign.web.staff.core.layout import organization_zone

blueprint: Blueprint = staff_blueprint("books", "/books")


@blueprint.get("")
@needs(StaffRole.finance)
def index() -> ResponseReturnValue:
    """List the sections of the books and the months that have a journal."""
    with installation().sessions() as session:
        runs = recent_runs(session)
        left = count_open(session, runs[0]) if runs else 0
        every = months(session, organization_zone())
    return render_template(
        "staff/books/index.html",
        page_title="Books",
        latest=runs[0] if runs else None,
        left=left,
        months=every,
    )


@blueprint.get("/<int:year>-<int(fixed_digits=2):month>")
@needs(StaffRole.finance)
def journal(year: int, month: int) -> ResponseReturnValue:
    """Show the journal of a month."""
    found = _journal(year, month)
    return render_template(
        "staff/books/journal.html",
        page_title=f"Journal of {found.first:%B %Y}",
        journal=found,
        formats=list(FORMATS),
    )


@blueprint.get("/<int:year>-<int(fixed_digits=2):month>/journal.<any(csv, jsonl):kind>")
@needs(StaffRole.finance)
def file(year: int, month: int, kind: str) -> ResponseReturnValue:
    """Download the journal of a month."""
    found = _journal(year, month)
    name = f"journal-{found.first:%Y-%m}"
    with installation().sessions.begin() as session:
        record(session, actor(), "export.created", Subject("export", name), after={"format": kind})
    return download(COLUMNS, (line.row() for line in found.lines), name, kind)


def _journal(year: int, month: int) -> Journal:
    if not (2000 <= year <= clock.now().year + 1 and 1 <= month <= 12):
        abort(404)
    with installation().sessions() as session:
        return read_journal(session, date(year, month, 1), organization_zone())
