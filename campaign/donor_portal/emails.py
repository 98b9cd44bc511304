"""The letters of the donor's own page. The outbox never holds a link: it is made when its letter is written.

That is in the sending edge's transaction, and its secret stands in the letter alone. A letter that is tried again has
a new link in it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaign.auth.donors import make_donor_link
from campaign.auth.policies import DONOR_LINKS
from campaign.core import clock
from campaign.core.i18n import get_language
from campaign.mailer.email_context import ObsoleteEmail, Sender, donor_page_url
from campaign.mailer.kinds import EmailKind
from campaign.mailer.outbox import EmailClaim
from campaign.mailer.queue import NewEmail, queue_email, queued_just_now
from campaign.models import Donor, DonorLinkPurpose, OutboxMessage
from campaign.models.base import new_token


class PortalNote(StrEnum):
    """What a note tells: letters go elsewhere now; that they asked to be removed; that they were."""

    address_changed = "address_changed"
    erasure_asked = "erasure_asked"
    erased = "erased"


@dataclass(frozen=True)
class PortalLinkEmail:
    """What the letter with a link tells."""

    purpose: DonorLinkPurpose
    email: str
    url: str


def queue_link(session: Session, email: str, locale: str, mail_domain: str, at: datetime) -> bool:
    """Queue a link to the donor who has this address; False if nobody has, or one was queued just now."""
    donor = session.scalar(
        select(Donor).where(
            Donor.email != "", func.lower(Donor.email) == email.lower(), Donor.erased_at.is_(None)
        )
    )
    if donor is None:
        return False
    return _queue_link(session, donor, DonorLinkPurpose.open, donor.email, locale, mail_domain, at)


def queue_confirmation(
    session: Session, donor: Donor, email: str, locale: str, mail_domain: str, at: datetime
) -> bool:
    """Queue a link to `email`, which confirms that the letters of `donor` shall go there; False if just now one was."""
    return _queue_link(session, donor, DonorLinkPurpose.address, email, locale, mail_domain, at)


def _queue_link(
    session: Session,
    donor: Donor,
    purpose: DonorLinkPurpose,
    email: str,
    locale: str,
    mail_domain: str,
    at: datetime,
) -> bool:
    # Whoever sends the same form at once waits here for the first to be kept.
    session.execute(select(Donor.id).where(Donor.id == donor.id).with_for_update(key_share=True))
    details = {"purpose": purpose.value}
    if queued_just_now(session, EmailKind.donor_portal_link, email, details, at, donor_id=donor.id):
        return False
    link = NewEmail(
        kind=EmailKind.donor_portal_link,
        subject_key=f"{donor.id}:{new_token()}",
        recipient=email,
        locale=locale,
        donor_id=donor.id,
        details=details,
        asked_at=at,
        expires_at=at + DONOR_LINKS[purpose].lifetime,
    )
    return queue_email(session, link, mail_domain)


def queue_note(
    session: Session,
    donor: Donor,
    about: PortalNote,
    recipient: str,
    mail_domain: str,
    at: datetime,
) -> None:
    """Queue what `about` tells; nothing where there is no address."""
    if not recipient:
        return
    note_email = NewEmail(
        kind=EmailKind.donor_portal_note,
        subject_key=f"{donor.id}:{new_token()}",
        recipient=recipient,
        locale=donor.locale,
        donor_id=donor.id,
        details={"about": about.value},
        asked_at=at,
    )
    queue_email(session, note_email, mail_domain)


def build_link_email(
    session: Session, claim: EmailClaim, sender: Sender
) -> dict[str, Any] | ObsoleteEmail:
    """Make the link, and the letter around it."""
    at = clock.now()
    purpose = DonorLinkPurpose(claim.details["purpose"])
    donor = session.get_one(Donor, claim.donor_id)
    opens = purpose is DonorLinkPurpose.open
    if donor.erased_at is not None:
        return ObsoleteEmail("the person was erased")
    if opens and donor.email.lower() != claim.recipient.lower():
        return ObsoleteEmail("the donor has another address now")
    if claim.expires_at is not None and claim.expires_at <= at:
        return ObsoleteEmail("the link was asked for too long ago")
    path = make_donor_link(session, donor, purpose, "" if opens else claim.recipient, at)
    return link_email_context(
        PortalLinkEmail(purpose, claim.recipient, sender.address(path)), claim.locale, sender
    )


def link_email_context(opening: PortalLinkEmail, locale: str, sender: Sender) -> dict[str, Any]:
    """The words of the letter with a link."""
    return {
        "organization": sender.organization,
        "locale": get_language(locale).locale,
        "purpose": opening.purpose.value,
        "email": opening.email,
        "link_url": opening.url,
        "minutes": int(DONOR_LINKS[opening.purpose].lifetime.total_seconds()) // 60,
    }


def note_email_context(about: PortalNote, locale: str, sender: Sender) -> dict[str, Any]:
    """The words of a note."""
    return {
        "organization": sender.organization,
        "locale": get_language(locale).locale,
        "about": about.value,
        "page_url": donor_page_url(sender, get_language(locale)),
    }


def build_note_email(session: Session, claim: EmailClaim, sender: Sender) -> dict[str, Any]:  # noqa: ARG001 - one signature for all kinds
    """The note that was claimed."""
    return note_email_context(PortalNote(claim.details["about"]), claim.locale, sender)


def redact_note(session: Session, claim: EmailClaim) -> None:
    """The last letter to a person who was erased is over: nothing keeps where it went."""
    session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == claim.id)
        .values(recipient="", name="", bounce=None)
        .execution_options(synchronize_session=False)
    )


def is_erasure_note(claim: EmailClaim) -> bool:
    """Whether it is the letter that tells of an erasure."""
    return (
        claim.kind == EmailKind.donor_portal_note
        and claim.details.get("about") == PortalNote.erased.value
    )
