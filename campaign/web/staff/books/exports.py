"""Exports of donations, donors, ledger and receipts, streamed. Each download is recorded in the audit log."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import Field, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import DateInput

from campaign.audit.audit_log import Subject, record
from campaign.campaigns.campaigns import find_campaign
from campaign.core import clock
from campaign.ledger.exports import column_names, export_rows
from campaign.models import Campaign, StaffRole
from campaign.web.context import installation
from campaign.web.staff.auth.recent_sign_in import requires_recent_sign_in
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.downloads import FORMATS, download
from campaign.web.staff.core.layout import organization_zone

blueprint: Blueprint = staff_blueprint("exports", "/exports")

WHAT = {
    "donations": "Donations: every donation with its donor, status and receipt",
    "donors": "Donors: everyone whose payment arrived",
    "ledger": "Ledger: every entry; the amounts add up to the total raised",
    "receipts": "Receipts: every receipt as issued",
}


class ExportForm(FlaskForm):
    """The filters of an export. A GET form: it changes nothing but the audit log."""

    class Meta:
        csrf = False

    campaign = SelectField(validate_choice=False)
    since = StringField(widget=DateInput())
    until = StringField(widget=DateInput())


@blueprint.get("")
@needs(StaffRole.finance)
def page() -> ResponseReturnValue:
    """List the exports."""
    with installation().sessions() as session:
        return _page(_form(session))


def _page(form: ExportForm, status: int = 200) -> ResponseReturnValue:
    shown = render_template(
        "staff/books/exports.html",
        page_title="Exports",
        form=form,
        what=WHAT,
        formats=list(FORMATS),
    )
    return make_response(shown, status)


@blueprint.get("/<any(donations, donors, ledger, receipts):what>.<any(csv, jsonl):kind>")
@needs(StaffRole.finance)
@requires_recent_sign_in
def file(what: str, kind: str) -> ResponseReturnValue:
    """Download one export. Its rows are read in a separate transaction while the file is sent."""
    here = installation()
    with here.sessions.begin() as session:
        form = _form(session)
        since = _day(form.since)
        until = _day(form.until, after=timedelta(days=1))
        if form.errors:
            return _page(form, 422)
        slug = form.campaign.data or ""
        if slug:
            find_campaign(session, slug)
        asked = {name: form[name].data or "" for name in ("campaign", "since", "until")}
        asked["format"] = kind
        record(session, actor(), "export.created", Subject("export", what), after=asked)

    def rows() -> Iterator[dict[str, Any]]:
        with here.sessions() as session:
            campaign = find_campaign(session, slug) if slug else None
            yield from export_rows(session, what, campaign, since, until)

    today = clock.now().astimezone(organization_zone()).date()
    name = "-".join(filter(None, [what, slug, str(today)]))
    return download(column_names(what), rows(), name, kind)


def _form(session: Session) -> ExportForm:
    form = ExportForm(formdata=request.args)
    slugs = session.scalars(select(Campaign.slug).order_by(Campaign.deadline.desc())).all()
    form.campaign.choices = [SelectChoice("", "All"), *(SelectChoice(slug, slug) for slug in slugs)]
    return form


def _day(field: Field, after: timedelta = timedelta()) -> datetime | None:
    """Return the start of the day in `field` plus `after`, or None. Sets the field's error for an invalid date.

    With `after` of one day the result is an exclusive end, so the export includes the whole last day.
    """
    text = (field.data or "").strip()
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + after
        return clock.start_of_day(day, organization_zone())
    except (ValueError, OverflowError):
        field.errors = [f"{text!r} is not a date. Write it as 2026-12-31."]
        return None
