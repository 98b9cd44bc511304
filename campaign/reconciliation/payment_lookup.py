"""Whose payment is it, where only Stripe can say: what to ask, and what follows from the answer.

A refund or dispute may come of a payment whose own event was lost; invoices do not name the payment that paid them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, func, or_, select, union
from sqlalchemy.orm import Session

from campaign.core.booking_context import BookingContext, Outcome
from campaign.core.upsert import latest, upsert_by_rules
from campaign.donations.donation_lookup import find_donation_for_payment, lock_payment
from campaign.gateway import Invoice, InvoicePaymentFact, PaymentFact
from campaign.ledger.payments import apply_intent
from campaign.ledger.settlement import attach_pending_evidence, settle
from campaign.ledger.subscription_donations import first_donation_id
from campaign.models import (
    Charge,
    Dispute,
    Donation,
    DonationState,
    FraudWarning,
    Frequency,
    PaymentLookup,
    Refund,
)

RETRY_AFTER = timedelta(hours=1)
RECENT = timedelta(days=35)
"""For how long a payment is looked for; refunds and disputes of later ones are matched when they come."""

MAX_EVIDENCE_AGE = timedelta(days=180)
"""A refund or dispute of a gift that is not paid, and older than this, waits for a person."""

_MOST = 200
"""How many questions one run asks of each sort."""

_UNPAID = ("requires_payment_method", "canceled")


@dataclass(frozen=True)
class PaymentOwner:
    """What Stripe says of a payment: as it stands, and the invoice that it paid. Empty where Stripe knows no such."""

    payment: PaymentFact | None = None
    invoice: Invoice | None = None

    @property
    def moment(self) -> datetime | None:
        """When the money came: the balance shows it, else the charge."""
        fact = self.payment
        if fact is None:
            return None
        return (fact.balance_transaction or fact.charge or fact.intent).created


def list_unmatched_evidence(session: Session, at: datetime) -> list[str]:
    """Payments of which more was told than the payment itself, and that were not asked about lately.

    Either no donation is known for them, or it is and is not paid: then the event that said so may be lost.
    """
    told = union(
        *(
            select(table.payment_intent_id.label("name"))
            .outerjoin(Donation, Donation.id == table.donation_id)
            .where(
                table.payment_intent_id.is_not(None),
                or_(
                    table.donation_id.is_(None),
                    and_(Donation.paid_at.is_(None), Donation.created_at > at - MAX_EVIDENCE_AGE),
                ),
            )
            for table in (Charge, Refund, Dispute, FraudWarning)
        )
    ).subquery()
    asked = exists().where(
        PaymentLookup.payment_intent_id == told.c.name,
        or_(PaymentLookup.ours.is_(False), PaymentLookup.answered_at > at - RETRY_AFTER),
    )
    query = select(told.c.name).where(~asked).order_by(told.c.name).limit(_MOST)
    return list(session.scalars(query))


def list_invoices_without_payment(session: Session, at: datetime) -> list[str]:
    """Invoices that were paid of late and of which nobody has said by which payment, the latest first."""
    asked = exists().where(
        PaymentLookup.payment_intent_id == Donation.invoice_id,
        PaymentLookup.answered_at > at - RETRY_AFTER,
    )
    query = (
        select(Donation.invoice_id)
        .where(
            Donation.invoice_id.is_not(None),
            Donation.payment_intent_id.is_(None),
            Donation.paid_at > at - RECENT,
            ~asked,
        )
        .order_by(Donation.paid_at.desc())
        .limit(_MOST)
    )
    return [name for name in session.scalars(query) if name]


def list_reversed_renewals(session: Session, at: datetime) -> list[tuple[str, str]]:
    """(charge, payment intent) of monthly and yearly gifts whose debit was taken back: they may be paid otherwise."""
    asked = exists().where(
        PaymentLookup.payment_intent_id == Charge.stripe_id,
        PaymentLookup.answered_at > at - RETRY_AFTER,
    )
    rows = session.execute(
        select(Charge.stripe_id, Charge.payment_intent_id)
        .join(Donation, Donation.id == Charge.donation_id)
        .where(
            Charge.returned_at > at - RECENT,
            Charge.payment_intent_id.is_not(None),
            Donation.frequency != Frequency.one_time.value,
            Donation.returned_at.is_(None),
            Donation.state != DonationState.failed.value,
            ~asked,
        )
        .order_by(Charge.id)
        .limit(_MOST)
    )
    return [(charge, intent) for charge, intent in rows if intent]


def record_lookup(session: Session, name: str, at: datetime, *, ours: bool) -> None:
    """Keep that Stripe answered about `name`: a payment, an invoice without one, or a charge that came back."""
    answer = {"payment_intent_id": name, "ours": ours, "answered_at": at}
    rules = {"ours": latest, "answered_at": latest}
    upsert_by_rules(session, PaymentLookup, answer, rules, key="payment_intent_id")


def find_owner(session: Session, owner: PaymentOwner) -> tuple[int | None, str | None]:
    """(the donation's id, the public id of the gift that it renews, where it is not booked); neither for others'."""
    named = owner.payment.intent.donation_id if owner.payment else None
    invoice = owner.invoice
    if invoice is not None:
        booked = session.scalar(select(Donation.id).where(Donation.invoice_id == invoice.id))
        if booked is not None:
            return booked, None
        named = invoice.donation_id
        if named is None and invoice.subscription_id:
            named = first_donation_id(session, invoice.subscription_id)
    first = session.scalar(select(Donation.id).where(Donation.public_id == (named or "")))
    if first is None or invoice is None or invoice.first:
        return first, None
    return None, named


def invoice_payment_of(owner: PaymentOwner) -> InvoicePaymentFact | None:
    """That the payment paid the invoice, as an event would tell it."""
    if owner.invoice is None or owner.payment is None:
        return None
    return InvoicePaymentFact(owner.invoice.id, owner.payment.intent.id, "paid")


def apply_matched_payment(
    session: Session, fact: PaymentFact, moment: datetime, books: BookingContext
) -> Outcome:
    """Book a payment that names its donation, as far as it came, and then whatever was told of it before."""
    outcome = apply_intent(session, fact.intent, moment, books)
    lock_payment(session, fact.intent.id)
    donation = find_donation_for_payment(session, fact.intent.id, public_id=fact.intent.donation_id)
    if donation is None or donation.payment_intent_id != fact.intent.id:
        return outcome
    adopted = attach_pending_evidence(session, donation, books)
    return adopted if adopted.applied else outcome


def record_reversed_renewal(
    session: Session, charge_id: str, fact: PaymentFact, books: BookingContext
) -> Outcome:
    """A renewal's debit was taken back and nothing else paid its invoice: the gift is over, and the ledger says so."""
    if fact.intent.status not in _UNPAID:
        return Outcome(applied=False, note=f"the payment is {fact.intent.status}")
    lock_payment(session, fact.intent.id)
    donation = find_donation_for_payment(session, fact.intent.id)
    returned_at = session.scalar(
        select(func.min(Charge.returned_at)).where(Charge.stripe_id == charge_id)
    )
    if donation is None or returned_at is None:
        return Outcome(applied=False, note="no payment of ours")
    if donation.returned_at is None:
        donation.returned_at = returned_at
        session.flush()
    return settle(session, donation, books)
