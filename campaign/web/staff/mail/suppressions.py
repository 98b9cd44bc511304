"""The list "Do not email": its entries with filters, undoing one, and undoing all that mail servers' refusals made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import HiddenField, SearchField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import DateInput, DateTimeLocalInput

from campaign.core import clock
from campaign.core.errors import DeadlineInvalid, SuppressionChangeRefused
from campaign.core.outside_text import read_whole
from campaign.donors.suppression_changes import (
    get_suppression,
    preview_refused,
    undo_refused,
    undo_suppression,
)
from campaign.donors.suppression_list import (
    SuppressionEntry,
    SuppressionFilters,
    count_by_reason,
    find_suppressions,
)
from campaign.models import Campaign, StaffRole, SuppressionReason
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.form_errors import put_faults
from campaign.web.staff.core.layout import organization_zone
from campaign.web.staff.core.paging import pages
from campaign.web.staff.mail.list_filters import (
    read_choice,
    read_list_cursor,
    refuse,
    set_filters,
)

blueprint = staff_blueprint("suppressions", "/subscribers/do-not-email")

REASONS: Mapping[SuppressionReason, tuple[str, str]] = {
    SuppressionReason.unsubscribed: ("Unsubscribed", "asked for no more campaign emails"),
    SuppressionReason.bounced: ("Bounced", "a report said that the address accepts no mail"),
    SuppressionReason.complained: ("Complained", "marked an email as spam"),
    SuppressionReason.refused: ("Refused", "the mail server refused the address"),
    SuppressionReason.imported: ("Imported", "came with a list of another system"),
}
"""The name of each reason, and what happened."""

ALL_CAMPAIGNS = "-"
SHOWN = 20
"""How many addresses the page shows before refusals are undone."""


class SuppressionFilterForm(FlaskForm):
    """The filters of the list. A GET form: it changes nothing."""

    class Meta:
        csrf = False

    q = SearchField()
    reason = SelectField(validate_choice=False)
    since = StringField(widget=DateInput())
    campaign = SelectField(validate_choice=False)


class UndoForm(FlaskForm):
    """Why campaign emails are allowed again."""

    class Meta:
        csrf = False

    reason = StringField()


class UndoRefusedForm(FlaskForm):
    """Since when to undo refusals, why, and how many staff have seen."""

    class Meta:
        csrf = False

    since = StringField(widget=DateTimeLocalInput())
    reason = StringField()
    expected = HiddenField()


@dataclass(frozen=True)
class RefusedPreview:
    """What undoing would remove: all `number` refusals since then; `newest` has the first addresses."""

    since: datetime
    number: int
    newest: Sequence[str]


@blueprint.get("")
@needs(StaffRole.viewer)
def listed() -> ResponseReturnValue:
    """List the entries that match the query string."""
    form = SuppressionFilterForm(formdata=request.args)
    lines: Sequence[SuppressionEntry] = []
    keys = None
    with installation().sessions() as session:
        campaigns = session.scalars(select(Campaign).order_by(Campaign.deadline.desc())).all()
        form.reason.choices = [
            SelectChoice("", "All"),
            *(SelectChoice(one.value, name) for one, (name, _) in REASONS.items()),
        ]
        form.campaign.choices = [
            SelectChoice("", "All entries"),
            SelectChoice(ALL_CAMPAIGNS, "Entries for all campaigns"),
            *(SelectChoice(one.slug, f"Only for {one.title}") for one in campaigns),
        ]
        cursor, filters = read_list_cursor(form), _filters(form, campaigns)
        counts = count_by_reason(session)
        if not form.errors:
            lines, keys = find_suppressions(session, filters, cursor)
    page = render_template(
        "staff/subscribers/suppressions.html",
        page_title="Do not email",
        form=form,
        lines=lines,
        counts=counts,
        reasons=REASONS,
        narrowed=set_filters(form),
        pages=pages(keys.newer, keys.older) if keys else pages(None, None),
    )
    return make_response(page, 422 if form.errors else 200)


def _filters(form: SuppressionFilterForm, campaigns: Sequence[Campaign]) -> SuppressionFilters:
    return SuppressionFilters(
        address=(form.q.data or "").replace("\0", "").strip(),
        reason=read_choice(form.reason, SuppressionReason),
        since=_day(form),
        campaign_id=_campaign_id(form, campaigns),
    )


def _day(form: SuppressionFilterForm) -> datetime | None:
    text = (form.since.data or "").strip()
    if not text:
        return None
    try:
        return clock.parse_start(text, organization_zone())
    except DeadlineInvalid:
        refuse(form.since, f"“{text}” is not a date. Write it as 2026-12-31.")
        return None


def _campaign_id(form: SuppressionFilterForm, campaigns: Sequence[Campaign]) -> int | None:
    slug = form.campaign.data
    if not slug:
        return None
    if slug == ALL_CAMPAIGNS:
        return 0
    found = next((one.id for one in campaigns if one.slug == slug), None)
    if found is None:
        refuse(form.campaign, f"There is no campaign named “{slug}”.")
    return found


@blueprint.route("/<int:suppression_id>", methods=["GET", "POST"])
@needs(StaffRole.finance)
def undo(suppression_id: int) -> ResponseReturnValue:
    """Show one entry, and undo it with a reason."""
    form = UndoForm()
    if not form.is_submitted():
        return _undo_page(suppression_id, form)
    try:
        with installation().sessions.begin() as session:
            entry = undo_suppression(session, suppression_id, form.reason.data or "", actor())
    except SuppressionChangeRefused as error:
        put_faults(form, {error.field: str(error)})
        return make_response(_undo_page(suppression_id, form), 422)
    about = f" about {entry.campaign}" if entry.campaign else ""
    flash(f"{entry.email} can get campaign emails{about} again.")
    if entry.subscriber_id is not None:
        return redirect(url_for("subscribers.person", subscriber_id=entry.subscriber_id), 303)
    return redirect(url_for("suppressions.listed", q=entry.email), 303)


def _undo_page(suppression_id: int, form: UndoForm) -> str:
    with installation().sessions() as session:
        entry = get_suppression(session, suppression_id)
    return render_template(
        "staff/subscribers/undo_suppression.html",
        page_title="Allow campaign emails again",
        entry=entry,
        reason=REASONS[SuppressionReason(entry.reason)],
        form=form,
    )


@blueprint.route("/refused", methods=["GET", "POST"])
@needs(StaffRole.admin)
def refused() -> ResponseReturnValue:
    """Undo all refusals since a moment: ask, show the number, and do it after the second look."""
    form = UndoRefusedForm()
    if not form.is_submitted():
        return _refused_page(form)
    since = _moment(form)
    if since is None:
        return make_response(_refused_page(form), 422)
    expected = read_whole(form.expected.data)
    if expected is None:
        return _preview_page(form, since)
    try:
        with installation().sessions.begin() as session:
            number = undo_refused(session, since, expected, form.reason.data or "", actor())
    except SuppressionChangeRefused as error:
        put_faults(form, {error.field: str(error)})
        return _preview_page(form, since, 422)
    flash(
        "1 address can get campaign emails again."
        if number == 1
        else f"{number:,} addresses can get campaign emails again."
    )
    flash("Emails that failed because of the refusals can be sent again now.")
    return redirect(url_for("undelivered.ask_resend"), 303)


def _moment(form: UndoRefusedForm) -> datetime | None:
    text = (form.since.data or "").strip().replace("T", " ")
    try:
        return clock.parse_start(text, organization_zone())
    except DeadlineInvalid as error:
        words = str(error) if text else "Enter since when, as 2026-12-31 18:00."
        put_faults(form, {"since": words})
        return None


def _preview_page(form: UndoRefusedForm, since: datetime, status: int = 200) -> ResponseReturnValue:
    with installation().sessions() as session:
        preview = RefusedPreview(since, *preview_refused(session, since, SHOWN))
    return make_response(_refused_page(form, preview), status)


def _refused_page(form: UndoRefusedForm, preview: RefusedPreview | None = None) -> str:
    with installation().sessions() as session:
        total = count_by_reason(session)[SuppressionReason.refused]
    return render_template(
        "staff/subscribers/undo_refused.html",
        page_title="Undo refusals",
        form=form,
        preview=preview,
        total=total,
    )
