"""Store refunds of past gifts that another system lists as rows of their own: Stripe's balance, ActBlue."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.core.booking_context import BookingContext
from campaign.core.csv_lists import RejectedLine
from campaign.core.locks import AdvisoryLock, lock_until_commit
from campaign.donations.donation_lookup import lock_payment
from campaign.ledger.settlement import settle
from campaign.models import Donation, PastGift, Refund, RefundState
from campaign.moving.gift_rows import PastRefundRow
from campaign.moving.past_gifts import GiftPlan, StoredGifts


def store_past_refunds(
    session: Session, rows: Sequence[PastRefundRow], plan: GiftPlan, books: BookingContext
) -> StoredGifts:
    """Store each refund once, as evidence, and bring its gift in line. The caller stored the gifts before."""
    stored = StoredGifts()
    lock_until_commit(session, AdvisoryLock.GIFT_IMPORT)
    for name in sorted({row.payment_intent for row in rows if row.payment_intent}):
        lock_payment(session, name)
    for row in rows:
        _store(session, row, plan, books, stored)
    return stored


def _store(
    session: Session,
    row: PastRefundRow,
    plan: GiftPlan,
    books: BookingContext,
    stored: StoredGifts,
) -> None:
    donation = _find(session, row, plan)
    if donation is None:
        stored.refused.append(RejectedLine(row.line, "a refund of a gift that is not here"))
        return
    is_past = session.scalar(select(PastGift.id).where(PastGift.donation_id == donation.id))
    if is_past is None:
        # It is booked from Stripe, and its refunds are too.
        stored.booked += 1
        return
    if row.currency != donation.currency:
        words = f"a refund in {row.currency.upper()} of a gift in {donation.currency.upper()}"
        stored.refused.append(RejectedLine(row.line, words))
        return
    moment = row.refunded_at
    name = (
        row.refund_id or f"past:{plan.system}:{row.external_id}:{moment:%Y%m%dT%H%M%S}:{row.amount}"
    )
    evidence = {
        "stripe_id": name,
        "donation_id": donation.id,
        "payment_intent_id": donation.payment_intent_id,
        "amount": row.amount,
        "currency": row.currency,
        "state": RefundState.succeeded.value,
        "created_at": moment,
        "ended_at": moment,
    }
    new = session.scalar(
        insert(Refund).values(evidence).on_conflict_do_nothing().returning(Refund.id)
    )
    if new is None:
        stored.known += 1
        return
    settle(session, donation, books, past=True)
    stored.added += 1
    stored.refunded[row.currency] = stored.refunded.get(row.currency, 0) + row.amount


def _find(session: Session, row: PastRefundRow, plan: GiftPlan) -> Donation | None:
    """Return the locked gift that the refund names."""
    names = [
        Donation.payment_intent_id == row.payment_intent if row.payment_intent else None,
        PastGift.charge_id == row.charge if row.charge else None,
        (PastGift.system == plan.system) & (PastGift.external_id == row.external_id),
    ]
    found = session.scalar(
        select(Donation.id)
        .outerjoin(PastGift, PastGift.donation_id == Donation.id)
        .where(or_(*(one for one in names if one is not None)))
        .limit(1)
    )
    return session.get(Donation, found, with_for_update=True) if found else None
