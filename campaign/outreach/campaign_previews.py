"""Preview every email of a campaign, with its own texts and today's figures: the steps, the reminder and the thanks."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from campaign.campaigns import schedule
from campaign.campaigns.extensions import public_extensions
from campaign.campaigns.progress import read_progress
from campaign.core.errors import NotFound
from campaign.core.i18n import get_language
from campaign.mailer.email_context import Sender
from campaign.mailer.kinds import EmailKind
from campaign.mailer.merge_fields import NAME, UNSUBSCRIBE_URL, fill
from campaign.mailer.render import RenderedEmail, render_email
from campaign.models import Campaign, CampaignStep
from campaign.outreach.campaign_email_content import reminder_context, result_context
from campaign.outreach.step_preview import READER, preview_step_email

REMINDER = "reminder-email"
THANKS = "thank-you-email"
"""The keys of the emails that are no step. A step's key has no hyphen."""


def preview_keys(session: Session, campaign: Campaign) -> list[tuple[str, CampaignStep | None]]:
    """Return the key of each email in the order in which they are due, with its step if it is one."""
    steps = schedule.list_steps(session, campaign.id)
    due = sorted(steps, key=lambda one: (schedule.due_at(campaign, one), one.id))
    return [*((one.key, one) for one in due), (REMINDER, None), (THANKS, None)]


def preview_email(
    session: Session, campaign: Campaign, key: str, sender: Sender, locale: str, at: datetime
) -> RenderedEmail:
    """Return the email for a sample recipient, as it would be at `at` or when it is due. Raises NotFound."""
    step = dict(preview_keys(session, campaign)).get(key, key)
    if isinstance(step, CampaignStep):
        return preview_step_email(session, campaign, step, sender, locale, at)
    if step is not None:
        raise NotFound("This campaign has no email with this name.")
    language = get_language(locale)
    progress = read_progress(session, campaign, at)
    if key == REMINDER:
        moved = [
            one for one in public_extensions(session, campaign) if one.deadline == campaign.deadline
        ]
        context = reminder_context(progress, moved[-1] if moved else None, sender, language)
        email = render_email(EmailKind.reminder, context)
    else:
        ended = replace(progress, as_of=max(at, campaign.deadline))
        email = render_email(EmailKind.thank_you, result_context(ended, sender, language))
    return fill(email, {NAME: READER, UNSUBSCRIBE_URL: sender.address("/unsubscribe/sample-email")})
