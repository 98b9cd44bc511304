"""Resend a donor's receipt to the current address, or reissue it with a different name."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.core.booking_context import BookingContext
from campaign.core.errors import NotFound, ResendRefused
from campaign.core.input_limits import one_line
from campaign.donations.canonical_donors import canonical_donor
from campaign.donations.donations import lock_donation
from campaign.donors.corrections import LONGEST
from campaign.donors.masking import masked, masked_email
from campaign.mailer import undelivered
from campaign.mailer.kinds import EmailKind
from campaign.models import Donation, Donor, OutboxMessage, Receipt
from campaign.receipts import receipts


def receipt_address(session: Session, donation: Donation) -> str:
    """Return the address for emails about this gift: the canonical donor's, else the gift's own; '' if none."""
    return (
        canonical_donor(session, session.get_one(Donor, donation.donor_id)).email or donation.email
    )


def resend_receipt(
    session: Session, public_id: str, actor: audit_log.Actor, at: datetime, books: BookingContext
) -> OutboxMessage:
    """Queue the valid receipt again, to the donor's current address. Raises NotFound or ResendRefused."""
    donation = _locked(session, public_id)
    receipt = _valid(session, donation)
    address = receipt_address(session, donation)
    if not address:
        raise ResendRefused(
            "the donor has no email address; `campaign print-receipts` prints the receipt"
        )
    message = session.scalar(
        select(OutboxMessage).where(
            OutboxMessage.receipt_id == receipt.id, OutboxMessage.kind == EmailKind.receipt
        )
    )
    if message is None:
        receipts.queue_receipt(session, receipt, address, books.mail_domain)
    else:
        message = undelivered.resend(session, message.id, at)
        message.recipient = address
    session.flush()
    subject = audit_log.Subject("donation", donation.public_id, donation.campaign_id)
    values = {"receipt": receipt.number, "to": masked_email(address)}
    audit_log.record(session, actor, "receipt.resent", subject, after=values)
    return session.scalars(
        select(OutboxMessage).where(
            OutboxMessage.receipt_id == receipt.id, OutboxMessage.kind == EmailKind.receipt
        )
    ).one()


def reissue_receipt(
    session: Session,
    public_id: str,
    name: str,
    actor: audit_log.Actor,
    at: datetime,
    books: BookingContext,
) -> Receipt:
    """Issue a corrected receipt for the same amount, with `name` and the current address. It names the old one.

    Return the valid receipt unchanged if it already has both. Raises NotFound or ResendRefused.
    """
    donation = _locked(session, public_id)
    name = one_line(name, LONGEST["name"])
    latest = _valid(session, donation)
    if latest.amount == 0:
        raise ResendRefused("this gift was fully refunded, and its receipt is void")
    address = receipt_address(session, donation)
    if (latest.frozen.get("donor_name"), latest.frozen.get("donor_email")) == (name, address):
        return latest
    before = str(latest.frozen.get("donor_name", ""))
    donation.name, donation.email = name, address
    session.flush()
    issued = receipts.reissue(session, donation, latest, books, at)
    subject = audit_log.Subject("donation", donation.public_id, donation.campaign_id)
    audit_log.record(
        session,
        actor,
        "receipt.reissued",
        subject,
        before={"receipt": latest.number, "name": masked(before)},
        after={"receipt": issued.number, "name": masked(name)},
    )
    return issued


def _locked(session: Session, public_id: str) -> Donation:
    donation = lock_donation(session, public_id)
    if donation is None:
        raise NotFound(f"There is no donation {public_id!r}.")
    return donation


def _valid(session: Session, donation: Donation) -> Receipt:
    found = session.scalar(
        select(Receipt)
        .where(Receipt.donation_id == donation.id)
        .order_by(Receipt.id.desc())
        .limit(1)
    )
    if found is None:
        raise ResendRefused("this gift has no receipt: nothing was paid")
    return found
