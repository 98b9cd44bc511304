"""Subscribers: the list with search and segments, its export, and one subscriber's page."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask import make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import SearchField, SelectField
from wtforms.fields.choices import SelectChoice

from campaign.audit.audit_log import Subject, record
from campaign.audit.heartbeats import SEGMENT_SUBSCRIBERS
from campaign.core import clock
from campaign.core.i18n import get_language
from campaign.donors.subscriber_list import (
    EXPORT_COLUMNS,
    SubscriberFilters,
    SubscriberRow,
    SubscriberStatus,
    export_subscribers,
    find_subscribers,
)
from campaign.models import Giving, Heartbeat, StaffRole
from campaign.outreach.giving_segments import DEFINITIONS, GivingSegment, count_segments
from campaign.reporting.subscriber_detail import find_subscriber, read_subscriber_detail
from campaign.web.context import installation
from campaign.web.staff.auth.recent_sign_in import requires_recent_sign_in
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.downloads import FORMATS, download
from campaign.web.staff.core.layout import organization_zone
from campaign.web.staff.core.paging import address_with, pages
from campaign.web.staff.mail.list_filters import read_choice, read_list_cursor, set_filters

blueprint = staff_blueprint("subscribers", "/subscribers")

SEGMENT_NAMES: Mapping[GivingSegment, str] = {
    GivingSegment.gave: "Gave before",
    GivingSegment.monthly: "Monthly",
    GivingSegment.lapsed: "Lapsed",
    GivingSegment.never: "Never gave",
}
GIVING_NAMES: Mapping[Giving, str] = {
    Giving.monthly: "Monthly",
    Giving.recent: "Gave in the last year",
    Giving.lapsed: "Lapsed",
    Giving.never: "Never gave",
}
STATUS_NAMES: Mapping[SubscriberStatus, str] = {
    SubscriberStatus.reachable: "Gets campaign emails",
    SubscriberStatus.suppressed: "Gets none",
}
_EVERY = SelectChoice("", "All")


class SubscriberFilterForm(FlaskForm):
    """The search and the filters of the list. A GET form: it changes nothing."""

    class Meta:
        csrf = False

    q = SearchField()
    segment = SelectField(
        choices=[_EVERY, *(SelectChoice(one.value, words) for one, words in SEGMENT_NAMES.items())],
        validate_choice=False,
    )
    status = SelectField(
        choices=[_EVERY, *(SelectChoice(one.value, words) for one, words in STATUS_NAMES.items())],
        validate_choice=False,
    )


@blueprint.get("")
@needs(StaffRole.viewer)
def listed() -> ResponseReturnValue:
    """List the subscribers that match the query string."""
    form = SubscriberFilterForm(formdata=request.args)
    cursor, filters = read_list_cursor(form), _filters(form)
    return _list_page(form) if form.errors else _list_page(form, find=(filters, cursor))


def _list_page(form: SubscriberFilterForm, find: Any = None) -> ResponseReturnValue:
    lines: Sequence[SubscriberRow] = []
    keys = None
    with installation().sessions() as session:
        counts = count_segments(session)
        if find is not None:
            lines, keys = find_subscribers(session, *find)
    page = render_template(
        "staff/subscribers/list.html",
        page_title="Subscribers",
        form=form,
        lines=lines,
        counts=counts,
        total=counts[GivingSegment.gave] + counts[GivingSegment.never],
        segments=SEGMENT_NAMES,
        giving=GIVING_NAMES,
        narrowed=set_filters(form),
        pages=pages(keys.newer, keys.older) if keys else pages(None, None),
        files={kind: _file_address(kind) for kind in FORMATS},
    )
    return make_response(page, 200 if find is not None else 422)


def _file_address(kind: str) -> str:
    shown = address_with(before=None, after=None)
    return shown.replace(request.path, url_for("subscribers.file", kind=kind), 1)


def _filters(form: SubscriberFilterForm) -> SubscriberFilters:
    return SubscriberFilters(
        text=form.q.data or "",
        segment=read_choice(form.segment, GivingSegment),
        status=read_choice(form.status, SubscriberStatus),
    )


@blueprint.get("/subscribers.<any(csv, jsonl):kind>")
@needs(StaffRole.finance)
@requires_recent_sign_in
def file(kind: str) -> ResponseReturnValue:
    """Download all subscribers that match. The download is recorded in the activity log."""
    form = SubscriberFilterForm(formdata=request.args)
    read_list_cursor(form)
    filters = _filters(form)
    if form.errors:
        return _list_page(form)
    here = installation()
    with here.sessions.begin() as session:
        # What was searched for may be a name or an address, which the log must not keep.
        asked = {name: form[name].data or "" for name in ("segment", "status")}
        asked |= {"searched": "yes" if filters.text else "no", "format": kind}
        record(session, actor(), "export.created", Subject("export", "subscribers"), after=asked)

    def rows() -> Iterator[dict[str, Any]]:
        with here.sessions() as session:
            yield from export_subscribers(session, filters)

    today = clock.now().astimezone(organization_zone()).date()
    name = "-".join(filter(None, ["subscribers", filters.segment, filters.status, str(today)]))
    return download(EXPORT_COLUMNS, rows(), name, kind)


@blueprint.get("/segments")
@needs(StaffRole.viewer)
def segments() -> ResponseReturnValue:
    """Count the segments and say how each is defined."""
    with installation().sessions() as session:
        counts = count_segments(session)
        job = session.get(Heartbeat, SEGMENT_SUBSCRIBERS)
    return render_template(
        "staff/subscribers/segments.html",
        page_title="Segments",
        updated_at=job.succeeded_at if job else None,
        counts=counts,
        total=counts[GivingSegment.gave] + counts[GivingSegment.never],
        segments=SEGMENT_NAMES,
        definitions=DEFINITIONS,
    )


@blueprint.get("/<int:subscriber_id>")
@needs(StaffRole.viewer)
def person(subscriber_id: int) -> ResponseReturnValue:
    """Show everything about one subscriber."""
    form = FlaskForm(formdata=None, meta={"csrf": False})
    cursor = read_list_cursor(form)
    with installation().sessions() as session:
        subscriber = find_subscriber(session, subscriber_id)
        found = read_subscriber_detail(session, subscriber, clock.now(), cursor)
        page = render_template(
            "staff/subscribers/detail.html",
            page_title=subscriber.name or subscriber.email,
            person=found,
            subscriber=subscriber,
            language=get_language(subscriber.locale).native_name,
            giving=GIVING_NAMES[found.giving],
            form=form,
            mail_pages=pages(found.mail_keys.newer, found.mail_keys.older),
        )
    return make_response(page, 422 if form.form_errors else 200)
