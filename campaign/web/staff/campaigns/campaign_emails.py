"""The emails of a campaign as its readers would get them now, in each language."""

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from campaign.audit.audit_log import Subject, record
from campaign.campaigns.campaigns import find_campaign
from campaign.campaigns.step_names import step_name
from campaign.core import clock
from campaign.core.errors import NotFound
from campaign.core.i18n import get_language, languages, supported_locale
from campaign.core.task_queue import OUTBOX
from campaign.emails.campaign_tests import queue_test
from campaign.mailer.email_context import Sender
from campaign.mailer.render import RenderedEmail
from campaign.models import Campaign, CampaignStep, StaffRole
from campaign.outreach.campaign_previews import (
    EXTENSION,
    REMINDER,
    THANKS,
    preview_email,
    preview_keys,
)
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, current_staff, needs, staff_blueprint
from campaign.web.staff.system.mail_preview import EMAIL_POLICY, PAGE_POLICY, with_policy

blueprint = staff_blueprint("campaign_emails", "/c/<slug>/emails")

_OTHERS = {
    REMINDER: "Reminder",
    EXTENSION: "New deadline",
    THANKS: "Thanks with the result",
}


@blueprint.get("")
@needs(StaffRole.viewer)
def index(slug: str) -> ResponseReturnValue:
    """List the emails, each with its languages."""
    with installation().sessions() as session:
        campaign = find_campaign(session, slug)
        found = preview_keys(session, campaign)
    return render_template(
        "staff/campaigns/emails.html",
        page_title="Emails",
        campaign=campaign,
        emails=[(key, _name(campaign, key, step), step) for key, step in found],
        languages=[get_language(one) for one in languages()],
    )


@blueprint.get("/<key>")
@needs(StaffRole.viewer)
def email(slug: str, key: str) -> ResponseReturnValue:
    """Show one email: its subject, and its HTML and plain-text bodies in frames."""
    campaign, shown, locale = _rendered(slug, key)
    with installation().sessions() as session:
        step = dict(preview_keys(session, campaign))[key]
    page = render_template(
        "staff/campaigns/email.html",
        page_title=_name(campaign, key, step),
        campaign=campaign,
        key=key,
        email=shown,
        email_locale=locale,
        member=current_staff(),
        languages=[get_language(one) for one in languages()],
    )
    return with_policy(make_response(page), PAGE_POLICY)


@blueprint.get("/<key>.html")
@needs(StaffRole.viewer)
def html(slug: str, key: str) -> ResponseReturnValue:
    """Return the HTML body as it is sent."""
    _, shown, _ = _rendered(slug, key)
    return with_policy(Response(shown.html, mimetype="text/html"), EMAIL_POLICY)


@blueprint.get("/<key>.txt")
@needs(StaffRole.viewer)
def text(slug: str, key: str) -> ResponseReturnValue:
    """Return the plain-text body as it is sent."""
    _, shown, _ = _rendered(slug, key)
    return with_policy(Response(shown.text, mimetype="text/plain"), EMAIL_POLICY)


@blueprint.post("/<key>/test")
@needs(StaffRole.viewer)
def send_test(slug: str, key: str) -> ResponseReturnValue:
    """Send the email to the signed-in member, and to nobody else."""
    here, at = installation(), clock.now()
    locale = supported_locale(request.form.get("locale", "en"))
    with here.sessions.begin() as session:
        campaign = find_campaign(session, slug)
        if key not in dict(preview_keys(session, campaign)):
            raise NotFound("This campaign has no email with this name.")
        member, domain = current_staff(), here.settings.mail_from.domain
        if queue_test(session, member, campaign, key, locale, domain, at):
            subject = Subject("campaign", slug, campaign.id)
            record(session, actor(), "campaign.email_tested", subject, after={"email": key})
    here.notify(OUTBOX)
    flash(f"The test is on its way to {member.email}.")
    return redirect(url_for("campaign_emails.email", slug=slug, key=key, locale=locale), 303)


def _rendered(slug: str, key: str) -> tuple[Campaign, RenderedEmail, str]:
    here, locale = installation(), supported_locale(request.args.get("locale", "en"))
    sender = Sender(here.settings.organization, here.address)
    with here.sessions() as session:
        campaign = find_campaign(session, slug)
        return campaign, preview_email(session, campaign, key, sender, locale, clock.now()), locale


def _name(campaign: Campaign, key: str, step: CampaignStep | None) -> str:
    return step_name(campaign, step) if step else _OTHERS[key]
