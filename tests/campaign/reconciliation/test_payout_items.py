"""Each item of a payout: whose it is, by which of our rows, and what its page and its file show of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from time_machine import travel

from campaign.gateway import BalanceTransaction
from campaign.gateway.payouts import StripePayout
from campaign.ledger.balance_transactions import PaymentTransaction
from campaign.ledger.fees import book_transaction_fee
from campaign.models import Payout, PayoutItem
from campaign.reconciliation.fetch_payouts import fetch_payouts, read_payouts
from campaign.reconciliation.payouts import (
    find_payout,
    list_unread_payouts,
    payout_rows,
    recent_payouts,
    record_payout,
    save_items,
)
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.ledger import report_charge, report_dispute, report_paid, report_refund
from tests.support.reconciliation import Bank
from tests.support.stripe import Facts

AT = datetime(2026, 12, 10, 23, 30, tzinfo=UTC)
MATCH_WINDOW = timedelta(days=60)
PAYOUT = StripePayout("po_1", AT, 2397, "usd", "paid", date(2026, 12, 12), itemized=True)


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def note(installation: Installation, shown: StripePayout = PAYOUT, at: datetime = AT) -> None:
    with installation.sessions.begin() as session:
        record_payout(session, shown, at)


def save(installation: Installation, payout: str, *items: BalanceTransaction) -> None:
    with installation.sessions.begin() as session:
        save_items(session, payout, items, AT)


def item(
    name: str, amount: int = 100, source: str | None = None, kind: str = "charge", fee: int = 0
) -> BalanceTransaction:
    return BalanceTransaction(name, AT, kind, amount, fee, "usd", source, None)


def owners(installation: Installation, payout: str = "po_1") -> list[str]:
    with installation.sessions() as session:
        return [one.donation for one in find_payout(session, payout).parts]


def test_an_item_belongs_to_the_gift_of_its_entry_charge_refund_or_dispute(
    installation: Installation, give: Callable[..., Facts]
) -> None:
    booked, charged, refunded, disputed = gifts = [
        give(email=f"d{n}@example.org") for n in range(4)
    ]
    for facts in gifts:
        report_paid(installation, facts)
    moved = PaymentTransaction(
        "txn_booked",
        "payment",
        2500,
        "usd",
        103,
        "usd",
        AT,
        "ch_other",
        f"pi_{booked.number}",
        None,
        False,
        {},
    )
    with installation.sessions.begin() as session:
        assert book_transaction_fee(session, moved)
    report_charge(installation, charged, charged.charge(amount_refunded=1))
    report_refund(installation, refunded, refunded.refund("a", 700))
    report_dispute(installation, disputed, disputed.dispute("needs_response", -2500))
    note(installation)
    save(
        installation,
        "po_1",
        item("txn_booked", source="ch_unknown"),
        item("txn_2", source=f"ch_{charged.number}"),
        item("txn_3", source=f"re_{refunded.number}_a"),
        item("txn_4", source=f"du_{disputed.number}"),
        item("txn_5", source="ch_unknown"),
        item("txn_6"),
    )
    assert owners(installation) == [*(one.donation.public_id for one in gifts), "", ""]


def test_the_rows_of_a_payout_are_its_own_and_have_all_that_stripe_said(
    installation: Installation, paid: Facts
) -> None:
    report_refund(installation, paid, paid.refund("a", 700))
    for name in ("po_1", "po_2"):
        note(installation, replace(PAYOUT, id=name))
    save(installation, "po_1", item("txn_1", -700, f"re_{paid.number}_a", "refund", fee=5))
    save(installation, "po_2", item("txn_2", 900))
    with installation.sessions() as session:
        assert list(payout_rows(session, "po_1")) == [
            {
                "balance_transaction_id": "txn_1",
                "kind": "refund",
                "source": f"re_{paid.number}_a",
                "donation_id": paid.donation.public_id,
                "amount": -700,
                "fee": 5,
                "net": -705,
                "currency": "usd",
                "created_at": AT,
                "gift_currency": None,
                "exchange_rate": None,
            }
        ]
        found = find_payout(session, "po_2")
        assert (found.number, found.foreign, found.amount, found.net) == (1, 1, 900, 900)
        assert [part.item.balance_transaction_id for part in found.parts] == ["txn_2"]
        listed = [(one.stripe_id, left) for one, left in recent_payouts(session)]
        assert listed == [("po_2", 2397 - 900), ("po_1", 2397 + 705)]


def test_a_payout_is_saved_with_what_stripe_said_of_it(installation: Installation) -> None:
    note(installation)
    with installation.sessions() as session:
        kept = session.scalars(select(Payout)).one()
    assert (kept.stripe_id, kept.amount, kept.currency, kept.status) == (
        "po_1",
        2397,
        "usd",
        "paid",
    )
    assert (kept.arrival_date, kept.created_at) == (date(2026, 12, 12), AT)
    assert (kept.itemized, kept.failed_on, kept.items_read_at) == (True, None, None)


def test_at_most_twenty_payouts_are_read_at_a_time(installation: Installation) -> None:
    for number in range(21):
        note(installation, replace(PAYOUT, id=f"po_{number}"))
    with installation.sessions() as session:
        assert list_unread_payouts(session) == [f"po_{number}" for number in range(20)]


def test_a_payout_whose_items_stripe_does_not_list_is_not_asked_about_again(
    bank: Bank, installation: Installation
) -> None:
    note(installation, replace(PAYOUT, id="po_unknown"))
    assert [read_payouts(installation) for _ in range(2)] == [1, 0]
    with installation.sessions() as session:
        assert session.scalars(select(Payout.items_read_at)).one() is not None
        assert session.scalars(select(PayoutItem)).all() == []


@pytest.mark.parametrize(
    ("younger", "owned"), [(timedelta(0), True), (-timedelta(seconds=1), False)]
)
def test_an_items_gift_is_looked_for_as_long_as_it_may_still_be_booked(
    bank: Bank,
    installation: Installation,
    give: Callable[..., Facts],
    younger: timedelta,
    owned: bool,
) -> None:
    facts = give()
    note(installation)
    save(installation, "po_1", item("txn_1", -700, f"re_{facts.number}_a"))
    report_paid(installation, facts)
    report_refund(installation, facts, facts.refund("a", 700))
    with travel(AT + MATCH_WINDOW - younger, tick=False):
        read_payouts(installation)
    assert owners(installation) == [facts.donation.public_id if owned else ""]


def test_payouts_before_the_asked_time_are_not_fetched(
    bank: Bank, installation: Installation
) -> None:
    bank.stripe.pay(bank.give("25"))
    made = bank.stripe.payout()
    created = datetime.fromtimestamp(made["created"], UTC)
    assert fetch_payouts(installation, created + timedelta(seconds=1)) == 0
    assert fetch_payouts(installation, created) == 1
