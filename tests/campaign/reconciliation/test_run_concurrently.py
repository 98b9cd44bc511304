"""Reconciling while facts arrive, concurrently, with Stripe unavailable, and after any history."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Timer
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text

from campaign.core.errors import GatewayUnavailable
from campaign.models import PaymentLookup
from campaign.reconciliation.discrepancies import Discrepancy
from campaign.reconciliation.fetch_fees import book_fees
from campaign.reconciliation.match_payments import match_evidence
from campaign.reconciliation.run import reconcile
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from sandbox.stripe import StripeSandbox
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


def test_a_pending_event_is_named(bank: Bank) -> None:
    bank.stripe.pay(bank.give())
    event = next(one for one in bank.stripe.events() if one["type"] == "payment_intent.succeeded")
    bank.store(event)
    (one,) = bank.reconcile().discrepancies
    assert one.sentence(ZoneInfo("UTC")).endswith(f"; event {event['id']} is not applied yet")


def test_a_fact_that_arrives_within_seconds_is_no_discrepancy(bank: Bank) -> None:
    bank.stripe.pay(bank.give())
    late = Timer(0.3, bank.deliver)
    late.start()
    shown: list[Discrepancy] = []
    result = reconcile(bank.installation, on_discrepancy=shown.append, patience=3)
    late.join()
    assert (shown, result.left) == ([], 0)


def test_concurrent_repairs(bank: Bank, installation: Installation) -> None:
    for _ in range(3):
        session = bank.give()
        bank.stripe.pay(session)
        bank.stripe.refund(session, 1000)
    for event in bank.stripe.events():
        bank.store(event)
    with ThreadPoolExecutor(6) as threads:
        work: list[Callable[[], object]] = [
            lambda: bank.reconcile(apply=True),
            lambda: bank.reconcile(apply=True),
            lambda: apply_due_events(installation),
            lambda: apply_due_events(installation),
            lambda: book_fees(installation),
            lambda: match_evidence(installation),
        ]
        for done in [threads.submit(one) for one in work]:
            done.result()
    assert bank.reconcile().discrepancies == []
    assert sorted(kind for kind, _, _ in bank.entries()) == 3 * ["fee"] + 3 * ["payment"] + 3 * [
        "refund"
    ]
    bank.require_order()


def test_an_unavailable_stripe_leaves_nothing_behind(bank: Bank, stripe: StripeSandbox) -> None:
    paid(bank)
    stripe.stop()
    with pytest.raises(GatewayUnavailable):
        bank.reconcile()
    with bank.installation.engine.connect() as connection:
        assert connection.scalar(text("SELECT to_regclass('stripe_balance_transaction')")) is None


def test_a_repairing_run_remembers_what_is_not_ours(bank: Bank) -> None:
    account = bank.stripe.account
    bank.shop()
    with account.transaction():
        charge = account.every("charge")[0]
        account.change(charge, customer="cus_other")
    assert bank.reconcile().result.others == 1
    with bank.installation.sessions() as session:
        assert session.scalar(select(func.count()).select_from(PaymentLookup)) == 0
    assert bank.reconcile(apply=True).result.others == 1
    with bank.installation.sessions() as session:
        kept = session.scalars(select(PaymentLookup)).one()
    assert (kept.payment_intent_id, kept.ours) == (charge["payment_intent"], False)


@pytest.mark.parametrize("seed", range(3))
def test_after_any_history_the_ledger_agrees_with_the_balance_to_the_cent(
    bank: Bank, seed: int
) -> None:
    chance = random.Random(seed)
    for _ in range(8):
        live(bank, chance)
        bank.deliver(lose=chance.choice(["", "*", "charge.*", "payment_intent.*", "*refund*"]))
        if chance.random() < 0.3:
            match_evidence(bank.installation)
            book_fees(bank.installation)
    repaired = bank.reconcile(apply=True)
    assert repaired.result.repaired > 0
    again = bank.reconcile()
    assert [one.sentence(ZoneInfo("UTC")) for one in again.discrepancies] == []
    assert bank.booked() == bank.balance()
    bank.require_order()


def live(bank: Bank, chance: random.Random) -> None:
    """Create one gift with a random history."""
    monthly = chance.random() < 0.4
    session = bank.give(
        str(chance.randint(5, 300)),
        frequency="monthly" if monthly else "one_time",
        cover_fees=chance.choice(["", "1"]),
    )
    if chance.random() < 0.3:
        bank.stripe.pay(session, bank="succeeds")
        bank.stripe.settle(session)
    else:
        bank.stripe.pay(session)
    if monthly and chance.random() < 0.5:
        bank.stripe.advance(days=31)
    charge = bank.stripe.charge_of(session)
    card = charge["payment_method_details"]["type"] == "card"
    for _ in range(chance.randint(0, 2)):
        left = charge["amount"] - charge["amount_refunded"]
        if left > 1 and charge["status"] == "succeeded":
            made = bank.stripe.refund(charge["id"], chance.randint(1, left))
            if chance.random() < 0.4:
                bank.stripe.end_refund(made["id"], fail=True)
    left = charge["amount"] - charge["amount_refunded"]
    if card and left and chance.random() < 0.5:
        made = bank.stripe.dispute(charge["id"])
        if chance.random() < 0.7:
            won = chance.random() < 0.5
            bank.stripe.close_dispute(made["id"], won=won, return_fee=chance.random() < 0.5)
