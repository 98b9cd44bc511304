"""Find the donation that a charge, refund or dispute belongs to."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.locks import AdvisoryLock, lock_until_commit
from campaign.donations.donations import lock_donation
from campaign.models import Charge, Donation, InvoicePayment


def lock_payment(session: Session, payment_intent_id: str | None) -> None:
    """Serialize work on one payment until the transaction ends. Call it before any row is locked.

    Otherwise a refund could be stored without a donation while its payment is being booked.
    """
    if payment_intent_id:
        lock_until_commit(session, AdvisoryLock.PAYMENT, payment_intent_id)


def lock_invoice_payment(session: Session, invoice_id: str | None) -> str | None:
    """Return the payment intent of an invoice, or None if it is unknown; locks both as `lock_payment` does."""
    lock_payment(session, invoice_id)
    payment_intent_id = session.scalar(
        select(InvoicePayment.payment_intent_id).where(InvoicePayment.invoice_id == invoice_id)
    )
    lock_payment(session, payment_intent_id)
    return payment_intent_id


def find_donation_for_payment(
    session: Session,
    payment_intent_id: str | None,
    *,
    public_id: str | None = None,
    charge_id: str | None = None,
) -> Donation | None:
    """Find and lock the donation of a payment; None if it is unknown. Call `lock_payment` first.

    `public_id` comes from the charge's metadata. It originates in the session that we created, so it links the payment
    to its donation before the payment itself is reported. Metadata can be copied, so a donation that another payment
    paid does not match.
    """
    found = None
    if payment_intent_id:
        found = session.scalar(
            select(Donation.public_id).where(Donation.payment_intent_id == payment_intent_id)
        )
    if found is None and charge_id:
        found = session.scalar(
            select(Donation.public_id)
            .join(Charge, Charge.donation_id == Donation.id)
            .where(Charge.stripe_id == charge_id)
        )
    donation = lock_donation(session, found or public_id or "")
    if donation is None or payment_intent_id in (None, donation.payment_intent_id):
        return donation
    if donation.payment_intent_id is not None:
        return None
    donation.payment_intent_id = payment_intent_id
    session.flush()
    return donation
