"""Sign-in links by mail. The outbox never holds one: it is made when its letter is written, in the sending edge's
transaction, and its secret stands in the letter alone. A letter that is tried again has a new link in it."""

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
    """What the letter tells: whom its link signs in, where, for how long, and who invited them ('' if they asked)."""

    email: str
    url: str
    lifetime: timedelta
    invited_by: str = ""


def queue_link(session: Session, email: str, mail_domain: str, at: datetime) -> bool:
    """Queue a link to who of the active team has this address; False if nobody has, or one was queued just now."""
    member = find_member(session, email)
    if member is None or not member.active:
        return False
    return _queue(session, member, {}, mail_domain, at, STAFF_LINK_BY_EMAIL.lifetime)


def queue_invitation(
    session: Session, member: StaffMember, actor: Actor, mail_domain: str, at: datetime
) -> None:
    """Queue a link to someone whom `actor` has let in; it works for a day."""
    _queue(session, member, {"invited_by": actor.name}, mail_domain, at, STAFF_LINK.lifetime)


def _queue(
    session: Session,
    member: StaffMember,
    details: dict[str, str],
    mail_domain: str,
    at: datetime,
    lifetime: timedelta,
) -> bool:
    # Whoever sends the same form at once waits here for the first to be kept.
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
    """Make the link, and the letter around it."""
    at = clock.now()
    member = session.get_one(StaffMember, int(claim.subject_key.partition(":")[0]))
    if not member.active or member.email.lower() != claim.recipient.lower():
        return ObsoleteEmail("the member may not sign in any more")
    if claim.expires_at is not None and claim.expires_at <= at:
        return ObsoleteEmail("the link was asked for too long ago")
    invited_by = claim.details.get("invited_by", "")
    kind = STAFF_LINK if invited_by else STAFF_LINK_BY_EMAIL
    path = make_staff_link(session, member, invited_by or "mail", at, kind)
    opening = SignInEmail(member.email, sender.address(path), kind.lifetime, invited_by)
    return sign_in_email_context(opening, claim.locale, sender)


def sign_in_email_context(opening: SignInEmail, locale: str, sender: Sender) -> dict[str, Any]:
    """The letter's words."""
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
