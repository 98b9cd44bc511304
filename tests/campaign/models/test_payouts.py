"""What a payout begins with, and which balance transactions belong to no gift."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select, text

from campaign.models import Payout, PayoutItem
from campaign.models.payouts import OTHER_BALANCE_TRANSACTIONS
from campaign.runtime.context import Installation
from tests.support.raw_sql import insert

MOMENT = datetime(2026, 12, 22, 8, tzinfo=UTC)
PAYOUT: dict[str, Any] = {
    "amount": 2398,
    "currency": "usd",
    "status": "paid",
    "arrival_date": date(2026, 12, 24),
    "created_at": MOMENT,
}


def put_item(installation: Installation, payout: int, name: str, kind: str = "charge") -> int:
    return insert(
        installation, PayoutItem, payout_id=payout, balance_transaction_id=name, kind=kind,
        amount=2500, fee=102, net=2398, currency="usd", created_at=MOMENT,
    )  # fmt: skip


def test_a_payout_that_was_just_heard_of_is_not_read_nor_failed(installation: Installation) -> None:
    number = insert(installation, Payout, stripe_id="po_1", **PAYOUT)
    with installation.sessions() as session:
        found = session.get_one(Payout, number)
    assert (found.itemized, found.items_read_at, found.failed_on) == (False, None, None)


def test_what_lies_between_stripe_and_the_house_is_what_no_gift_moves(
    installation: Installation,
) -> None:
    payout = insert(installation, Payout, stripe_id="po_1", **PAYOUT)
    kinds = (
        "charge", "payment", "refund", "payment_refund", "adjustment", "payment_failure_refund",
        "refund_failure", "payment_reversal", "stripe_fee", "payout_failure", "transfer", "",
    )  # fmt: skip
    for kind in kinds:
        put_item(installation, payout, f"txn_{kind}", kind)
    query = select(PayoutItem.kind).where(text(OTHER_BALANCE_TRANSACTIONS)).order_by(PayoutItem.id)
    with installation.sessions() as session:
        found = session.scalars(query).all()
    assert found == ["stripe_fee", "payout_failure", "transfer", ""]
