"""Import a list of offline gifts: preview every row, then import exactly what was previewed. For finance."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeSerializer

from campaign.core import clock
from campaign.core.csv_lists import RejectedLine
from campaign.core.errors import ListInvalid
from campaign.core.task_queue import OUTBOX
from campaign.models import StaffRole
from campaign.offline.csv_import import ListReader, PlannedRow, record_import
from campaign.offline.csv_rows import COLUMNS, REQUIRED_COLUMNS, Row
from campaign.offline.recent import campaign_choices
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.layout import organization_zone

LARGEST = 1024 * 1024
MOST_ROWS = 1000
"""The most rows that the page accepts; the command has no limit."""
_MAX_MESSAGES = 10

# A list is larger than other forms, and the preview sends it back as form text.
blueprint = staff_blueprint("offline_import", "/offline/import", largest=4 * LARGEST)


@dataclass(frozen=True)
class Preview:
    """What the import would do with each row. `totals` are minor units by currency, of the rows in `good`."""

    good: Sequence[PlannedRow]
    doubtful: Sequence[PlannedRow]
    refused: Sequence[RejectedLine]

    @property
    def totals(self) -> dict[str, int]:
        sums: dict[str, int] = {}
        for one in self.good:
            currency = one.entry.campaign.currency
            sums[currency] = sums.get(currency, 0) + one.entry.amount
        return sums


@blueprint.get("")
@needs(StaffRole.finance)
def page() -> ResponseReturnValue:
    """Show the form to upload a file and to choose the campaign for rows without a code."""
    return _upload_page()


def _upload_page(fault: str = "") -> str:
    with installation().sessions() as session:
        return render_template(
            "staff/offline/import.html",
            page_title="Import offline gifts",
            campaigns=campaign_choices(session),
            chosen=request.form.get("campaign", ""),
            needed=REQUIRED_COLUMNS,
            optional=COLUMNS[len(REQUIRED_COLUMNS) :],
            fault=fault,
        )


@blueprint.post("")
@needs(StaffRole.finance)
def preview() -> ResponseReturnValue:
    """Show how each row was read. Nothing is saved."""
    file, slug = request.files.get("file"), request.form.get("campaign", "")
    raw = file.read() if file else b""
    if not raw:
        return _upload_page("Choose a file that is not empty."), 422
    if len(raw) > LARGEST:
        return _upload_page("The file is larger than 1 MB. Split it into smaller files."), 422
    try:
        found = _read(raw, slug)
    except ListInvalid as error:
        return _upload_page(str(error)), 422
    kept = {
        "campaign": slug,
        "list": raw.decode("latin-1"),
        "doubtful": [one.line for one in found.doubtful],
    }
    return render_template(
        "staff/offline/preview.html",
        page_title="Import offline gifts",
        preview=found,
        kept=_signer().dumps(kept),
    )


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="offline-list")


def _read(raw: bytes, slug: str) -> Preview:
    reader, at = ListReader(slug, organization_zone()), clock.now()
    rows = list(reader.rows(raw))
    if len(rows) > MOST_ROWS:
        raise ListInvalid(
            f"The list has more than {MOST_ROWS:,} rows. Split it, or use the command `campaign offline import`."
        )
    with installation().sessions() as session:
        read = [reader.plan(session, one, at) if isinstance(one, Row) else one for one in rows]
    return _preview(read)


def _preview(read: Sequence[PlannedRow | RejectedLine]) -> Preview:
    planned = [one for one in read if isinstance(one, PlannedRow)]
    return Preview(
        [one for one in planned if not one.alike],
        [one for one in planned if one.alike],
        [one for one in read if isinstance(one, RejectedLine)],
    )


@blueprint.post("/enter")
@needs(StaffRole.finance)
def enter() -> ResponseReturnValue:
    """Import the previewed list. Submitting again imports nothing, because every reference then exists."""
    try:
        kept = _signer().loads(request.form.get("kept", ""))
    except BadSignature:
        return _upload_page("The list could not be verified. Choose the file again."), 422
    raw = kept["list"].encode("latin-1")
    waived = set(kept["doubtful"]) if request.form.get("doubtful") else set()
    entered, left_out = _enter(raw, kept["campaign"], waived)
    for one in left_out[:_MAX_MESSAGES]:
        flash(f"Line {one.line}: {one.reason}.")
    if len(left_out) > _MAX_MESSAGES:
        flash(f"And {len(left_out) - _MAX_MESSAGES} more lines.")
    flash(f"{entered} imported, {len(left_out)} not imported.")
    return redirect(url_for("offline.page"), 303)


def _enter(raw: bytes, slug: str, waived: set[int]) -> tuple[int, list[RejectedLine]]:
    """Import each row in its own transaction. Return how many were imported, and the rows that were not."""
    reader = ListReader(slug, organization_zone())
    entered, left_out = 0, list[RejectedLine]()
    for row in reader.rows(raw):
        outcome = row if isinstance(row, RejectedLine) else _enter_row(reader, row, waived)
        if outcome is None:
            entered += 1
        else:
            left_out.append(outcome)
    if entered:
        with installation().sessions.begin() as session:
            record_import(session, actor(), raw, entered=entered, refused=len(left_out))
        installation().notify(OUTBOX)
    return entered, left_out


def _enter_row(reader: ListReader, row: Row, waived: set[int]) -> RejectedLine | None:
    """Import one row. Return why it was rejected, or None if it was imported."""
    at = clock.now()
    with installation().sessions.begin() as session:
        planned = reader.plan(session, row, at)
        if isinstance(planned, RejectedLine):
            return planned
        if planned.alike and row.line not in waived:
            words = next(one.words for one in planned.entry_warnings if one.key.startswith("like-"))
            return RejectedLine(row.line, words.rstrip("."))
        outcome = reader.enter(session, planned, actor(), installation().books, at)
        return outcome if isinstance(outcome, RejectedLine) else None
