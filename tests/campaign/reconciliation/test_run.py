"""Money that moved at Stripe but is not in the ledger is found, named and repaired; the rest is unchanged."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.reconciliation import Bank

Story = Callable[[Bank], None]


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def card(bank: Bank) -> None:
    bank.stripe.pay(bank.give())


def debit(bank: Bank) -> None:
    session = bank.give()
    bank.stripe.pay(session, bank="succeeds")
    bank.deliver()
    bank.stripe.settle(session)


def part_refunded(bank: Bank) -> None:
    session = bank.give()
    bank.stripe.pay(session)
    bank.deliver()
    bank.stripe.refund(session, 1000)


def failed_refund(bank: Bank) -> None:
    session = bank.give()
    bank.stripe.pay(session)
    made = bank.stripe.refund(session, 1000)
    bank.deliver()
    bank.stripe.end_refund(made["id"], fail=True)


def disputed(bank: Bank) -> None:
    session = bank.give()
    bank.stripe.pay(session)
    bank.deliver()
    bank.stripe.dispute(session)


def dispute_won(bank: Bank) -> None:
    session = bank.give()
    bank.stripe.pay(session)
    made = bank.stripe.dispute(session)
    bank.deliver()
    bank.stripe.close_dispute(made["id"], won=True)


def dispute_lost(bank: Bank) -> None:
    session = bank.give()
    bank.stripe.pay(session)
    bank.deliver()
    made = bank.stripe.dispute(session)
    bank.stripe.close_dispute(made["id"], won=False)


def monthly_begins(bank: Bank) -> None:
    bank.stripe.pay(bank.give(frequency="monthly"))


def monthly_renews(bank: Bank) -> None:
    bank.stripe.pay(bank.give(frequency="monthly"))
    bank.deliver()
    bank.stripe.advance(days=32)


def renewal_refunded(bank: Bank) -> None:
    monthly_renews(bank)
    bank.deliver()
    bank.stripe.refund(bank.stripe.objects("invoice")[0]["id"], 700)


def fees_covered(bank: Bank) -> None:
    bank.stripe.pay(bank.give(cover_fees="1"))


def reversed_debit(bank: Bank) -> None:
    session = bank.give()
    bank.stripe.pay(session, bank="succeeds")
    bank.stripe.settle(session)
    bank.deliver()
    bank.stripe.take_back(session)


def reversed_monthly_debit(bank: Bank) -> None:
    session = bank.give(frequency="monthly")
    bank.stripe.pay(session, bank="succeeds")
    bank.stripe.settle(session)
    bank.deliver()
    bank.stripe.take_back(session)


def all_of_it(bank: Bank) -> None:
    session = bank.give()
    bank.stripe.pay(session)
    bank.stripe.refund(session, 1000)
    bank.stripe.refund(session, 500)
    bank.stripe.dispute(session, amount=1000)


STORIES: dict[str, tuple[Story, list[str]]] = {
    "a card": (card, ["payment"]),
    "a bank debit": (debit, ["payment"]),
    "a part refunded": (part_refunded, ["refund"]),
    "a failed refund": (failed_refund, ["refund_failed"]),
    "a dispute": (disputed, ["dispute"]),
    "a won dispute": (dispute_won, ["dispute_reversed"]),
    "a lost dispute": (dispute_lost, ["dispute"]),
    "a reversed debit": (reversed_debit, ["payment_reversed"]),
    "a reversed monthly debit": (reversed_monthly_debit, ["payment_reversed"]),
    "a monthly gift's first": (monthly_begins, ["payment"]),
    "a renewal": (monthly_renews, ["payment"]),
    "a renewal refunded": (renewal_refunded, ["refund"]),
    "fees covered": (fees_covered, ["payment"]),
    "everything at once": (all_of_it, ["payment", "refund", "refund", "dispute"]),
}

ASKED = {"a reversed monthly debit"}
"""No event says whether another card paid instead: see test_match_payments."""


@pytest.mark.parametrize("name", STORIES)
def test_lost_facts_are_found_and_repaired(bank: Bank, name: str) -> None:
    story, kinds = STORIES[name]
    story(bank)
    bank.deliver(lose="*")
    before = bank.entries()
    found = bank.reconcile()
    assert found.kinds == kinds
    assert (found.result.found, found.result.repaired) == (len(kinds), 0)
    assert all(one.repairable for one in found.discrepancies)
    assert bank.entries() == before
    repaired = bank.reconcile(apply=True)
    assert sorted(repaired.kinds) == sorted(kinds)
    assert all(one.repaired for one in repaired.discrepancies)
    assert repaired.result.left == 0
    again = bank.reconcile()
    assert (again.discrepancies, again.result.fees) == ([], 0)
    assert bank.booked() == bank.balance()
    bank.require_order()


@pytest.mark.parametrize("name", [name for name in STORIES if name not in ASKED])
def test_delivered_facts_are_no_discrepancy(bank: Bank, name: str) -> None:
    STORIES[name][0](bank)
    bank.deliver()
    assert bank.reconcile().discrepancies == []
    # Events do not report fees, which may take a day.
    assert bank.reconcile(apply=True).discrepancies == []
    assert bank.booked() == bank.balance()


def test_a_refund_reported_only_by_its_charge_is_no_discrepancy(bank: Bank) -> None:
    part_refunded(bank)
    bank.deliver(lose="refund.*")
    assert bank.reconcile(apply=True).discrepancies == []
    made = bank.stripe.refund(bank.stripe.objects("charge")[0]["id"], 300)
    bank.deliver(lose="*")
    (found,) = bank.reconcile().discrepancies
    assert found.stripe is not None
    assert (found.stripe.amount, found.stripe.names[0]) == (300, made["id"])
    assert bank.reconcile(apply=True).result.left == 0
    assert bank.reconcile().discrepancies == []
    assert bank.booked() == bank.balance()
    bank.require_order()


def test_other_payments_are_only_counted(bank: Bank) -> None:
    bank.stripe.pay(bank.give())
    bank.deliver()
    sold = bank.shop()
    bank.stripe.refund(sold["id"], 1200)
    bank.stripe.payout()
    found = bank.reconcile(apply=True)
    assert found.discrepancies == []
    assert (found.result.payments, found.result.others, found.result.moved) == (1, 1, 3)


def test_both_sides_are_named(bank: Bank) -> None:
    bank.stripe.pay(bank.give())
    bank.deliver(lose="*")
    (found,) = bank.reconcile().discrepancies
    charge, balance_transaction = (
        bank.stripe.objects(kind)[0] for kind in ("charge", "balance_transaction")
    )
    day = datetime.fromtimestamp(balance_transaction["created"], UTC).date()
    assert found.sentence(ZoneInfo("UTC")) == (
        f"donation {bank.donation().public_id}: Stripe charged 25.00 USD ({charge['id']}, {charge['payment_intent']},"
        f" {balance_transaction['id']}) on {day}, the ledger has no entry"
    )


def test_a_renewal_is_named_by_its_first_gift(bank: Bank) -> None:
    monthly_renews(bank)
    (found,) = bank.reconcile().discrepancies
    named = f"a renewal of donation {bank.donation().public_id}: Stripe charged 25.00 USD ("
    assert found.sentence(ZoneInfo("UTC")).startswith(named)
