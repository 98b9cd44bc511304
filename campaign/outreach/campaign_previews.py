"""Preview every email of a campaign, with its own texts and today's figures: the steps, and those beside them."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaign.campaigns import schedule
from campaign.campaigns.progress import read_progress
from campaign.core.errors import NotFound
from campaign.core.i18n import Language, get_language
from campaign.mailer.email_context import Sender
from campaign.mailer.kinds import EmailKind
from campaign.mailer.merge_fields import NAME, UNSUBSCRIBE_URL, fill
from campaign.mailer.render import RenderedEmail, render_email
from campaign.models import Campaign, CampaignStep
from campaign.outreach.campaign_email_content import (
    extension_context,
    reminder_context,
    result_context,
)
from campaign.outreach.extension_notices import find_extension
from campaign.outreach.step_preview import READER, preview_step_email

REMINDER = "reminder-email"
EXTENSION = "extension-email"
THANKS = "thank-you-email"
"""The keys of the emails that are no step. A step's key has no hyphen."""


def preview_keys(session: Session, campaign: Campaign) -> list[tuple[str, CampaignStep | None]]:
    """Return the key of each email in the order in which they are due, with its step if it is one."""
    steps = schedule.list_steps(session, campaign.id)
    due = sorted(steps, key=lambda one: (schedule.due_at(campaign, one), one.id))
    extended = [(EXTENSION, None)] if find_extension(session, campaign) else []
    return [*((one.key, one) for one in due), (REMINDER, None), *extended, (THANKS, None)]


def preview_email(
    session: Session, campaign: Campaign, key: str, sender: Sender, locale: str, at: datetime
) -> RenderedEmail:
    """Return the email for a sample recipient, as it would be at `at` or when it is due. Raises NotFound."""
    step = dict(preview_keys(session, campaign)).get(key, key)
    if isinstance(step, CampaignStep):
        return preview_step_email(session, campaign, step, sender, locale, at)
    if step is not None:
        raise NotFound("This campaign has no email with this name.")
    kind, context = _context(session, campaign, key, sender, get_language(locale), at)
    email = render_email(kind, context)
    return fill(email, {NAME: READER, UNSUBSCRIBE_URL: sender.address("/unsubscribe/sample-email")})


def _context(
    session: Session,
    campaign: Campaign,
    key: str,
    sender: Sender,
    language: Language,
    at: datetime,
) -> tuple[EmailKind, dict[str, Any]]:
    progress, extension = read_progress(session, campaign, at), find_extension(session, campaign)
    if key == EXTENSION and extension is not None:
        told = extension.previous_deadline
        return EmailKind.extension, extension_context(progress, extension, told, sender, language)
    if key == REMINDER:
        return EmailKind.reminder, reminder_context(progress, extension, sender, language)
    ended = replace(progress, as_of=max(at, campaign.deadline))
    return EmailKind.thank_you, result_context(ended, sender, language)
