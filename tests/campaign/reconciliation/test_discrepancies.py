"""Reconciling a ledger with extra entries, and amounts that differ."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.core.clock import now
from campaign.models import LedgerEntry, LedgerKind
from campaign.reconciliation.discrepancies import Discrepancy
from campaign.reconciliation.fetch_fees import book_fees
from sandbox.stripe import StripeSandbox
from sandbox.stripe.objects.money import balance_transaction
from tests.conftest import sandbox_address
from tests.support.reconciliation import Bank

DAY = 86_400


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def paid(bank: Bank) -> str:
    session = bank.give()
    bank.stripe.pay(session)
    bank.deliver()
    return session


def plant(bank: Bank, kind: LedgerKind, amount: int, source: str, **more: Any) -> None:
    """Insert an entry without a counterpart at Stripe."""
    donation = bank.donation()
    with bank.installation.sessions.begin() as session:
        session.add(
            LedgerEntry(
                donation_id=donation.id,
                kind=kind.value,
                amount=amount,
                currency="usd",
                occurred_at=now(),
                source=source,
                **more,
            )
        )


def change(bank: Bank, kind: str, **changes: Any) -> None:
    """Change the newest object of a kind at Stripe."""
    account = bank.stripe.account
    with account.transaction():
        account.change(account.every(kind)[0], **changes)


def words(found: Discrepancy) -> str:
    return found.sentence(ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("kind", "amount", "source", "said"),
    [
        (LedgerKind.payment, 2500, "pi_unknown", "Stripe has no such payment"),
        (LedgerKind.payment, 2500, "in_unknown", "Stripe has no such payment"),
        (LedgerKind.payment, 2500, "cs_unknown", "Stripe has no such payment"),
    ],
)
def test_a_payment_unknown_to_stripe(
    bank: Bank, kind: LedgerKind, amount: int, source: str, said: str
) -> None:
    bank.give()
    plant(bank, kind, amount, source)
    found = bank.reconcile(apply=True)
    (one,) = found.discrepancies
    assert (one.kind, one.repairable, found.result.left) == (kind, False, 1)
    assert said in words(one)
    assert f"the ledger has 25.00 USD (entry 1, {source}) on " in words(one)


@pytest.mark.parametrize(
    ("kind", "amount", "source"),
    [
        (LedgerKind.refund, -700, "re_unknown"),
        (LedgerKind.refund, -700, "ch_unknown:700"),
        (LedgerKind.refund_failed, 700, "re_unknown"),
        (LedgerKind.dispute, -2500, "du_unknown"),
        (LedgerKind.dispute_reversed, 2500, "du_unknown"),
        (LedgerKind.payment_reversed, -2500, "pi_unknown"),
    ],
)
def test_a_refund_or_dispute_unknown_to_stripe(
    bank: Bank, kind: LedgerKind, amount: int, source: str
) -> None:
    paid(bank)
    plant(bank, kind, amount, source)
    (one,) = bank.reconcile(apply=True).discrepancies
    assert (one.kind, one.repaired) == (kind, False)
    assert source in words(one)


def test_a_fee_unknown_to_stripe(bank: Bank) -> None:
    paid(bank)
    plant(bank, LedgerKind.fee, 0, "txn_unknown", fee=9, balance_transaction_id="txn_unknown")
    (one,) = bank.reconcile().discrepancies
    assert "the ledger has 0.09 USD (entry 2, txn_unknown)" in words(one)


def test_a_fee_that_differs_and_one_long_missing(bank: Bank) -> None:
    paid(bank)
    assert bank.reconcile().result.fees == 1
    change(bank, "balance_transaction", created=bank.stripe.now() - 2 * DAY)
    (one,) = bank.reconcile().discrepancies
    assert (one.kind, one.repairable) == ("fee", True)
    assert "Stripe charged a fee of 1.03 USD (txn_" in words(one)
    assert bank.reconcile(apply=True).result.left == 0
    change(bank, "balance_transaction", fee=104)
    (one,) = bank.reconcile(apply=True).discrepancies
    assert "Stripe charged a fee of 1.04 USD" in words(one)
    assert "the ledger has 1.03 USD (entry 2," in words(one)


def test_transactions_before_the_window_are_no_discrepancy(bank: Bank) -> None:
    session = paid(bank)
    bank.stripe.refund(session, 500)
    bank.stripe.dispute(session, amount=800)
    bank.deliver()
    book_fees(bank.installation)
    account = bank.stripe.account
    with account.transaction():
        for one in account.every("balance_transaction"):
            account.change(one, created=one["created"] - 40 * DAY)
    found = bank.reconcile()
    assert (found.discrepancies, found.result.moved) == ([], 0)
    assert bank.reconcile(now() + timedelta(hours=1)).discrepancies == []


def test_a_different_amount_is_not_repaired(bank: Bank) -> None:
    paid(bank)
    change(bank, "balance_transaction", amount=2600)
    for apply in (False, True):
        (one,) = bank.reconcile(apply=apply).discrepancies
        assert (one.kind, one.repaired) == ("payment", False)
        assert "Stripe charged 26.00 USD (ch_" in words(one)
        assert "the ledger has 25.00 USD (entry 1, pi_" in words(one)


def test_a_payment_of_another_amount_than_agreed_is_not_booked(bank: Bank) -> None:
    bank.stripe.pay(bank.give())
    bank.deliver(lose="*")
    change(bank, "balance_transaction", amount=2600)
    change(bank, "charge", amount=2600)
    change(bank, "payment_intent", amount_received=2600)
    (one,) = bank.reconcile(apply=True).discrepancies
    assert (one.repairable, one.repaired) == (False, False)
    assert "it is not what the donor agreed to" in words(one)
    assert bank.entries() == []


def test_a_second_payment_for_the_same_gift_is_found(bank: Bank) -> None:
    paid(bank)
    sold = bank.shop(2500)
    change(bank, "charge", metadata={"donation_id": bank.donation().public_id})
    (one,) = bank.reconcile(apply=True).discrepancies
    assert (one.kind, one.repaired) == ("payment", False)
    assert sold["id"] in words(one)
    assert "a second payment for the same gift" in words(one)
    bank.stripe.refund(sold["id"])
    assert bank.reconcile().discrepancies == []


def test_a_balance_in_another_currency_is_compared_in_the_payment_currency(bank: Bank) -> None:
    session = paid(bank)
    change(bank, "balance_transaction", amount=2150, fee=90, currency="eur")
    bank.stripe.refund(session, 1000)
    change(bank, "balance_transaction", amount=-870, currency="eur")
    bank.deliver()
    assert bank.reconcile(apply=True).discrepancies == []
    assert bank.booked("eur") == -90


def test_a_pending_debit_that_appears_in_the_balance(bank: Bank) -> None:
    session = bank.give()
    bank.stripe.pay(session, bank="fails")
    bank.deliver()
    account = bank.stripe.account
    with account.transaction():
        charge = bank.stripe.charge_of(session)
        account.add(balance_transaction("payment", 2500, charge, bank.stripe.now(), fee=20))
    found = bank.reconcile(apply=True)
    assert (found.discrepancies, found.result.moved) == ([], 0)
    bank.stripe.settle(session, fail=True)
    with account.transaction():
        account.add(balance_transaction("payment_failure_refund", -2500, charge, bank.stripe.now()))
    bank.deliver()
    found = bank.reconcile(apply=True)
    assert (found.discrepancies, found.result.moved) == ([], 2)
    assert bank.donation().state == "failed"


def test_a_monthly_debit_reversed_and_charged_again_is_one_payment(bank: Bank) -> None:
    session = bank.give(frequency="monthly")
    bank.stripe.pay(session, bank="succeeds")
    bank.stripe.settle(session)
    bank.deliver()
    bank.stripe.take_back(session)
    account = bank.stripe.account
    with account.transaction():
        charge = account.add({**bank.stripe.charge_of(session), "id": "ch_anew"})
        account.change(charge, status="succeeded", failure_balance_transaction=None)
        account.add(balance_transaction("charge", 2500, charge, bank.stripe.now() + 1))
        account.change(account.every("payment_intent")[0], status="succeeded")
    bank.deliver()
    assert bank.reconcile(apply=True).discrepancies == []
    assert bank.donation().state == "paid"


def test_a_currency_without_decimals(bank: Bank) -> None:
    with bank.installation.sessions.begin() as session:
        create_campaign(
            session,
            NewCampaign(
                slug="tokyo",
                title="Every story",
                goal="1000000",
                deadline="2099-12-31",
                timezone="Asia/Tokyo",
                currency="jpy",
            ),
        )
    opened = bank.give("2500", campaign="tokyo")
    bank.stripe.pay(opened)
    bank.stripe.refund(opened, 700)
    bank.deliver(lose="*")
    shown = [words(one) for one in bank.reconcile(apply=True).discrepancies]
    assert "Stripe charged 2500 JPY (" in shown[0]
    assert "Stripe refunded 700 JPY (" in shown[1]
    assert bank.booked("jpy") == bank.balance("jpy")
