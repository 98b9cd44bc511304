"""Payouts reported in any order, and their items matched to ledger entries."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from campaign.core.errors import NotFound
from campaign.gateway import BalanceTransaction
from campaign.gateway.payouts import StripePayout
from campaign.models import Payout
from campaign.reconciliation.payouts import (
    COLUMNS,
    find_payout,
    list_unread_payouts,
    match_payout_items,
    payout_rows,
    recent_payouts,
    record_payout,
    save_items,
)
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.ledger import report_paid, report_refund
from tests.support.reconciliation import Bank
from tests.support.stripe import Facts

AT = datetime(2026, 12, 10, 23, 30, tzinfo=UTC)
PAGE = 50
SHOWN = 200
PAYOUT = StripePayout("po_1", AT, 2397, "usd", "paid", date(2026, 12, 12), itemized=True)


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def note(installation: Installation, shown: StripePayout, at: datetime = AT) -> bool:
    with installation.sessions.begin() as session:
        return record_payout(session, shown, at).applied


def only(installation: Installation) -> Payout:
    with installation.sessions() as session:
        return session.scalars(select(Payout)).one()


def item(name: str, amount: int, source: str | None = None, fee: int = 0) -> BalanceTransaction:
    return BalanceTransaction(name, AT, "charge", amount, fee, "usd", source, None)


def payouts(installation: Installation) -> list[Payout]:
    with installation.sessions() as session:
        return list(session.scalars(select(Payout).order_by(Payout.id)))


def test_a_returned_payout_is_failed_in_any_order(bank: Bank, installation: Installation) -> None:
    bank.stripe.pay(bank.give("25"))
    made = bank.stripe.payout(arrive=False)
    bank.stripe.fail_payout(made["id"])
    events = [one for one in bank.stripe.events() if one["type"] == "payout.failed"]
    bank.store(*events)
    paid = {**events[0], "id": "evt_paid_late", "type": "payout.paid"}
    bank.store({**paid, "data": {"object": {**events[0]["data"]["object"], "status": "paid"}}})
    apply_due_events(installation)
    assert [one.status for one in payouts(installation)] == ["failed"]


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        ("pending", "in_transit", "in_transit"),
        ("in_transit", "pending", "in_transit"),
        ("paid", "in_transit", "paid"),
        ("paid", "failed", "failed"),
        ("failed", "paid", "failed"),
        ("canceled", "pending", "canceled"),
        ("paid", "a_later_word", "paid"),
    ],
)
def test_the_later_status_wins_in_any_order(
    installation: Installation, first: str, second: str, kept: str
) -> None:
    assert note(installation, replace(PAYOUT, status=first))
    assert note(installation, replace(PAYOUT, status=second)) is (kept == second)
    assert only(installation).status == kept


def test_repeats_and_older_reports_change_nothing(
    installation: Installation,
) -> None:
    assert [note(installation, PAYOUT) for _ in range(2)] == [True, False]
    assert not note(installation, replace(PAYOUT, status="pending", arrival_date=date(2020, 1, 1)))
    assert only(installation).arrival_date == date(2026, 12, 12)


def test_itemized_stays_true(
    installation: Installation,
) -> None:
    note(installation, replace(PAYOUT, itemized=False))
    with installation.sessions() as session:
        assert list_unread_payouts(session) == []
    assert note(installation, PAYOUT)
    assert not note(installation, replace(PAYOUT, itemized=False))
    with installation.sessions() as session:
        assert list_unread_payouts(session) == ["po_1"]


def test_the_failure_date_is_the_first_one_reported(installation: Installation) -> None:
    paid = replace(PAYOUT, itemized=False)
    note(installation, paid)
    assert only(installation).failed_on is None
    note(installation, replace(paid, status="failed"), AT + timedelta(minutes=31))
    # That its items are listed now is new, but the status is older.
    assert note(installation, PAYOUT, AT + timedelta(days=9))
    found = only(installation)
    assert (found.failed_on, found.status, found.itemized) == (date(2026, 12, 11), "failed", True)


def test_only_paid_unread_payouts_are_unread_oldest_first(
    installation: Installation,
) -> None:
    for number, status in enumerate(("paid", "pending", "failed", "paid", "paid")):
        note(installation, replace(PAYOUT, id=f"po_{number}", status=status))
    with installation.sessions.begin() as session:
        assert list_unread_payouts(session) == ["po_0", "po_3", "po_4"]
        assert list_unread_payouts(session, 1) == ["po_0"]
        save_items(session, "po_3", [], AT)
        assert list_unread_payouts(session) == ["po_0", "po_4"]


def test_items_are_saved_once_and_match_their_gifts(
    installation: Installation, paid: Facts
) -> None:
    report_refund(installation, paid, paid.refund("a", 700))
    note(installation, PAYOUT)
    parts = [
        item("txn_refund", -700, f"re_{paid.number}_a"),
        item("txn_charge", 3200, f"ch_{paid.number}", 103),
        item("txn_fee", -5),
    ]
    for new in (3, 0):
        with installation.sessions.begin() as session:
            assert save_items(session, "po_1", parts, AT) == new
    with installation.sessions() as session:
        found = find_payout(session, "po_1")
    assert (found.number, found.foreign) == (3, 2)
    assert (found.amount, found.fee, found.net) == (2495, 103, 2392)
    assert found.unexplained == 5
    assert [one.donation for one in found.parts] == [paid.donation.public_id, "", ""]


def test_a_recent_item_matches_its_gift_later(
    installation: Installation, give: Callable[..., Facts], paid: Facts
) -> None:
    other = give(email="ben@example.org")
    note(installation, PAYOUT)
    with installation.sessions.begin() as session:
        save_items(session, "po_1", [item("txn_1", -700, f"re_{other.number}_a")], AT)
    report_paid(installation, other)
    report_refund(installation, other, other.refund("a", 700))
    with installation.sessions.begin() as session:
        assert match_payout_items(session, AT + timedelta(microseconds=1)) == 0
        assert match_payout_items(session, AT) == 1
        assert match_payout_items(session, AT) == 0
        assert find_payout(session, "po_1").foreign == 0


def test_a_page_shows_the_first_items_and_totals_all(installation: Installation) -> None:
    note(installation, PAYOUT)
    with installation.sessions.begin() as session:
        save_items(session, "po_1", [item(f"txn_{n}", 10, fee=1) for n in range(SHOWN + 1)], AT)
        found = find_payout(session, "po_1")
        assert (len(found.parts), found.number, found.net) == (SHOWN, SHOWN + 1, 9 * (SHOWN + 1))
        rows = list(payout_rows(session, "po_1"))
        assert (len(rows), tuple(rows[0])) == (SHOWN + 1, COLUMNS)
        assert list(payout_rows(session, "po_2")) == []
        with pytest.raises(NotFound, match="no payout 'po_2' here"):
            find_payout(session, "po_2")


def test_pages_of_payouts_have_no_gaps_and_show_unexplained_amounts(
    installation: Installation,
) -> None:
    for number in range(PAGE + 1):
        note(installation, replace(PAYOUT, id=f"po_{number}"))
    with installation.sessions.begin() as session:
        save_items(session, f"po_{PAGE}", [item("txn_1", 2500, fee=103)], AT)
        first = recent_payouts(session)
        (last,) = recent_payouts(session, first[-1][0].id)
    assert (first[0][0].stripe_id, first[0][1], first[1][1]) == (f"po_{PAGE}", 0, 2397)
    assert last[0].stripe_id == "po_0"


def test_a_later_status_brings_its_own_arrival_date(installation: Installation) -> None:
    note(installation, replace(PAYOUT, status="in_transit"))
    note(installation, replace(PAYOUT, arrival_date=date(2026, 12, 14)))
    assert only(installation).arrival_date == date(2026, 12, 14)
