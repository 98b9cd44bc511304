"""The activity page: shows the audit log with filters from the URL, and downloads it."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import DateInput

from campaign.audit.audit_log import Subject, record
from campaign.core import clock
from campaign.core.input_limits import read_key
from campaign.models import Campaign, StaffRole
from campaign.reporting.audit_search import (
    COLUMNS,
    AuditFilters,
    audit_rows,
    known_actions,
    read_page,
)
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.downloads import FORMATS, download
from campaign.web.staff.core.layout import organization_zone
from campaign.web.staff.core.paging import address_with, pages

blueprint: Blueprint = staff_blueprint("audit", "/audit")

PAGES = {
    "donation": "/staff/donations/{}",
    "donor": "/staff/donors/{}",
    "campaign": "/staff/c/{}",
    "discrepancy": "/staff/reconciliations/discrepancies/{}",
    "reconciliation": "/staff/reconciliations/{}",
}
"""URL patterns of the objects that have a page, by subject kind."""


class AuditForm(FlaskForm):
    """The filters of the activity page. A GET form: it changes nothing."""

    class Meta:
        csrf = False

    actor = StringField()
    action = SelectField(validate_choice=False)
    subject = StringField()
    campaign = SelectField(validate_choice=False)
    since = StringField(widget=DateInput())
    until = StringField(widget=DateInput())


@blueprint.get("")
@needs(StaffRole.finance)
def log() -> ResponseReturnValue:
    """Show one page of the log."""
    with installation().sessions() as session:
        form = _form(session)
        filters = _filters(form)
        if form.errors or not filters:
            return make_response(_page(form, [], pages(None, None)), 422)
        found = read_page(session, filters, before=_key("before"), after=_key("after"))
        return make_response(_page(form, found.lines, pages(found.newer, found.older)))


def _page(form: AuditForm, lines: Any, beside: Any) -> str:
    return render_template(
        "staff/audit/log.html",
        page_title="Activity",
        form=form,
        lines=lines,
        pages=beside,
        page_of=PAGES,
        narrowed=any(field.data for field in form),
        files={
            kind: address_with(before=None, after=None).replace(
                request.path, url_for(".file", kind=kind), 1
            )
            for kind in FORMATS
        },
    )


@blueprint.get("/audit.<any(csv, jsonl):kind>")
@needs(StaffRole.finance)
def file(kind: str) -> ResponseReturnValue:
    """Download all matching entries. The download is itself recorded in the log."""
    here = installation()
    with here.sessions.begin() as session:
        form = _form(session)
        filters = _filters(form)
        if form.errors or not filters:
            return make_response(_page(form, [], pages(None, None)), 422)
        asked = {field.name: field.data for field in form if field.data}
        record(session, actor(), "export.created", Subject("export", "audit"), after=asked)

    def rows() -> Any:
        with here.sessions() as session:
            yield from audit_rows(session, filters)

    today = clock.now().astimezone(organization_zone()).date()
    return download(COLUMNS, rows(), f"audit-{today}", kind)


def _form(session: Session) -> AuditForm:
    form = AuditForm(formdata=request.args)
    form.action.choices = [SelectChoice("", "All"), *_action_choices(known_actions(session))]
    slugs = session.scalars(select(Campaign.slug).order_by(Campaign.slug)).all()
    form.campaign.choices = [SelectChoice("", "All"), *(SelectChoice(slug, slug) for slug in slugs)]
    return form


def _action_choices(actions: Any) -> list[SelectChoice]:
    """Offer each noun with all its verbs, then each verb."""
    choices: dict[str, str] = {}
    for action in actions:
        noun, _, verb = action.partition(".")
        choices.setdefault(f"{noun}.", f"{noun.replace('_', ' ')}: all")
        choices[action] = f"{noun} {verb}".replace("_", " ")
    return [SelectChoice(value, words) for value, words in choices.items()]


def _filters(form: AuditForm) -> AuditFilters | None:
    """Return the filters, or None if a date is invalid; the field then has the error."""
    since, until = _day(form.since), _day(form.until)
    if form.since.errors or form.until.errors:
        return None
    zone = organization_zone()
    kind, key = _subject(form.subject.data or "")
    return AuditFilters(
        actor=(form.actor.data or "").strip(),
        action=form.action.data or "",
        subject_kind=kind,
        subject_key=key,
        campaign=form.campaign.data or "",
        since=clock.start_of_day(since, zone) if since else None,
        until=clock.start_of_day(until + timedelta(days=1), zone) if until else None,
    )


def _subject(typed: str) -> tuple[str, str]:
    """Split "kind key" into its two parts. A donation's public id alone is enough for both."""
    kind, separator, key = typed.strip().partition(" ")
    if not separator and kind.startswith("don_"):
        return "donation", kind
    return kind, key.strip()


def _day(field: Any) -> date | None:
    text = (field.data or "").strip()
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or not 2000 <= found.year <= 9000:
        field.errors = [f"{text!r} is not a date. Write it as 2026-12-31."]
        return None
    return found


def _key(name: str) -> int | None:
    """Return the key from the query string, or None if it is not a number."""
    return read_key(request.args.get(name, ""))
