"""Find the donation that a charge, refund or dispute belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, or_, select, union
from sqlalchemy.orm import Session

from campaign.core.locks import AdvisoryLock, lock_until_commit
from campaign.donations.donations import lock_donation
from campaign.models import Charge, Donation, InvoicePayment, PastGift


def lock_payment(session: Session, payment_intent_id: str | None) -> None:
    """Serialize work on one payment until the transaction ends. Call it before any row is locked.

    Otherwise a refund could be stored without a donation while its payment is being booked.
    """
    if payment_intent_id:
        lock_until_commit(session, AdvisoryLock.PAYMENT, payment_intent_id)


@dataclass(frozen=True)
class InvoicePayers:
    """What is known of the payments of one invoice. `outside`: minor units that did not come through Stripe."""

    payment_intent_ids: Sequence[str] = ()
    outside: int = 0

    def of(self, donation: Donation | None) -> str | None:
        """Return the payment intent that stands for the invoice: the one the donation has, else the first."""
        if donation is not None and donation.payment_intent_id in self.payment_intent_ids:
            return donation.payment_intent_id
        return next(iter(self.payment_intent_ids), None)

    def all_outside(self, total: int) -> bool:
        """Return whether all of `total`, in minor units, was paid outside Stripe."""
        return not self.payment_intent_ids and self.outside >= total > 0


def lock_invoice_payments(session: Session, invoice_id: str | None) -> InvoicePayers:
    """Return the known payments of an invoice; locks it and them as `lock_payment` does. Without an invoice: none."""
    if invoice_id is None:
        return InvoicePayers()
    lock_payment(session, invoice_id)
    payers = find_invoice_payers(session, invoice_id)
    for payment_intent_id in sorted(payers.payment_intent_ids):
        lock_payment(session, payment_intent_id)
    return payers


def find_invoice_payers(session: Session, invoice_id: str | None) -> InvoicePayers:
    """Return the known payments of an invoice, in the order in which they became known."""
    rows = session.scalars(
        select(InvoicePayment)
        .where(InvoicePayment.invoice_id == invoice_id)
        .order_by(InvoicePayment.recorded_at, InvoicePayment.payment_id)
    ).all()
    return InvoicePayers(
        [one.payment_id for one in rows if not _is_outside(one)],
        sum(one.amount or 0 for one in rows if _is_outside(one)),
    )


def _is_outside(payment: InvoicePayment) -> bool:
    return payment.payment_id.startswith("pr_")


def payments_of(donation: Donation) -> Select[str]:
    """Return a query for the ids of a donation's payments: its own, and the others that paid its invoice."""
    own = select(Donation.payment_intent_id).where(Donation.id == donation.id)
    parts = select(InvoicePayment.payment_id).where(
        InvoicePayment.invoice_id == donation.invoice_id
    )
    return select(union(own, parts).subquery().c[0])


def _paid_by(session: Session, payment_intent_id: str) -> str | None:
    """Return the public id of the donation that this payment paid, or a part of whose invoice it paid."""
    own = session.scalar(
        select(Donation.public_id).where(Donation.payment_intent_id == payment_intent_id)
    )
    if own is not None:
        return own
    return session.scalar(
        select(Donation.public_id)
        .join(InvoicePayment, InvoicePayment.invoice_id == Donation.invoice_id)
        .where(InvoicePayment.payment_id == payment_intent_id)
    )


def _charged_by(session: Session, charge_id: str) -> str | None:
    """Return the public id of the donation with this charge. Another system's file may name no more than that."""
    known = (
        select(one.donation_id).where(column == charge_id)
        for one, column in ((Charge, Charge.stripe_id), (PastGift, PastGift.charge_id))
    )
    return session.scalar(
        select(Donation.public_id).where(or_(*(Donation.id.in_(each) for each in known)))
    )


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
    paid = _paid_by(session, payment_intent_id) if payment_intent_id else None
    if paid is not None:
        return lock_donation(session, paid)
    found = _charged_by(session, charge_id) if charge_id else None
    donation = lock_donation(session, found or public_id or "")
    if donation is None or payment_intent_id in (None, donation.payment_intent_id):
        return donation
    if donation.payment_intent_id is not None:
        return None
    donation.payment_intent_id = payment_intent_id
    session.flush()
    return donation
