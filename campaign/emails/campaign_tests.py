"""Send an email of a campaign as a test, only to the member of staff who asks for it.

It is a preview that arrives: with a sample reader's name, an unsubscribe link that leads nowhere, and a subject that
says that it is a test. No reader gets one, and nothing counts it as sent.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from campaign.campaigns.campaigns import find_campaign
from campaign.core import clock
from campaign.core.errors import NotFound
from campaign.mailer.email_context import ObsoleteEmail, Sender
from campaign.mailer.kinds import EmailKind
from campaign.mailer.outbox import EmailClaim
from campaign.mailer.queue import NewEmail, queue_email, queued_just_now
from campaign.models import Campaign, StaffMember
from campaign.models.base import new_token
from campaign.outreach.campaign_previews import preview_email

EXPIRES_AFTER = timedelta(hours=1)
"""A test that could not be sent by then is of no use."""


def queue_test(
    session: Session,
    member: StaffMember,
    campaign: Campaign,
    key: str,
    locale: str,
    mail_domain: str,
    at: datetime,
) -> bool:
    """Queue the campaign's email `key` to `member`; return False if the same was queued just now."""
    # The same form sent twice at the same time waits here until the first is saved.
    session.get_one(StaffMember, member.id, populate_existing=True, with_for_update=True)
    details = {"campaign": campaign.slug, "email": key, "locale": locale}
    if queued_just_now(session, EmailKind.campaign_test, member.email, details, at):
        return False
    test = NewEmail(
        kind=EmailKind.campaign_test,
        subject_key=f"{member.id}:{new_token()}",
        recipient=member.email,
        locale=locale,
        details=details,
        asked_at=at,
        expires_at=at + EXPIRES_AFTER,
    )
    return queue_email(session, test, mail_domain)


def campaign_test(
    session: Session, claim: EmailClaim, sender: Sender
) -> dict[str, Any] | ObsoleteEmail:
    """Return the context of a test: the email that it shows, already written."""
    campaign = find_campaign(session, claim.details["campaign"])
    try:
        shown = preview_email(
            session, campaign, claim.details["email"], sender, claim.locale, clock.now()
        )
    except NotFound:
        return ObsoleteEmail("the step was removed meanwhile")
    return {
        "locale": claim.locale,
        "subject": shown.subject,
        "text": shown.text,
        "html": shown.html,
    }
