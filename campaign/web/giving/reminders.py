"""“Remind me later”: send one email at a time the reader chose, then delete the address."""

from dataclasses import dataclass, field
from datetime import datetime

from flask import Blueprint, Response, make_response, render_template, request, url_for

from campaign.campaigns.campaigns import find_campaign
from campaign.core import clock
from campaign.core.errors import ReminderInvalid
from campaign.models import Campaign
from campaign.outreach.reminders import request_reminder, require_address
from campaign.web.appeal.page_content import campaign_title
from campaign.web.context import installation
from campaign.web.forms import clean
from campaign.web.giving.reminder_choices import present_reminders, reminder_moment
from campaign.web.headers import make_private
from campaign.web.language import page_language, shared_language, translate_error
from campaign.web.limits import GIVING, limiter
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
            kept = request_reminder(
                session, campaign, asked.email, asked.when, page_language().locale, now
            )
            asked.moment = reminder_moment(campaign, kept.due_at)
    return _page(slug, asked, 422 if asked.errors else 200)


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
