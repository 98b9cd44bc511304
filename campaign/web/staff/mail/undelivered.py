"""Undelivered emails: the list by problem and kind, one email, and sending one or all failed ones again."""

from collections.abc import Mapping, Sequence

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, SelectField
from wtforms.fields.choices import SelectChoice

from campaign.audit.audit_log import Subject, record
from campaign.core import clock
from campaign.core.errors import ResendRefused
from campaign.core.task_queue import OUTBOX
from campaign.emails.names import kind_name, sample_of
from campaign.mailer import undelivered
from campaign.mailer.circuit_breaker import open_outages
from campaign.mailer.kinds import EmailKind
from campaign.mailer.refusal_advice import describe_outage
from campaign.mailer.resending import BLOCK_TEXTS, plan_resend, resend_failed
from campaign.mailer.undelivered import ResendBlock, block_of
from campaign.models import StaffRole
from campaign.reporting.undelivered_list import (
    PROBLEM_TEXTS,
    DeliveryProblem,
    UndeliveredRow,
    count_problems,
    find_undelivered,
    get_message,
)
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.paging import pages
from campaign.web.staff.mail.list_filters import read_choice, read_list_cursor, set_filters

blueprint = staff_blueprint("undelivered", "/mail")

PROBLEM_NAMES: Mapping[DeliveryProblem, str] = {
    DeliveryProblem.stuck: "Stuck",
    DeliveryProblem.failed: "Failed",
    DeliveryProblem.retrying: "Queued with an error",
    DeliveryProblem.dropped: "Dropped",
}
_KINDS = [SelectChoice("", "All"), *(SelectChoice(one.value, kind_name(one)) for one in EmailKind)]


class UndeliveredFilterForm(FlaskForm):
    """The filters of the list. A GET form: it changes nothing."""

    class Meta:
        csrf = False

    problem = SelectField(
        choices=[
            SelectChoice("", "Stuck, failed or with an error"),
            *(SelectChoice(one.value, name) for one, name in PROBLEM_NAMES.items()),
        ],
        validate_choice=False,
    )
    kind = SelectField(choices=_KINDS, validate_choice=False)


class ResendForm(FlaskForm):
    """Which failed emails to send again, how many staff have seen, and whether some may arrive twice."""

    class Meta:
        csrf = False

    kind = SelectField(choices=_KINDS, validate_choice=False)
    even_if_it_arrived = BooleanField()
    expected = HiddenField()


@blueprint.get("")
@needs(StaffRole.viewer)
def listed() -> ResponseReturnValue:
    """List the undelivered emails that match the query string."""
    form, at = UndeliveredFilterForm(formdata=request.args), clock.now()
    cursor = read_list_cursor(form)
    problem, kind = read_choice(form.problem, DeliveryProblem), read_choice(form.kind, EmailKind)
    lines: Sequence[UndeliveredRow] = []
    keys = None
    with installation().sessions() as session:
        counts, outages = count_problems(session, at), open_outages(session)
        if not form.errors:
            lines, keys = find_undelivered(session, at, problem, kind, cursor)
        page = render_template(
            "staff/mail/undelivered.html",
            page_title="Undelivered emails",
            form=form,
            lines=lines,
            counts=counts,
            outages=[(one.opened_at, describe_outage(one)) for one in outages],
            problems=PROBLEM_NAMES,
            texts=PROBLEM_TEXTS,
            narrowed=set_filters(form),
            kind=kind,
            pages=pages(keys.newer, keys.older) if keys else pages(None, None),
        )
    return make_response(page, 422 if form.errors else 200)


@blueprint.get("/<int:message_id>")
@needs(StaffRole.viewer)
def message(message_id: int) -> ResponseReturnValue:
    """Show one email, and whether it can be sent again."""
    return _message_page(message_id)


def _message_page(message_id: int, fault: str = "", status: int = 200) -> ResponseReturnValue:
    at = clock.now()
    with installation().sessions() as session:
        row = get_message(session, message_id, at)
        block = block_of(row.message, at)
        page = render_template(
            "staff/mail/message.html",
            page_title=kind_name(row.message.kind),
            row=row,
            message=row.message,
            block=block,
            words=BLOCK_TEXTS.get(block) if block else "",
            twice=block is ResendBlock.may_have_arrived,
            sample=sample_of(row.message.kind),
            fault=fault,
        )
    return make_response(page, status)


@blueprint.post("/<int:message_id>/resend")
@needs(StaffRole.finance)
def resend(message_id: int) -> ResponseReturnValue:
    """Queue one email again."""
    even, at = bool(request.form.get("even_if_it_arrived")), clock.now()
    with installation().sessions() as session:
        block = block_of(get_message(session, message_id, at).message, at)
    if block and not (even and block is ResendBlock.may_have_arrived):
        return _message_page(message_id, BLOCK_TEXTS[block], 422)
    try:
        with installation().sessions.begin() as session:
            again = undelivered.resend(session, message_id, at, even_if_it_arrived=even)
            subject = Subject("message", str(message_id), again.campaign_id)
            about = {"kind": again.kind, "about": again.subject_key, "even_if_it_arrived": even}
            record(session, actor(), "message.resent", subject, after=about)
    except ResendRefused as refused:
        # Something happened to it since it was read above.
        return _message_page(message_id, f"It was not queued: {refused}.", 422)
    installation().notify(OUTBOX)
    flash("The email is queued again.")
    return redirect(url_for("undelivered.message", message_id=message_id), 303)


@blueprint.get("/resend")
@needs(StaffRole.finance)
def ask_resend() -> ResponseReturnValue:
    """Show how many failed emails would be queued again, and why the others would not."""
    form = ResendForm(formdata=request.args)
    read_list_cursor(form)
    return _resend_page(form, read_choice(form.kind, EmailKind), 422 if form.errors else 200)


@blueprint.post("/resend")
@needs(StaffRole.finance)
def resend_all() -> ResponseReturnValue:
    """Queue all failed emails again, if there are still as many as staff have seen."""
    form = ResendForm()
    kind = read_choice(form.kind, EmailKind)
    number = 0 if form.errors else _queue_failed(form, kind)
    if not number:
        if not form.errors:
            form.form_errors = ["The number has changed. Check it and confirm again."]
        return _resend_page(form, kind, 422)
    installation().notify(OUTBOX)
    flash("1 email is queued again." if number == 1 else f"{number:,} emails are queued again.")
    return redirect(url_for("undelivered.listed"), 303)


def _queue_failed(form: ResendForm, kind: EmailKind | None) -> int:
    """Queue them and return how many, or do nothing and return 0 if there are not as many as expected."""
    even = bool(form.even_if_it_arrived.data)
    with installation().sessions() as session:
        number = resend_failed(session, clock.now(), kind, even_if_it_arrived=even)
        if str(number) != form.expected.data:
            return 0
        asked = {"kind": kind or "all", "number": number, "even_if_it_arrived": even}
        record(session, actor(), "messages.resent", Subject("messages", "failed"), after=asked)
        session.commit()
        return number


def _resend_page(form: ResendForm, kind: EmailKind | None, status: int) -> ResponseReturnValue:
    even = bool(form.even_if_it_arrived.data)
    with installation().sessions() as session:
        plan = plan_resend(session, clock.now(), kind, even_if_it_arrived=even)
    page = render_template(
        "staff/mail/resend.html",
        page_title="Send failed emails again",
        form=form,
        plan=plan,
        may_arrive_twice=ResendBlock.may_have_arrived in plan.blocked or even,
        texts=BLOCK_TEXTS,
    )
    return make_response(page, status)
