"""Facts that the ledger lacks are applied from Stripe's own objects, once."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.ledger.balance_transactions import map_balance_transaction
from campaign.reconciliation.balance_transactions import (
    add_transactions,
    create_table,
    drop_table,
    match_transactions,
)
from campaign.reconciliation.candidates import load_comparison
from campaign.reconciliation.comparison import PaymentComparison
from campaign.reconciliation.repair import repair
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.reconciliation import Bank


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def case_of(bank: Bank) -> PaymentComparison:
    """Load both sides of the only donation."""
    since = now() - timedelta(days=35)
    with bank.installation.engine.connect() as connection, Session(connection) as session:
        create_table(session)
        moved = map(
            map_balance_transaction,
            bank.installation.gateway.payments.list_balance_transactions(since),
        )
        add_transactions(session, [one for one in moved if one is not None])
        match_transactions(session)
        case = load_comparison(session, bank.donation().id, since)
        session.expunge_all()
        drop_table(session)
        session.commit()
        return case


def repaired(bank: Bank) -> list[tuple[str, int, int]]:
    """Repair twice; return the entries, which agree with Stripe and with the invariants."""
    repair(bank.installation, case_of(bank))
    entries = bank.entries()
    repair(bank.installation, case_of(bank))
    assert bank.entries() == entries
    assert bank.booked() == bank.balance()
    bank.require_order()
    return entries


def test_a_lost_payment_is_booked_with_its_payment_first_and_fees_last(
    bank: Bank,
) -> None:
    opened = bank.give("25")
    bank.stripe.pay(opened)
    bank.stripe.refund(opened, 700)
    bank.deliver(lose="*")
    assert repaired(bank) == [("payment", 2500, 0), ("refund", -700, 0), ("fee", 0, 103)]


def test_a_failed_refund_and_a_won_dispute_leave_the_gift_paid(
    bank: Bank,
) -> None:
    opened = bank.give("25")
    bank.stripe.pay(opened)
    bank.deliver()
    refund = bank.stripe.refund(opened, 700)
    bank.stripe.end_refund(refund["id"], fail=True)
    dispute = bank.stripe.dispute(opened)
    bank.stripe.close_dispute(dispute["id"], won=True)
    bank.deliver(lose="*")
    kinds = [kind for kind, _, _ in repaired(bank)]
    assert sorted(kinds[1:]) == ["dispute", "dispute_reversed", "fee", "refund", "refund_failed"]
    assert bank.donation().state == "paid"


def test_a_reversed_debit_ends_the_gift(bank: Bank) -> None:
    opened = bank.give("25")
    bank.stripe.pay(opened, bank="succeeds")
    bank.stripe.settle(opened)
    bank.deliver()
    bank.stripe.take_back(opened)
    bank.deliver(lose="*")
    assert ("payment_reversed", -2500) in [(kind, moved) for kind, moved, _ in repaired(bank)]
    assert bank.donation().state == "failed"


def test_a_comparison_without_a_payment_changes_nothing(bank: Bank) -> None:
    bank.give()
    nothing: dict[str, Any] = {"payment_intent_id": None, "charge": 2500, "currency": "usd"}
    repair(
        bank.installation, PaymentComparison(donation="don_1", entries=(), movements=(), **nothing)
    )
    assert bank.entries() == []
