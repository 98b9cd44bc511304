"""The books: the start page for accountants, and the journal of each month."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from flask import Blueprint, abort, make_response, render_template, request
from flask.typing import ResponseReturnValue

from campaign.audit.audit_log import Subject, record
from campaign.core import clock
from campaign.core.chart_of_accounts import ChartOfAccounts
from campaign.core.errors import ExportRefused
from campaign.core.outside_text import read_whole
from campaign.models import StaffRole
from campaign.reconciliation.runs import count_open, recent_runs
from campaign.reporting.journal import (
    month_after,
    months,
    read_bank_journal,
    read_journal,
    stripe_balances,
)
from campaign.reporting.journal_exports import COLUMNS as COLUMNS_OF_PROGRAMS
from campaign.reporting.journal_exports import PROGRAMS, count_parts, file_rows
from campaign.reporting.journal_lines import COLUMNS
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.downloads import FORMATS, download
from campaign.web.staff.core.layout import organization_zone

blueprint: Blueprint = staff_blueprint("books", "/books")


@dataclass(frozen=True)
class BankFiles:
    """A bank currency of a month: its totals, if they differ from those in all currencies, and its files.

    `parts`: how many files each accounting program needs.
    """

    currency: str
    totals: Sequence[tuple[str, str, int, int]]
    parts: Mapping[str, int]


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
    return _journal_page(_first(year, month))


def _journal_page(first: date, refusal: str = "", status: int = 200) -> ResponseReturnValue:
    """Show the month in all its currencies, and the totals and files of each bank currency."""
    zone = organization_zone()
    with installation().sessions() as session:
        found = read_journal(session, first, zone)
        alone = {
            currency: journal
            for currency in found.totals
            if (journal := read_bank_journal(session, first, zone, currency)).lines
        }
        held = stripe_balances(session, month_after(first), zone)
    shown = render_template(
        "staff/books/journal.html",
        page_title=f"Journal of {first:%B %Y}",
        journal=found,
        banks=[
            BankFiles(
                currency,
                one.totals[currency] if one.totals[currency] != found.totals[currency] else [],
                {program: count_parts(one, program) for program in PROGRAMS},
            )
            for currency, one in alone.items()
        ],
        programs=PROGRAMS,
        held=held,
        account=_chart().account,
        formats=list(FORMATS),
        refusal=refusal,
    )
    return make_response(shown, status)


@blueprint.get("/<int:year>-<int(fixed_digits=2):month>/journal.<any(csv, jsonl):kind>")
@needs(StaffRole.finance)
def file(year: int, month: int, kind: str) -> ResponseReturnValue:
    """Download the journal of a month."""
    with installation().sessions() as session:
        found = read_journal(session, _first(year, month), organization_zone())
    name = f"journal-{found.first:%Y-%m}"
    with installation().sessions.begin() as session:
        record(session, actor(), "export.created", Subject("export", name), after={"format": kind})
    return download(COLUMNS, (line.row(_chart()) for line in found.lines), name, kind)


@blueprint.get(
    "/<int:year>-<int(fixed_digits=2):month>/<currency>-<any(quickbooks, xero):program>.csv"
)
@needs(StaffRole.finance)
def program_file(year: int, month: int, currency: str, program: str) -> ResponseReturnValue:
    """Download the month in a bank's currency, as an accounting program imports it."""
    first, here = _first(year, month), installation()
    part = read_whole(request.args.get("part", ""), 9_999) or 1
    with here.sessions() as session:
        journal = read_bank_journal(session, first, organization_zone(), currency)
    try:
        rows = file_rows(journal, program, here.settings.books, part)
    except ExportRefused as refused:
        return _journal_page(first, str(refused), 422)
    name = f"journal-{first:%Y-%m}-{currency}-{program}" + (f"-{part}" if part > 1 else "")
    with here.sessions.begin() as session:
        subject = Subject("export", f"journal-{first:%Y-%m}")
        made = {"format": program, "currency": currency, "part": part}
        record(session, actor(), "export.created", subject, after=made)
    return download(COLUMNS_OF_PROGRAMS[program], rows, name, "csv")


def _chart() -> ChartOfAccounts:
    return installation().settings.books.chart


def _first(year: int, month: int) -> date:
    if not (2000 <= year <= clock.now().year + 1 and 1 <= month <= 12):
        abort(404)
    return date(year, month, 1)
