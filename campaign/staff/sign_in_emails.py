"""Emails with sign-in links.

The outbox never stores a link. It is created when the email is rendered, in the sender's transaction, and only the
email contains its secret. A retry of the email contains a new link.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor
from campaign.auth.policies import STAFF_LINK, STAFF_LINK_BY_EMAIL
from campaign.auth.staff import make_staff_link
from campaign.core import clock
from campaign.mailer.email_context import ObsoleteEmail, Sender
from campaign.mailer.kinds import EmailKind
from campaign.mailer.outbox import EmailClaim
from campaign.mailer.queue import NewEmail, queue_email, queued_just_now
from campaign.models import StaffMember
from campaign.models.base import new_token
from campaign.staff.members import find_member


@dataclass(frozen=True)
class SignInEmail:
    """The facts of the email: whom the link signs in, its URL and lifetime, and who invited them ('' if they asked)."""

    email: str
    url: str
    lifetime: timedelta
    invited_by: str = ""


def queue_link(session: Session, email: str, mail_domain: str, at: datetime) -> bool:
    """Queue a link for the active member with this email; returns False if there is none, or one was just queued."""
    member = find_member(session, email)
    if member is None or not member.active:
        return False
    return _queue(session, member, {}, mail_domain, at, STAFF_LINK_BY_EMAIL.lifetime)


def queue_invitation(
    session: Session, member: StaffMember, actor: Actor, mail_domain: str, at: datetime
) -> None:
    """Queue a link for someone whom `actor` invited; it works for a day."""
    _queue(session, member, {"invited_by": actor.name}, mail_domain, at, STAFF_LINK.lifetime)


def _queue(
    session: Session,
    member: StaffMember,
    details: dict[str, str],
    mail_domain: str,
    at: datetime,
    lifetime: timedelta,
) -> bool:
    # The same form sent twice at the same time waits here until the first is saved.
    session.get_one(StaffMember, member.id, populate_existing=True, with_for_update=True)
    if queued_just_now(session, EmailKind.sign_in_link, member.email, details, at):
        return False
    link = NewEmail(
        kind=EmailKind.sign_in_link,
        subject_key=f"{member.id}:{new_token()}",
        recipient=member.email,
        details=details,
        asked_at=at,
        expires_at=at + lifetime,
    )
    return queue_email(session, link, mail_domain)


def build_sign_in_email(
    session: Session, claim: EmailClaim, sender: Sender
) -> dict[str, Any] | ObsoleteEmail:
    """Create the link and return the email's context, or ObsoleteEmail if it is obsolete."""
    at = clock.now()
    member = session.get_one(StaffMember, int(claim.subject_key.partition(":")[0]))
    if not member.active or member.email.lower() != claim.recipient.lower():
        return ObsoleteEmail("the member can no longer sign in")
    if claim.expires_at is not None and claim.expires_at <= at:
        return ObsoleteEmail("the link was requested too long ago")
    invited_by = claim.details.get("invited_by", "")
    kind = STAFF_LINK if invited_by else STAFF_LINK_BY_EMAIL
    path = make_staff_link(session, member, invited_by or "mail", at, kind)
    opening = SignInEmail(member.email, sender.address(path), kind.lifetime, invited_by)
    return sign_in_email_context(opening, claim.locale, sender)


def sign_in_email_context(opening: SignInEmail, locale: str, sender: Sender) -> dict[str, Any]:
    """Return the email's template context."""
    minutes = int(opening.lifetime.total_seconds()) // 60
    return {
        "organization": sender.organization,
        "locale": locale,
        "email": opening.email,
        "link_url": opening.url,
        "hours": minutes // 60,
        "minutes": minutes % 60,
        "invited_by": opening.invited_by,
    }
