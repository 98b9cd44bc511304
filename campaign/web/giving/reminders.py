"""“Remind me later”: send one email at a time the reader chose, then delete the address."""

from dataclasses import dataclass, field
from datetime import datetime

from flask import Blueprint, Response, make_response, render_template, request, url_for
from sqlalchemy.orm import Session

from campaign.campaigns.campaigns import find_campaign
from campaign.core import clock
from campaign.core.errors import ReminderInvalid
from campaign.core.task_queue import OUTBOX
from campaign.models import Campaign
from campaign.outreach.reminders import (
    confirm_reminder,
    find_by_token,
    is_known,
    queue_confirmation,
    request_reminder,
    require_address,
)
from campaign.web.appeal.page_content import campaign_title
from campaign.web.context import installation
from campaign.web.forms import clean
from campaign.web.giving.reminder_choices import present_reminders, reminder_moment
from campaign.web.headers import make_private, make_private_with_forms
from campaign.web.language import page_language, shared_language, translate_error, use_language
from campaign.web.limits import GIVING, limit_mail, limiter
from campaign.web.origins import refuse_cross_site

blueprint = Blueprint("remind", __name__)


@dataclass
class _ReminderRequest:
    """The submitted fields, their errors, and the reminder's time as text once it is saved."""

    email: str = ""
    when: str = ""
    errors: list[dict[str, str]] = field(default_factory=list)
    moment: str = ""


@blueprint.get("/c/<slug>/remind")
def form(slug: str) -> Response:
    """Show the reminder form."""
    return _page(slug, _ReminderRequest())


@blueprint.post("/c/<slug>/remind")
@limiter.limit(GIVING)
@limit_mail
def ask(slug: str) -> Response:
    """Save the request. The response does not reveal whether the address is known."""
    refuse_cross_site()
    asked = _ReminderRequest(clean(request.form.get("email")), request.form.get("when", ""))
    now = clock.now()
    with installation().sessions.begin() as session:
        campaign = find_campaign(session, slug)
        if not campaign.is_open(now):
            return _page(slug, asked, 409)
        asked.errors = _faults(campaign, asked, now)
        if not asked.errors:
            asked.moment = _save(session, campaign, asked, now)
    installation().notify(OUTBOX)
    return _page(slug, asked, 422 if asked.errors else 200)


def _save(session: Session, campaign: Campaign, asked: _ReminderRequest, at: datetime) -> str:
    """Save the reminder; return its time as text. An address that we do not know is asked first, once a day."""
    known, locale = is_known(session, asked.email), page_language().locale
    kept = request_reminder(session, campaign, asked.email, asked.when, locale, at, confirmed=known)
    if kept.confirmed_at is None:
        settings = installation().settings
        queue_confirmation(session, kept, settings.secret_key, settings.mail_from.domain, at)
    return reminder_moment(campaign, kept.due_at)


@blueprint.get("/remind/<token>")
def confirmation(token: str) -> Response:
    """Show a button: scanners follow links, and must not confirm an address."""
    return _confirmation_page(token, done=False)


@blueprint.post("/remind/<token>")
def confirm(token: str) -> Response:
    """Confirm the address; sending the form again changes nothing."""
    refuse_cross_site()
    with installation().sessions.begin() as session:
        confirm_reminder(session, token, clock.now())
    return _confirmation_page(token, done=True)


def _confirmation_page(token: str, *, done: bool) -> Response:
    with installation().sessions() as session:
        found = find_by_token(session, token)
        campaign = session.get_one(Campaign, found.campaign_id) if found else None
        if found is not None:
            use_language(found.locale)
    page = render_template(
        "public/remind_confirm.html",
        page_title=page_language().gettext("Remind me later"),
        title=campaign_title(campaign) if campaign else "",
        moment=reminder_moment(campaign, found.due_at) if campaign and found else "",
        done=done,
        appeal_url=url_for("public.appeal", slug=campaign.slug)
        if campaign
        else url_for("public.home"),
    )
    return make_private_with_forms(make_response(page, 200 if found else 410))


def _faults(campaign: Campaign, asked: _ReminderRequest, at: datetime) -> list[dict[str, str]]:
    """Return the errors in the order of the form's fields."""
    faults = []
    if asked.when not in {offer.value for offer in present_reminders(campaign, at)}:
        faults.append(
            {
                "field_id": "when",
                "text": page_language().gettext("Choose when we should remind you."),
            }
        )
    try:
        require_address(asked.email)
    except ReminderInvalid as error:
        faults.append({"field_id": "remind_email", "text": translate_error(error)})
    return faults


def _page(slug: str, asked: _ReminderRequest, status: int = 200) -> Response:
    now = clock.now()
    with installation().sessions() as session:
        campaign = find_campaign(session, slug)
        title = campaign_title(campaign)
    page = render_template(
        "public/remind.html",
        page_title=page_language().gettext("Remind me later"),
        title=title,
        is_open=campaign.is_open(now),
        offers=present_reminders(campaign, now),
        asked=asked,
        remind_url=url_for("remind.ask", slug=slug),
        appeal_url=url_for("public.appeal", slug=slug, lang=shared_language()),
    )
    return make_private(make_response(page, status))
