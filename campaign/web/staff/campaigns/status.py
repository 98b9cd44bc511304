"""Status changes of a campaign: extend, close early, open, pause, resume, finalize.

A change of the deadline is previewed first, with the sentence that the public page will show.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import StringField

from campaign.campaigns import status_changes
from campaign.campaigns.campaigns import find_campaign
from campaign.campaigns.extensions import close_early
from campaign.core import clock
from campaign.core.errors import DeadlineInvalid, ExtensionRefused, StateRefused
from campaign.core.task_queue import OUTBOX
from campaign.models import Campaign, StaffRole
from campaign.outreach.extension_notices import (
    DeadlineRequest,
    ToldExtension,
    extend_and_tell,
)
from campaign.web.appeal.deadline_changes import present_extensions
from campaign.web.appeal.formatting import ending
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.form_errors import put_faults

blueprint = staff_blueprint("campaign_status", "/c/<slug>")


class MoveForm(FlaskForm):
    """A new deadline and its public reason."""

    class Meta:
        csrf = False

    deadline = StringField()
    reason = StringField()


class ReasonForm(FlaskForm):
    """A public reason."""

    class Meta:
        csrf = False

    reason = StringField()


@dataclass(frozen=True)
class StatusChange:
    """A status change and its page: title, explanation, button, and `fields` as (name, label, hint)."""

    name: str
    title: str
    explanation: str
    button: str
    fields: tuple[tuple[str, str, str], ...] = ()


_REASON = ("reason", "Public reason", "The public page shows it after the word “because”.")
EXTEND = StatusChange(
    "extend",
    "Extend the deadline",
    "A deadline can only move later. The public page shows the change and its reason permanently. Queued emails will"
    " show the new deadline, and readers who were emailed another end date and have not given get one email about the"
    " change. The next page shows how many. A campaign that has ended accepts gifts again.",
    "Extend the deadline",
    (
        (
            "deadline",
            "New deadline",
            "A date (through the end of that day): 2027-01-05. Or a date and time: 2027-01-05 18:00.",
        ),
        _REASON,
    ),
)
CLOSE = StatusChange(
    "close",
    "Close early",
    "The campaign ends now. The public page shows this and the reason permanently. Payments charged before now still"
    " count, even if they arrive later. Queued campaign emails are not sent; the final thank-you with the result is.",
    "Close campaign",
    (_REASON,),
)
PAUSE = StatusChange(
    "pause",
    "Pause card payments",
    "Use this during an attack on the form or an outage at Stripe. While paused, nobody can start a gift by card. The"
    " public page shows the reason and how to give by mail, and campaign emails are on hold. Monthly gifts continue,"
    " and donors who are already on Stripe’s page can finish paying.",
    "Pause card payments",
    (
        (
            "reason",
            "Public reason",
            "A sentence, such as “We are fixing a problem with card payments”.",
        ),
    ),
)
OPEN = StatusChange(
    "open",
    "Open now",
    "The campaign accepts gifts from now on, and its first email is due.",
    "Open campaign",
)
FINALIZE = StatusChange(
    "finalize",
    "Finalize the result",
    "The grace period is over. The result is finalized automatically within minutes; finalize it here if you cannot"
    " wait. After that, only a correction changes it.",
    "Finalize",
)


@blueprint.route("/deadline", methods=["GET", "POST"])
@needs(StaffRole.admin)
def move_deadline(slug: str) -> ResponseReturnValue:
    """Extend the deadline."""
    form = MoveForm()

    def move(session: Session, campaign: Campaign) -> ToldExtension:
        typed = (form.deadline.data or "", form.reason.data or "")
        request = DeadlineRequest(*typed, actor().name, actor())
        domain = installation().settings.mail_from.domain
        return extend_and_tell(session, campaign, request, clock.now(), domain)

    return _moving(slug, EXTEND, form, move)


@blueprint.route("/close", methods=["GET", "POST"])
@needs(StaffRole.admin)
def close(slug: str) -> ResponseReturnValue:
    """Close early."""
    form = ReasonForm()

    def end(session: Session, campaign: Campaign) -> ToldExtension:
        result = close_early(session, campaign, form.reason.data or "", actor().name, actor())
        return ToldExtension(result, 0)

    return _moving(slug, CLOSE, form, end)


def _moving(
    slug: str,
    act: StatusChange,
    form: FlaskForm,
    move: Callable[[Session, Campaign], ToldExtension],
) -> ResponseReturnValue:
    """Show the form; then the public sentence, from a rolled-back transaction; then make the change."""
    if not form.is_submitted():
        return _page(slug, act, form)
    sure = request.form.get("sure") == "yes"
    try:
        with installation().sessions() as session:
            campaign = find_campaign(session, slug)
            made = move(session, campaign)
            (sentence,) = present_extensions(campaign, [made.result.extension])
            if sure:
                session.commit()
    except DeadlineInvalid as error:
        return _refused(slug, act, form, {"deadline": str(error)})
    except ExtensionRefused as error:
        # The form to close a campaign has no deadline.
        field = error.field if error.field in form else "reason"
        return _refused(slug, act, form, {field: str(error)})
    if not sure:
        return _page(slug, act, form, sentence=sentence, told=made.told)
    if made.told:
        installation().notify(OUTBOX)
    flash("This change was already made. Nothing changed." if made.result.repeated else sentence)
    return redirect(url_for("campaigns.show", slug=slug), 303)


@blueprint.route("/pause", methods=["GET", "POST"])
@needs(StaffRole.admin)
def pause(slug: str) -> ResponseReturnValue:
    """Pause card payments at once."""
    form = ReasonForm()
    reason = form.reason.data or ""
    return _acting(
        slug,
        PAUSE,
        form,
        lambda session, campaign: status_changes.pause(
            session, campaign, reason, actor(), clock.now()
        ),
        "Card payments paused. The public page says so.",
    )


@blueprint.post("/resume")
@needs(StaffRole.admin)
def resume(slug: str) -> ResponseReturnValue:
    """Resume card payments."""
    with installation().sessions.begin() as session:
        status_changes.resume(session, find_campaign(session, slug), actor())
    flash("Card payments resumed.")
    return redirect(url_for("campaigns.show", slug=slug), 303)


@blueprint.route("/open", methods=["GET", "POST"])
@needs(StaffRole.admin)
def open_now(slug: str) -> ResponseReturnValue:
    """Open an upcoming campaign."""
    return _acting(
        slug,
        OPEN,
        ReasonForm(),
        lambda session, campaign: status_changes.open_now(session, campaign, actor()),
        "The campaign is open.",
    )


@blueprint.route("/finalize", methods=["GET", "POST"])
@needs(StaffRole.admin)
def finalize(slug: str) -> ResponseReturnValue:
    """Finalize the result once the grace period is over."""
    return _acting(
        slug,
        FINALIZE,
        ReasonForm(),
        lambda session, campaign: status_changes.finalize_now(
            session, campaign, actor(), clock.now()
        ),
        "The result is final.",
    )


def _acting(
    slug: str,
    act: StatusChange,
    form: FlaskForm,
    work: Callable[[Session, Campaign], bool],
    done: str,
) -> ResponseReturnValue:
    if not form.is_submitted():
        return _page(slug, act, form)
    try:
        with installation().sessions.begin() as session:
            work(session, find_campaign(session, slug))
    except StateRefused as error:
        return _refused(slug, act, form, {"reason" if act.fields else "": str(error)})
    flash(done)
    return redirect(url_for("campaigns.show", slug=slug), 303)


def _refused(
    slug: str, act: StatusChange, form: FlaskForm, faults: dict[str, str]
) -> ResponseReturnValue:
    put_faults(form, faults)
    return make_response(_page(slug, act, form), 422)


def _page(
    slug: str, act: StatusChange, form: FlaskForm, *, sentence: str = "", told: int = 0
) -> str:
    with installation().sessions() as session:
        campaign = find_campaign(session, slug)
    return render_template(
        "staff/campaigns/status_change.html",
        page_title=act.title,
        act=act,
        form=form,
        campaign=campaign,
        sentence=sentence,
        told=told,
        ending=ending(campaign),
    )
