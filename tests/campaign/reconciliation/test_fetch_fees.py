"""Stripe's actual fees are booked, each once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import delete, select, update

from campaign.core.clock import now, zone
from campaign.core.errors import GatewayUnavailable
from campaign.models import Campaign, Conversion, Donation, LedgerEntry
from campaign.reconciliation.fetch_fees import book_fees
from campaign.runtime.job_heartbeat import heartbeat
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.reconciliation import Bank

DAY = 86_400


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def fees(bank: Bank) -> list[int]:
    with bank.installation.sessions() as session:
        query = select(LedgerEntry.fee).where(LedgerEntry.fee != 0).order_by(LedgerEntry.id)
        return list(session.scalars(query))


def test_a_card_a_debit_and_a_renewal_cost_what_stripe_kept(bank: Bank) -> None:
    bank.stripe.pay(bank.give("25"))
    debit = bank.give("100")
    bank.stripe.pay(debit, bank="succeeds")
    bank.stripe.settle(debit)
    bank.stripe.pay(bank.give("10", frequency="monthly"))
    bank.deliver()
    bank.stripe.advance(days=32)
    bank.deliver()
    assert fees(bank) == []
    assert book_fees(bank.installation) == 4
    assert sorted(fees(bank)) == [59, 59, 80, 103]
    assert bank.booked() == bank.balance()
    assert book_fees(bank.installation) == 0
    bank.require_order()


def test_a_disputes_fee_and_its_return_are_booked_once(bank: Bank) -> None:
    session = bank.give()
    bank.stripe.pay(session)
    made = bank.stripe.dispute(session)
    bank.stripe.close_dispute(made["id"], won=True, return_fee=True)
    bank.deliver()
    book_fees(bank.installation)
    assert sorted(fees(bank)) == [-1500, 103, 1500]
    assert bank.booked() == bank.balance()


def test_twice_at_once_books_each_fee_once(bank: Bank) -> None:
    for _ in range(6):
        bank.stripe.pay(bank.give())
    bank.deliver()
    with ThreadPoolExecutor(4) as threads:
        booked = list(threads.map(lambda _: book_fees(bank.installation), range(4)))
    assert sum(booked) == 6
    assert fees(bank) == 6 * [103]


def test_fees_of_others_and_of_unknown_payments_wait(bank: Bank) -> None:
    bank.shop()
    bank.stripe.pay(bank.give())
    assert book_fees(bank.installation) == 0
    bank.deliver()
    assert book_fees(bank.installation) == 1


def test_a_payment_recorded_days_late_gets_its_fee_at_once(bank: Bank) -> None:
    with heartbeat(bank.installation, "book-fees"):
        book_fees(bank.installation)
    session = bank.give()
    with bank.installation.sessions.begin() as database:
        earlier = now() - timedelta(days=4)
        database.execute(update(Donation).values(created_at=earlier))
        database.execute(update(Campaign).values(starts_at=earlier))
    bank.stripe.pay(session)
    account = bank.stripe.account
    with account.transaction():
        for kind in ("balance_transaction", "payment_intent", "charge", "event"):
            for one in account.every(kind):
                account.change(one, created=one["created"] - 3 * DAY)
    bank.deliver()
    assert book_fees(bank.installation) == 1
    assert fees(bank) == [103]
    assert book_fees(bank.installation) == 0


def test_an_unavailable_stripe_fails_the_run_and_the_next_one_continues(
    bank: Bank, stripe: StripeSandbox
) -> None:
    bank.stripe.pay(bank.give())
    bank.deliver()
    stripe.stop()
    with pytest.raises(GatewayUnavailable):
        book_fees(bank.installation)
    assert fees(bank) == []


def test_what_a_gift_was_converted_to_is_recorded_once_with_rate_and_fee(bank: Bank) -> None:
    bank.stripe.set_settlement("cad", {"usd": "1.37001"})
    session = bank.give("100")
    bank.stripe.pay(session)
    bank.stripe.refund(session, 1_000)
    bank.deliver()
    assert book_fees(bank.installation) == 2
    assert book_fees(bank.installation) == 0
    with bank.installation.sessions() as database:
        kept = database.scalars(select(Conversion)).all()
    assert [
        (one.kind, one.settled_amount, one.settled_currency, one.exchange_rate, one.fee)
        for one in sorted(kept, key=lambda one: one.kind)
    ] == [
        ("payment", 13_700, "cad", Decimal("1.37001"), 427),
        ("refund", -1_370, "cad", Decimal("1.37001"), 0),
    ]
    assert {one.currency for one in kept} == {"usd"}
    bank.require_order()


def test_a_conversion_that_was_missed_is_a_difference_and_repaired(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank.stripe.set_settlement("cad", {"usd": "1.37"})
    session = bank.give("100")
    bank.stripe.pay(session)
    bank.deliver()
    book_fees(bank.installation)
    with bank.installation.sessions.begin() as database:
        database.execute(delete(Conversion))
    assert bank.reconcile().discrepancies == []  # younger than a day: the next run of book-fees
    monkeypatch.setattr(
        "campaign.reconciliation.compare_fees.FEE_GRACE_PERIOD", -timedelta(minutes=1)
    )
    (missing,) = bank.reconcile().discrepancies
    assert "137.00 CAD" in missing.sentence(zone("UTC"))
    assert missing.note == "what Stripe converted it to is not recorded"
    (repaired,) = bank.reconcile(apply=True).discrepancies
    assert repaired.repaired
    assert bank.reconcile().discrepancies == []
