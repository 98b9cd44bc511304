"""Book Stripe's fee for each payment once it appears in Stripe's balance, and what a payment was converted to."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from campaign.core.upsert import insert_once
from campaign.donations.donation_lookup import find_donation_for_payment, lock_payment
from campaign.ledger.balance_transactions import PaymentTransaction
from campaign.ledger.posting import book_fee, load_entries
from campaign.models import (
    Conversion,
    Donation,
    Heartbeat,
    InvoicePayment,
    LedgerEntry,
    LedgerKind,
)

JOB = "book-fees"
OVERLAP = timedelta(minutes=15)
"""How far each run overlaps the previous one: a balance transaction may be listed later than its `created` time."""

FIRST_WINDOW = timedelta(days=2)

_SEARCHED_ENTRIES = 50_000
"""How many of the newest ledger entries to search for late payments: more than are booked within the overlap."""


def fees_window_start(session: Session, at: datetime) -> datetime:
    """Return the start of the next run: the last successful run minus the overlap, or two days ago if there is none."""
    succeeded = session.scalar(select(Heartbeat.succeeded_at).where(Heartbeat.job == JOB))
    return succeeded - OVERLAP if succeeded else at - FIRST_WINDOW


def find_unbooked_fees(
    session: Session, page: Sequence[PaymentTransaction]
) -> list[PaymentTransaction]:
    """Return the transactions of `page` with an unbooked fee or conversion that belong to a booked donation."""
    left = _unknown(session, page)
    names = [one.payment_intent_id for one in left]
    # What Stripe kept of a past gift is in the books of then.
    booked_payment = and_(LedgerEntry.kind == LedgerKind.payment.value, ~LedgerEntry.past)
    ours = set(
        session.scalars(
            select(Donation.payment_intent_id)
            .join(LedgerEntry, LedgerEntry.donation_id == Donation.id)
            .where(booked_payment, Donation.payment_intent_id.in_(names))
        )
    )
    # An invoice may be paid in parts, each with a fee of its own.
    ours |= set(
        session.scalars(
            select(InvoicePayment.payment_id)
            .join(Donation, Donation.invoice_id == InvoicePayment.invoice_id)
            .join(LedgerEntry, LedgerEntry.donation_id == Donation.id)
            .where(booked_payment, InvoicePayment.payment_id.in_(names))
        )
    )
    return [one for one in left if one.payment_intent_id in ours]


def _unknown(session: Session, page: Sequence[PaymentTransaction]) -> list[PaymentTransaction]:
    """Return those of which the fee or the conversion is not known yet."""
    booked = _known(session, LedgerEntry, [one.id for one in page if one.fee])
    converted = _known(session, Conversion, [one.id for one in page if one.converted])
    return [
        one
        for one in page
        if (one.fee and one.id not in booked) or (one.converted and one.id not in converted)
    ]


def _known(
    session: Session, table: type[LedgerEntry] | type[Conversion], names: list[str]
) -> set[str | None]:
    """Return which of these balance transactions the table has."""
    if not names:
        return set()
    column = table.balance_transaction_id
    return set(session.scalars(select(column).where(column.in_(names))))


def book_transaction_fee(session: Session, moved: PaymentTransaction) -> bool:
    """Book a balance transaction's fee and conversion once, even if called concurrently.

    Return whether this call booked either; False also if the payment is not ours or not in the ledger yet.
    """
    lock_payment(session, moved.payment_intent_id)
    donation = find_donation_for_payment(session, moved.payment_intent_id)
    account = load_entries(session, donation) if donation else None
    if donation is None or account is None:
        return False
    converted = moved.converted and _record_conversion(session, donation.id, moved)
    if account.has_fee_entry(moved.id):
        return converted
    book_fee(account, moved.id, moved.fee, moved.fee_currency, moved.created)
    return converted or account.has_fee_entry(moved.id)


def _record_conversion(session: Session, donation_id: int, moved: PaymentTransaction) -> bool:
    """Save what the balance got for a payment, refund or dispute in another currency; return whether it is new."""
    fact = {
        "donation_id": donation_id,
        "balance_transaction_id": moved.id,
        "kind": moved.kind,
        "source": moved.source_id,
        "currency": moved.currency,
        "settled_amount": moved.settled_amount,
        "settled_currency": moved.fee_currency,
        "exchange_rate": moved.exchange_rate,
        "fee": moved.fee,
        "converted_at": moved.created,
    }
    return insert_once(session, Conversion, fact, key="balance_transaction_id")


def find_late_payments(session: Session, since: datetime) -> list[str]:
    """Return payments charged before `since` but recorded after it: a run that starts at `since` misses their fees."""
    fee_entry = aliased(LedgerEntry)
    known = exists().where(
        fee_entry.donation_id == LedgerEntry.donation_id,
        or_(fee_entry.kind == LedgerKind.fee.value, fee_entry.balance_transaction_id.is_not(None)),
    )
    latest = select(
        func.coalesce(func.max(LedgerEntry.id), 0) - _SEARCHED_ENTRIES
    ).scalar_subquery()
    query = (
        select(Donation.payment_intent_id)
        .join(LedgerEntry, LedgerEntry.donation_id == Donation.id)
        .where(
            LedgerEntry.kind == LedgerKind.payment.value,
            ~LedgerEntry.past,
            LedgerEntry.id > latest,
            LedgerEntry.recorded_at >= since,
            LedgerEntry.occurred_at < since,
            Donation.payment_intent_id.is_not(None),
            ~known,
        )
        .order_by(LedgerEntry.id)
    )
    return [name for name in session.scalars(query) if name]
