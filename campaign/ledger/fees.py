"""Book Stripe's fee for each payment once it appears in Stripe's balance."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from campaign.donations.donation_lookup import find_donation_for_payment, lock_payment
from campaign.ledger.balance_transactions import PaymentTransaction
from campaign.ledger.posting import book_fee, load_entries
from campaign.models import Donation, Heartbeat, InvoicePayment, LedgerEntry, LedgerKind

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
    """Return the transactions of `page` that have an unbooked fee and belong to a booked donation."""
    with_fee = [one for one in page if one.fee]
    booked = set(
        session.scalars(
            select(LedgerEntry.balance_transaction_id).where(
                LedgerEntry.balance_transaction_id.in_([one.id for one in with_fee])
            )
        )
    )
    left = [one for one in with_fee if one.id not in booked]
    names = [one.payment_intent_id for one in left]
    booked_payment = LedgerEntry.kind == LedgerKind.payment.value
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


def book_transaction_fee(session: Session, moved: PaymentTransaction) -> bool:
    """Book a balance transaction's fee once, even if called concurrently; return whether this call booked it.

    Return False also if the payment is not ours or not in the ledger yet.
    """
    lock_payment(session, moved.payment_intent_id)
    donation = find_donation_for_payment(session, moved.payment_intent_id)
    account = load_entries(session, donation) if donation else None
    if account is None or account.has_fee_entry(moved.id):
        return False
    book_fee(account, moved.id, moved.fee, moved.fee_currency, moved.created)
    return account.has_fee_entry(moved.id)


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
            LedgerEntry.id > latest,
            LedgerEntry.recorded_at >= since,
            LedgerEntry.occurred_at < since,
            Donation.payment_intent_id.is_not(None),
            ~known,
        )
        .order_by(LedgerEntry.id)
    )
    return [name for name in session.scalars(query) if name]
