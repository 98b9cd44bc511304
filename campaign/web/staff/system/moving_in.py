"""Moving in: upload a file of another system, see how it is read and what an import would do, then import it.

Small files are checked and imported at once, larger ones by a worker. For admins.
"""

from collections.abc import Callable, Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from campaign.core.errors import ListInvalid, NotFound
from campaign.models import FileImportState, StaffRole
from campaign.moving import uploads
from campaign.moving.amounts import DecimalMark
from campaign.moving.kinds import KINDS
from campaign.moving.moments import DateOrder
from campaign.offline.recent import campaign_choices
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint

AT_ONCE = 500_000
"""The most bytes of a file that is read within the request."""

LONGEST_OPTION = 200
TITLES = {
    "people": "People who agreed to emails",
    "suppressions": "People who unsubscribed, and addresses that bounced",
    "gifts": "Gifts of the past",
}
_OPTIONS = (
    "preset", "dates", "decimal", "zone", "encoding", "consent_source", "campaign", "currency",
)  # fmt: skip

blueprint = staff_blueprint("moving_in", "/moving-in", largest=uploads.LARGEST + 64 * 1024)


@blueprint.get("")
@needs(StaffRole.admin)
def page() -> ResponseReturnValue:
    """Show the form to upload a file, and the files of the last day."""
    return _page()


def _page(fault: str = "") -> str:
    with installation().sessions() as session:
        recent = uploads.recent_uploads(session)
    return render_template(
        "staff/moving_in/page.html",
        page_title="Moving in",
        kinds={name: TITLES[name] for name in KINDS},
        chosen=request.form.get("kind", ""),
        recent=recent,
        largest=uploads.LARGEST // 1_000_000,
        fault=fault,
    )


@blueprint.post("")
@needs(StaffRole.admin)
def upload() -> ResponseReturnValue:
    """Keep the file and check it. Nothing is imported."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _page("Choose a file."), 422
    try:
        with installation().sessions.begin() as session:
            kept = uploads.begin_upload(
                session, request.form.get("kind", ""), sent.filename, sent.stream, {}, actor()
            )
    except ListInvalid as error:
        return _page(str(error)), 422
    _work(kept.id, kept.size)
    return redirect(url_for("moving_in.show", upload_id=kept.id), 303)


def _work(upload_id: int, size: int) -> None:
    if size <= AT_ONCE:
        uploads.import_files(installation(), upload_id)
    else:
        installation().notify(uploads.TASK)


@blueprint.get("/<int:upload_id>")
@needs(StaffRole.admin)
def show(upload_id: int) -> ResponseReturnValue:
    """Show how the file is read, what an import would do or did, and how far it is."""
    with installation().sessions() as session:
        kept = uploads.find_upload(session, upload_id)
        campaigns = campaign_choices(session)
    kind = KINDS[kept.kind](installation())
    return render_template(
        "staff/moving_in/file.html",
        page_title=kept.file_name,
        upload=kept,
        report=kept.report,
        kind_title=TITLES[kept.kind],
        fields=kind.fields,
        presets=kind.presets,
        kept=uploads.KEPT,
        campaigns=campaigns,
        working=kept.state in (FileImportState.checking, FileImportState.importing),
        may_import=kept.state == FileImportState.checked and not kept.error,
    )


@blueprint.post("/<int:upload_id>/check")
@needs(StaffRole.admin)
def check(upload_id: int) -> ResponseReturnValue:
    """Check the file again with other columns or options."""

    def change(session: Session) -> None:
        before = uploads.find_upload(session, upload_id).options
        uploads.check_again(session, upload_id, _options(before), actor())

    return _do(upload_id, change)


@blueprint.post("/<int:upload_id>/import")
@needs(StaffRole.admin)
def confirm(upload_id: int) -> ResponseReturnValue:
    """Import the file as it was checked. Pressing twice imports once."""
    return _do(upload_id, lambda session: uploads.confirm(session, upload_id, actor()))


def _do(upload_id: int, change: Callable[[Session], None]) -> ResponseReturnValue:
    """Make a change and carry it out; an impossible one is said on the page."""
    try:
        with installation().sessions.begin() as session:
            change(session)
            size = uploads.find_upload(session, upload_id).size
    except ListInvalid as error:
        flash(str(error))
    else:
        _work(upload_id, size)
    return redirect(url_for("moving_in.show", upload_id=upload_id), 303)


@blueprint.post("/<int:upload_id>/discard")
@needs(StaffRole.admin)
def discard(upload_id: int) -> ResponseReturnValue:
    """Forget the file and its report. What is imported stays."""
    try:
        with installation().sessions.begin() as session:
            uploads.discard(session, upload_id, actor())
    except NotFound:
        pass
    except ListInvalid as error:
        flash(str(error))
        return redirect(url_for("moving_in.show", upload_id=upload_id), 303)
    return redirect(url_for("moving_in.page"), 303)


def _options(before: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the form says, added to what was said before.

    `column-N` is a column's name, `field-N` the field chosen for it, and `was-N` the one that was shown. Only a choice
    that differs is the person's: the others follow the preset, also if that is changed.
    """
    options: dict[str, Any] = {
        name: request.form.get(name, "").strip()[:LONGEST_OPTION] for name in _OPTIONS
    }
    given = {text.rpartition("=")[0]: text for text in before.get("given", ())}
    for name, column in request.form.items():
        number = name.removeprefix("column-")
        chosen = request.form.get(f"field-{number}", "")
        if number != name and chosen != request.form.get(f"was-{number}", ""):
            given[column] = f"{column}={chosen}"
    options["given"] = list(given.values())
    for name, known in (("dates", DateOrder), ("decimal", DecimalMark)):
        if options[name] not in [one.value for one in known]:
            options[name] = ""
    return options
