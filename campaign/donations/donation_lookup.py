"""Whose payment is it? Finds the donation of a charge, refund or dispute, or says that it is not known yet."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.locks import AdvisoryLock, lock_until_commit
from campaign.donations.donations import lock_donation
from campaign.models import Charge, Donation, InvoicePayment


def lock_payment(session: Session, payment_intent_id: str | None) -> None:
    """Let facts of one payment follow one another until the transaction ends; taken before any row is locked.

    Otherwise a refund could be stored as nobody's in the very moment in which its payment is booked.
    """
    if payment_intent_id:
        lock_until_commit(session, AdvisoryLock.PAYMENT, payment_intent_id)


def lock_invoice_payment(session: Session, invoice_id: str | None) -> str | None:
    """The payment intent of an invoice, where it was told before; both are locked as by `lock_payment`."""
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
    """The donation of a payment, locked; None while it is not known. Call `lock_payment` first.

    `public_id` is what the charge's metadata say: it comes from the session that we asked for, and so ties the payment
    to its donation before the payment itself was told. Metadata can be copied: a donation that is known to be paid by
    another payment is not this one's.
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
