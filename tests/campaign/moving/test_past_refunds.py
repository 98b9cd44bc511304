"""Refunds that another system lists as rows of their own: each once, of the gift that they name."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from campaign.ledger.invariants import broken_invariants
from campaign.models import Donation, LedgerEntry, OutboxMessage, Refund
from campaign.moving.gift_rows import PastRefundRow
from campaign.moving.past_gifts import GiftPlan, StoredGifts
from campaign.moving.past_refunds import store_past_refunds
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.past_gifts import GIVEN, past_row, store_rows
from tests.support.stripe import Facts


def refund(external_id: str = "1", **changes: Any) -> PastRefundRow:
    """Return a refund of $10, a day after the gift."""
    wanted: dict[str, Any] = {
        "line": 3,
        "refund_id": "",
        "amount": 1000,
        "currency": "usd",
        "refunded_at": GIVEN + timedelta(days=1),
        "payment_intent": "",
        "charge": "",
    }
    return PastRefundRow(external_id=external_id, **{**wanted, **changes})


def stored(
    installation: Installation, *rows: PastRefundRow, system: str = "old-crm"
) -> StoredGifts:
    plan = GiftPlan(system, "America/Los_Angeles")
    with installation.sessions.begin() as session:
        return store_past_refunds(session, rows, plan, installation.books)


def gifts(installation: Installation) -> list[tuple[str, int]]:
    """Return each gift's state and what the ledger has left of it; check that the books are in order."""
    left = func.sum(LedgerEntry.amount + LedgerEntry.fee_cover)
    query = (
        select(Donation.state, left)
        .join(LedgerEntry, LedgerEntry.donation_id == Donation.id)
        .group_by(Donation.id)
        .order_by(Donation.id)
    )
    with installation.sessions() as session:
        assert list(broken_invariants(session)) == []
        return [(state, int(amount)) for state, amount in session.execute(query)]


def count(installation: Installation, table: Any) -> int:
    with installation.sessions() as session:
        return session.scalars(select(func.count()).select_from(table)).one()


@pytest.mark.parametrize(
    ("amount", "state"),
    [(1, "partially_refunded"), (2499, "partially_refunded"), (2500, "refunded")],
)
def test_a_refund_is_stored_once_and_brings_its_gift_in_line(
    installation: Installation, amount: int, state: str
) -> None:
    store_rows(installation, past_row())
    first = stored(installation, refund(amount=amount))
    assert (first.added, first.refunded, first.refused) == (1, {"usd": amount}, [])
    assert gifts(installation) == [(state, 2500 - amount)]
    again = stored(installation, refund(amount=amount))
    assert (again.added, again.known, again.refunded) == (0, 1, {})
    assert gifts(installation) == [(state, 2500 - amount)]
    assert count(installation, Refund) == 1


def test_it_is_history_and_nobody_is_mailed(installation: Installation) -> None:
    store_rows(installation, past_row())
    stored(installation, refund())
    with installation.sessions() as session:
        assert set(session.scalars(select(LedgerEntry.past))) == {True}
        moments = session.scalars(select(Refund.created_at)).all()
    assert moments == [GIVEN + timedelta(days=1)]
    assert count(installation, OutboxMessage) == 0


@pytest.mark.parametrize("by", ["payment_intent", "charge", "external_id"])
def test_the_gift_is_found_by_its_payment_its_charge_or_its_id(
    installation: Installation, by: str
) -> None:
    names = {"payment_intent": "pi_1", "charge": "ch_1"}
    store_rows(installation, past_row("1", **names), past_row("2", email="bo@reader.test"))
    named = {"external_id": "1"} if by == "external_id" else {"external_id": "x", by: names[by]}
    assert stored(installation, refund(**named)).added == 1
    assert gifts(installation) == [("partially_refunded", 1500), ("paid", 2500)]


def test_an_id_is_of_its_own_system(installation: Installation) -> None:
    store_rows(installation, past_row())
    found = stored(installation, refund(), system="another")
    assert [(one.line, one.reason) for one in found.refused] == [
        (3, "a refund of a gift that is not here")
    ]
    assert gifts(installation) == [("paid", 2500)]


def test_one_in_another_currency_is_refused_and_the_others_kept(installation: Installation) -> None:
    store_rows(installation, past_row())
    found = stored(installation, refund(line=3, currency="eur"), refund(line=4))
    assert [(one.line, one.reason) for one in found.refused] == [
        (3, "a refund in EUR of a gift in USD")
    ]
    assert (found.added, gifts(installation)) == (1, [("partially_refunded", 1500)])


@pytest.mark.parametrize(
    "other",
    [{"amount": 500}, {"refunded_at": GIVEN + timedelta(days=1, seconds=1)}, {"refund_id": "re_2"}],
)
def test_two_refunds_of_a_gift_differ_in_moment_amount_or_name(
    installation: Installation, other: dict[str, Any]
) -> None:
    store_rows(installation, past_row())
    assert stored(installation, refund(), refund(line=4, **other)).added == 2
    assert count(installation, Refund) == 2


def test_a_refund_with_a_name_is_known_by_it(installation: Installation) -> None:
    store_rows(installation, past_row())
    later = refund(refund_id="re_1", refunded_at=GIVEN + timedelta(days=2))
    assert stored(installation, refund(refund_id="re_1"), later).known == 1
    with installation.sessions() as session:
        assert session.scalars(select(Refund.stripe_id)).all() == ["re_1"]


def test_a_gift_that_is_booked_from_stripe_gets_its_refunds_from_there(
    installation: Installation, give: Callable[..., Facts], store: Callable[..., None]
) -> None:
    facts = give()
    store(facts.completed())
    apply_due_events(installation)
    with installation.sessions() as session:
        (payment,) = session.scalars(select(Donation.payment_intent_id)).all()
    assert payment
    before = gifts(installation)
    found = stored(installation, refund("x", payment_intent=payment))
    assert (found.booked, found.added, found.refused) == (1, 0, [])
    assert gifts(installation) == before
    assert count(installation, Refund) == 0
