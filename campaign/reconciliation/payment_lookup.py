"""Find the donation of a payment that only Stripe can identify: what to look up, and how to apply the answer.

The event of a refunded or disputed payment may have been lost, and invoices do not name the payment that paid them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, union, update
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
    OfflineGift,
    PaymentLookup,
    Refund,
)

RETRY_AFTER = timedelta(hours=1)
RECENT = timedelta(days=35)
"""How long to look for a payment. Later refunds and disputes are matched when they arrive."""

MAX_EVIDENCE_AGE = timedelta(days=180)
"""Evidence of an unpaid donation older than this is not looked up again; staff must review it."""

_MOST = 200
"""The most lookups of each kind in one run."""

_UNPAID = ("requires_payment_method", "canceled")


@dataclass(frozen=True)
class PaymentOwner:
    """Stripe's current data about a payment and the invoice it paid; empty if Stripe has no such payment."""

    payment: PaymentFact | None = None
    invoice: Invoice | None = None

    @property
    def moment(self) -> datetime | None:
        """When the money arrived: from the balance transaction, else the charge, else the intent."""
        fact = self.payment
        if fact is None:
            return None
        return (fact.balance_transaction or fact.charge or fact.intent).created


def list_unmatched_evidence(session: Session, at: datetime) -> list[str]:
    """Return payments that have evidence but no donation, or an unpaid one, and were not looked up recently.

    If the donation is unpaid, the event of the payment may have been lost. Evidence about a charge that has no payment
    intent is looked up by the charge.
    """
    evidence = union(
        *(
            select(func.coalesce(table.payment_intent_id, _charge_of(table)).label("name"))
            .outerjoin(Donation, Donation.id == table.donation_id)
            .where(
                func.coalesce(table.payment_intent_id, _charge_of(table)).is_not(None),
                or_(
                    table.donation_id.is_(None),
                    and_(Donation.paid_at.is_(None), Donation.created_at > at - MAX_EVIDENCE_AGE),
                ),
            )
            for table in (Charge, Refund, Dispute, FraudWarning)
        )
    ).subquery()
    asked = exists().where(
        PaymentLookup.payment_intent_id == evidence.c.name,
        or_(PaymentLookup.ours.is_(False), PaymentLookup.answered_at > at - RETRY_AFTER),
    )
    query = select(evidence.c.name).where(~asked).order_by(evidence.c.name).limit(_MOST)
    return list(session.scalars(query))


_Evidence = type[Charge] | type[Refund] | type[Dispute] | type[FraudWarning]


def _charge_of(table: _Evidence) -> ColumnElement[str | None]:
    return cast("ColumnElement[str | None]", getattr(table, "charge_id", Charge.stripe_id))


def name_payment(session: Session, charge_id: str, payment_intent_id: str) -> None:
    """Save which payment a charge belongs to with the evidence that names the charge only."""
    for table in (Charge, Refund, Dispute, FraudWarning):
        session.execute(
            update(table)
            .where(_charge_of(table) == charge_id, table.payment_intent_id.is_(None))
            .values(payment_intent_id=payment_intent_id)
            .execution_options(synchronize_session=False)
        )


def list_invoices_without_payment(session: Session, at: datetime) -> list[str]:
    """Return recently paid invoices whose payment is unknown, newest first."""
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
            ~exists().where(OfflineGift.donation_id == Donation.id),
            ~asked,
        )
        .order_by(Donation.paid_at.desc())
        .limit(_MOST)
    )
    return [name for name in session.scalars(query) if name]


def list_reversed_renewals(session: Session, at: datetime) -> list[tuple[str, str]]:
    """Return (charge, payment intent) of renewals whose debit was reversed; another payment may have replaced it."""
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
    """Record a lookup of `name`: a payment, an invoice without a known payment, or a reversed charge."""
    answer = {"payment_intent_id": name, "ours": ours, "answered_at": at}
    rules = {"ours": latest, "answered_at": latest}
    upsert_by_rules(session, PaymentLookup, answer, rules, key="payment_intent_id")


def find_owner(session: Session, owner: PaymentOwner) -> tuple[int | None, str | None]:
    """Return (donation id, None); for an unbooked renewal (None, first donation's public id); else (None, None)."""
    named = owner.payment.intent.donation_id if owner.payment else None
    invoice = owner.invoice
    if invoice is not None:
        booked = session.scalar(select(Donation.id).where(Donation.invoice_id == invoice.id))
        if booked is not None:
            return booked, None
        named = invoice.donation_id
        if invoice.subscription_id:
            named = first_donation_id(session, invoice.subscription_id) or named
    first = session.scalar(select(Donation.id).where(Donation.public_id == (named or "")))
    if first is None or invoice is None or invoice.first:
        return first, None
    return None, named


def invoice_payment_of(owner: PaymentOwner) -> InvoicePaymentFact | None:
    """Return the fact that the payment paid the invoice, as an event would report it."""
    if owner.invoice is None or owner.payment is None:
        return None
    return InvoicePaymentFact(owner.invoice.id, owner.payment.intent.id, "paid")


def apply_matched_payment(
    session: Session, fact: PaymentFact, moment: datetime, books: BookingContext
) -> Outcome:
    """Apply the current state of a payment that names its donation, then the evidence that arrived before it."""
    outcome = apply_intent(session, fact.intent, moment, books)
    lock_payment(session, fact.intent.id)
    donation = find_donation_for_payment(session, fact.intent.id, public_id=fact.intent.donation_id)
    if donation is None or donation.payment_intent_id != fact.intent.id:
        return outcome
    settled = attach_pending_evidence(session, donation, books)
    return settled if settled.applied else outcome


def record_reversed_renewal(
    session: Session, charge_id: str, fact: PaymentFact, books: BookingContext
) -> Outcome:
    """Record that a renewal's debit was reversed and no other payment paid its invoice, and settle the donation."""
    if fact.intent.status not in _UNPAID:
        return Outcome(applied=False, note=f"the payment is {fact.intent.status}")
    lock_payment(session, fact.intent.id)
    donation = find_donation_for_payment(session, fact.intent.id)
    returned_at = session.scalar(
        select(func.min(Charge.returned_at)).where(Charge.stripe_id == charge_id)
    )
    if donation is None or returned_at is None:
        return Outcome(applied=False, note="not our payment")
    if donation.returned_at is None:
        donation.returned_at = returned_at
        session.flush()
    return settle(session, donation, books)
