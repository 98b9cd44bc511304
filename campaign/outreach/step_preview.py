"""Preview a step's email with the campaign's current figures and with text that may be unsaved."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from campaign.campaigns import schedule
from campaign.campaigns.extensions import public_extensions
from campaign.campaigns.progress import read_progress
from campaign.core.i18n import get_language
from campaign.mailer.email_context import Sender
from campaign.mailer.kinds import EmailKind
from campaign.mailer.merge_fields import NAME, UNSUBSCRIBE_URL, fill
from campaign.mailer.render import RenderedEmail, render_email
from campaign.models import Campaign, CampaignStep, StepBasis
from campaign.outreach.campaign_email_content import appeal_context, result_context

READER = "Ana Reyes"


def preview_step_email(
    session: Session,
    campaign: Campaign,
    step: CampaignStep,
    sender: Sender,
    locale: str,
    at: datetime,
) -> RenderedEmail:
    """Return the email for a sample recipient, with the figures at `at` and the days left when the step is due."""
    due = max(at, schedule.due_at(campaign, step))
    progress = replace(read_progress(session, campaign, at), as_of=due)
    language = get_language(locale)
    if step.basis == StepBasis.after_end:
        email = render_email(EmailKind.wrap_up, result_context(progress, sender, language))
    else:
        moved = [
            one for one in public_extensions(session, campaign) if one.deadline == campaign.deadline
        ]
        context = appeal_context(progress, step, moved[-1] if moved else None, sender, language)
        email = render_email(EmailKind.appeal, context)
    return fill(email, {NAME: READER, UNSUBSCRIBE_URL: sender.address("/unsubscribe/sample-email")})
