"""The emails of the donor page. The outbox never stores a link: the link is created when its email is built.

That happens in the sender's transaction, and the secret is only in the email itself. A retried email contains a new
link.
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
from campaign.core.locks import AdvisoryLock, lock_until_commit
from campaign.core.normal_forms.mailboxes import lookup_form
from campaign.mailer.email_context import ObsoleteEmail, Sender, donor_page_url
from campaign.mailer.kinds import EmailKind
from campaign.mailer.outbox import EmailClaim
from campaign.mailer.queue import NewEmail, queue_email, queued_just_now
from campaign.models import Donor, DonorLinkPurpose, OutboxMessage
from campaign.models.base import new_token


class PortalNote(StrEnum):
    """What a note is about: the email address changed, the donor requested erasure, or the donor was erased."""

    address_changed = "address_changed"
    erasure_asked = "erasure_asked"
    erased = "erased"


@dataclass(frozen=True)
class PortalLinkEmail:
    """The facts in an email with a link."""

    purpose: DonorLinkPurpose
    email: str
    url: str


def queue_link(session: Session, email: str, locale: str, mail_domain: str, at: datetime) -> bool:
    """Queue a request for a link to this address; False if one was just queued.

    Whether a donor has the address is looked up when the email is built. So the web does the same work for every
    address, and its time tells nothing.
    """
    address = lookup_form(email)
    # A concurrent request with the same form waits here until the first one commits.
    lock_until_commit(session, AdvisoryLock.DONOR_EMAIL, address)
    details = {"purpose": DonorLinkPurpose.open.value}
    if queued_just_now(session, EmailKind.donor_portal_link, address, details, at):
        return False
    link = NewEmail(
        kind=EmailKind.donor_portal_link,
        subject_key=new_token(),
        recipient=address,
        locale=locale,
        details=details,
        asked_at=at,
        expires_at=at + DONOR_LINKS[DonorLinkPurpose.open].lifetime,
    )
    return queue_email(session, link, mail_domain)


def queue_confirmation(
    session: Session, donor: Donor, email: str, locale: str, mail_domain: str, at: datetime
) -> bool:
    """Queue a link to `email` that confirms it as the address of `donor`; False if one was just queued."""
    # A concurrent request with the same form waits here until the first one commits.
    session.execute(select(Donor.id).where(Donor.id == donor.id).with_for_update(key_share=True))
    purpose = DonorLinkPurpose.address
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
    """Queue the note `about` to `recipient`; does nothing if the address is empty."""
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
    """Create the link and the context of its email, or return why the email is obsolete."""
    at = clock.now()
    purpose = DonorLinkPurpose(claim.details["purpose"])
    opens = purpose is DonorLinkPurpose.open
    donor = _find_donor(session, claim.recipient) if opens else session.get(Donor, claim.donor_id)
    if donor is None:
        return ObsoleteEmail("no donor has this address")
    if donor.erased_at is not None:
        return ObsoleteEmail("the person was erased")
    if claim.expires_at is not None and claim.expires_at <= at:
        return ObsoleteEmail("the link request has expired")
    path = make_donor_link(session, donor, purpose, "" if opens else claim.recipient, at)
    return link_email_context(
        PortalLinkEmail(purpose, claim.recipient, sender.address(path)), claim.locale, sender
    )


def _find_donor(session: Session, email: str) -> Donor | None:
    return session.scalar(
        select(Donor).where(
            Donor.email != "",
            func.lower(Donor.email) == lookup_form(email),
            Donor.erased_at.is_(None),
        )
    )


def link_email_context(opening: PortalLinkEmail, locale: str, sender: Sender) -> dict[str, Any]:
    """Return the template context of an email with a link."""
    return {
        "organization": sender.organization,
        "locale": get_language(locale).locale,
        "purpose": opening.purpose.value,
        "email": opening.email,
        "link_url": opening.url,
        "minutes": int(DONOR_LINKS[opening.purpose].lifetime.total_seconds()) // 60,
    }


def note_email_context(about: PortalNote, locale: str, sender: Sender) -> dict[str, Any]:
    """Return the template context of a note."""
    return {
        "organization": sender.organization,
        "locale": get_language(locale).locale,
        "about": about.value,
        "page_url": donor_page_url(sender, get_language(locale)),
    }


def build_note_email(session: Session, claim: EmailClaim, sender: Sender) -> dict[str, Any]:  # noqa: ARG001 - one signature for all kinds
    """Return the template context of the claimed note."""
    return note_email_context(PortalNote(claim.details["about"]), claim.locale, sender)


def redact_note(session: Session, claim: EmailClaim) -> None:
    """Redact the recipient of the last email to an erased donor, once it is sent or failed."""
    session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == claim.id)
        .values(recipient="", name="", bounce=None)
        .execution_options(synchronize_session=False)
    )


def is_erasure_note(claim: EmailClaim) -> bool:
    """Whether this is the email that confirms an erasure."""
    return (
        claim.kind == EmailKind.donor_portal_note
        and claim.details.get("about") == PortalNote.erased.value
    )
