"""What Stripe kept of each payment, booked once its balance shows it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from campaign.donations.donation_lookup import find_donation_for_payment, lock_payment
from campaign.ledger.balance_transactions import PaymentTransaction
from campaign.ledger.posting import book_fee, load_entries
from campaign.models import Donation, Heartbeat, LedgerEntry, LedgerKind

JOB = "book-fees"
OVERLAP = timedelta(minutes=15)
"""How much of the last look is looked at again: a movement may show up in the list later than it says it was made."""

FIRST_WINDOW = timedelta(days=2)

_LATEST = 50_000
"""How many of the ledger's last entries are searched for what came late: more than are booked within the overlap."""


def fees_window_start(session: Session, at: datetime) -> datetime:
    """From when on the balance must be looked at: since the last look that ended well, or two days."""
    succeeded = session.scalar(select(Heartbeat.succeeded_at).where(Heartbeat.job == JOB))
    return succeeded - OVERLAP if succeeded else at - FIRST_WINDOW


def find_unbooked_fees(
    session: Session, page: Sequence[PaymentTransaction]
) -> list[PaymentTransaction]:
    """Those of `page` that cost a fee, belong to a donation that is booked, and whose fee is not."""
    costly = [one for one in page if one.fee]
    booked = set(
        session.scalars(
            select(LedgerEntry.balance_transaction_id).where(
                LedgerEntry.balance_transaction_id.in_([one.id for one in costly])
            )
        )
    )
    left = [one for one in costly if one.id not in booked]
    ours = set(
        session.scalars(
            select(Donation.payment_intent_id)
            .join(LedgerEntry, LedgerEntry.donation_id == Donation.id)
            .where(
                LedgerEntry.kind == LedgerKind.payment.value,
                Donation.payment_intent_id.in_([one.payment_intent_id for one in left]),
            )
        )
    )
    return [one for one in left if one.payment_intent_id in ours]


def book_transaction_fee(session: Session, moved: PaymentTransaction) -> bool:
    """Book the fee of a movement, once, however many do it at a time; whether it was booked now.

    False as well where its payment is not ours or not in the ledger yet.
    """
    lock_payment(session, moved.payment_intent_id)
    donation = find_donation_for_payment(session, moved.payment_intent_id)
    account = load_entries(session, donation) if donation else None
    if account is None or account.has_fee_entry(moved.id):
        return False
    book_fee(account, moved.id, moved.fee, moved.fee_currency, moved.created)
    return account.has_fee_entry(moved.id)


def find_late_payments(session: Session, since: datetime) -> list[str]:
    """Payments charged before `since` and heard of only after: a look at the balance since then misses their fees."""
    costs = aliased(LedgerEntry)
    known = exists().where(
        costs.donation_id == LedgerEntry.donation_id,
        or_(costs.kind == LedgerKind.fee.value, costs.balance_transaction_id.is_not(None)),
    )
    latest = select(func.coalesce(func.max(LedgerEntry.id), 0) - _LATEST).scalar_subquery()
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
