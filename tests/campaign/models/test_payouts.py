"""Payouts and runs of the reconciliation, as their tables keep them. Raw."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from campaign.models import Payout, PayoutItem, ReconciliationRun
from campaign.models.payouts import OTHER_BALANCE_TRANSACTIONS
from campaign.runtime.context import Installation
from tests.support.raw_sql import insert, refusals

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


def test_a_payout_and_each_of_its_items_are_known_once(installation: Installation) -> None:
    one = insert(installation, Payout, stripe_id="po_1", **PAYOUT)
    other = insert(installation, Payout, stripe_id="po_2", **PAYOUT)
    with pytest.raises(IntegrityError, match="uq_payout_stripe_id"):
        insert(installation, Payout, stripe_id="po_1", **PAYOUT)
    put_item(installation, one, "txn_1")
    with pytest.raises(IntegrityError, match="uq_payout_item_balance_transaction_id"):
        put_item(installation, other, "txn_1")


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


def test_a_run_counts_from_nothing(installation: Installation) -> None:
    number = insert(installation, ReconciliationRun, started_at=MOMENT, requested_by="schedule")
    with installation.sessions() as session:
        found = session.get_one(ReconciliationRun, number)
    assert (found.discrepancy_count, found.repaired, found.discrepancies) == (0, 0, [])
    assert (found.applied, found.ended_at, found.error) == (False, None, None)
    rules = {"discrepancy_count = -1": "ck_reconciliation_run_counts", "repaired = 1": ""}
    rules |= {"repaired = -1": "ck_reconciliation_run_counts"}
    assert refusals(installation, "reconciliation_run", rules) == rules
