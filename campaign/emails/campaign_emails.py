"""Build the contexts of campaign emails from the rows that a claimed message refers to. Used by `emails.contexts`.

`outreach.eligibility` decides whether a recipient should still get one; this module checks the state of the campaign.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.progress import Progress, read_progress
from campaign.core import clock
from campaign.core.i18n import get_language
from campaign.mailer.email_context import ObsoleteEmail, Sender
from campaign.mailer.outbox import EmailClaim
from campaign.models import Campaign, CampaignState, CampaignStep, Reminder, StepBasis
from campaign.outreach import introductions
from campaign.outreach.campaign_email_content import (
    appeal_context,
    extension_context,
    reminder_confirmation_context,
    reminder_context,
    result_context,
)
from campaign.outreach.extension_notices import TOLD, find_extension


def appeal(session: Session, claim: EmailClaim, sender: Sender) -> dict[str, Any] | ObsoleteEmail:
    """Return the context of a scheduled campaign email, while the campaign is open."""
    progress = _progress(session, claim)
    step = session.get_one(CampaignStep, claim.step_id)
    extension = find_extension(session, progress.campaign)
    language = get_language(claim.locale)
    opening = _opening(session, claim, step)
    return _not_open(progress) or appeal_context(
        progress, step, extension, sender, language, opening
    )


def _opening(session: Session, claim: EmailClaim, step: CampaignStep) -> CampaignStep | None:
    """Return the campaign's opening if another step is the first email of the campaign to this recipient."""
    if step.basis == StepBasis.opening or not introductions.is_first(claim.details):
        return None
    return session.scalar(
        select(CampaignStep).where(
            CampaignStep.campaign_id == claim.campaign_id,
            CampaignStep.basis == StepBasis.opening.value,
        )
    )


def extension(
    session: Session, claim: EmailClaim, sender: Sender
) -> dict[str, Any] | ObsoleteEmail:
    """Return the context of the email about the extension that set the current deadline."""
    progress = _progress(session, claim)
    found = find_extension(session, progress.campaign)
    if found is None:
        return ObsoleteEmail("the deadline has moved again")
    told = datetime.fromisoformat(claim.details[TOLD])
    return _not_open(progress) or extension_context(
        progress, found, told, sender, get_language(claim.locale)
    )


def reminder(session: Session, claim: EmailClaim, sender: Sender) -> dict[str, Any] | ObsoleteEmail:
    """Return the context of a requested reminder, while the campaign is open."""
    progress = _progress(session, claim)
    extension = find_extension(session, progress.campaign)
    return _not_open(progress) or reminder_context(
        progress, extension, sender, get_language(claim.locale)
    )


def reminder_confirmation(
    session: Session, claim: EmailClaim, sender: Sender
) -> dict[str, Any] | ObsoleteEmail:
    """Return the context of the email that asks whether an address is the reader's."""
    found = session.get(Reminder, int(claim.details["reminder"]))
    if found is None or found.confirmed_at is not None:
        return ObsoleteEmail("the reminder is confirmed or over")
    campaign = session.get_one(Campaign, found.campaign_id)
    return reminder_confirmation_context(
        campaign, sender.address(f"/remind/{found.token}"), sender, get_language(claim.locale)
    )


def wrap_up(session: Session, claim: EmailClaim, sender: Sender) -> dict[str, Any] | ObsoleteEmail:
    """Return the context of the result email for recipients who did not give."""
    progress = _progress(session, claim)
    return _not_over(progress) or result_context(progress, sender, get_language(claim.locale))


def thank_you(
    session: Session, claim: EmailClaim, sender: Sender
) -> dict[str, Any] | ObsoleteEmail:
    """Return the context of the result email for donors."""
    progress = _progress(session, claim)
    return _not_over(progress) or result_context(progress, sender, get_language(claim.locale))


def _progress(session: Session, claim: EmailClaim) -> Progress:
    campaign = session.get_one(Campaign, claim.campaign_id)
    return read_progress(session, campaign, clock.now())


def _not_open(progress: Progress) -> ObsoleteEmail | None:
    if progress.state == CampaignState.open:
        return None
    upcoming = progress.state == CampaignState.upcoming
    return ObsoleteEmail("the campaign has not started" if upcoming else "the campaign has ended")


def _not_over(progress: Progress) -> ObsoleteEmail | None:
    over = progress.state in {CampaignState.closed, CampaignState.final}
    return None if over else ObsoleteEmail("the campaign has not ended")
