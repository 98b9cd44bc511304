"""Disputes: the amounts known to have moved, whichever event is missed, and the order of statuses."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from campaign.models import Dispute, LedgerEntry
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.ledger import (
    after,
    booked,
    campaign_in,
    give_to,
    raised,
    settled_standing,
    state_and_receipt,
    tell_dispute,
    tell_paid,
)
from tests.support.stripe import Facts

Give = Callable[..., Facts]
Store = Callable[..., None]


@pytest.fixture
def gift(installation: Installation, give: Give) -> Facts:
    """A paid gift of $25."""
    facts = give()
    tell_paid(installation, facts)
    return facts


def only(installation: Installation) -> Dispute:
    with installation.sessions() as session:
        return session.scalars(select(Dispute)).one()


def test_a_dispute_costs_its_fee_once(installation: Installation, give: Give, store: Store) -> None:
    facts = give()
    store(facts.completed(), facts.disputed("funds_withdrawn"))
    apply_due_events(installation)
    store(
        facts.disputed("closed", "won", -2500, 2500), facts.disputed("funds_withdrawn", "x", -2500)
    )
    apply_due_events(installation)
    assert settled_standing(installation, facts) == ("paid", 2500, 2500)
    with installation.sessions() as session:
        assert session.scalar(select(func.sum(LedgerEntry.fee))) == 1500
        kinds = session.scalars(select(LedgerEntry.kind).order_by(LedgerEntry.id)).all()
    assert kinds == ["payment", "dispute", "dispute_reversed", "fee"]


@pytest.mark.parametrize(
    ("status", "moved", "known"),
    [
        ("warning_needs_response", {}, (0, 0)),
        ("warning_closed", {}, (0, 0)),
        ("needs_response", {}, (0, 0)),
        ("needs_response", {"withdrawn": True}, (2500, 0)),
        ("lost", {}, (2500, 0)),
        ("won", {}, (2500, 2500)),
        ("under_review", {"reinstated": True}, (2500, 2500)),
    ],
)
def test_amounts_are_known_without_a_list_of_balance_transactions(
    installation: Installation,
    gift: Facts,
    status: str,
    moved: dict[str, bool],
    known: tuple[int, int],
) -> None:
    tell_dispute(installation, gift, gift.dispute(status), **moved)
    found = only(installation)
    assert (found.withdrawn, found.reinstated) == known
    assert raised(installation) == 2500 - known[0] + known[1]


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        ("lost", "needs_response", "lost"),
        ("won", "lost", "lost"),
        ("warning_closed", "needs_response", "needs_response"),
        ("needs_response", "prevented", "needs_response"),
        ("a_later_word", "under_review", "under_review"),
        ("under_review", "a_later_word", "under_review"),
    ],
)
def test_the_stronger_status_wins_in_any_order(
    installation: Installation, gift: Facts, first: str, second: str, kept: str
) -> None:
    for status in (first, second):
        tell_dispute(installation, gift, gift.dispute(status, -2500))
    assert only(installation).status == kept


def test_a_won_dispute_in_yen_on_a_dollar_balance_moves_yen(
    installation: Installation,
) -> None:
    facts = give_to(installation, campaign_in(installation, "jpy"), 2500)
    tell_paid(installation, facts)
    disputed, won = facts.dispute("needs_response", -1678), facts.dispute("won", -1678, 1678)
    for one in disputed["balance_transactions"] + won["balance_transactions"]:
        one["currency"] = "usd"
    tell_dispute(installation, facts, disputed)
    assert (only(installation).withdrawn, raised(installation)) == (2500, 0)
    tell_dispute(installation, facts, won)
    found = only(installation)
    assert (found.withdrawn, found.reinstated) == (2500, 2500)
    assert (state_and_receipt(installation, facts), raised(installation)) == (("paid", 2500), 2500)
    with installation.sessions() as session:
        fees = select(LedgerEntry.fee, LedgerEntry.currency).where(LedgerEntry.fee != 0)
        assert session.execute(fees).all() == [(1500, "usd")]


def test_a_repeated_balance_transaction_counts_once_and_two_add_up(
    installation: Installation, gift: Facts
) -> None:
    tell_dispute(installation, gift, gift.dispute("needs_response", -1000))
    tell_dispute(installation, gift, gift.dispute("needs_response", -1000, -500))
    tell_dispute(installation, gift, gift.dispute("needs_response", -1000))
    assert only(installation).withdrawn == 1500
    assert booked(installation, gift)[1:] == [("dispute", -1000, 0), ("dispute", -500, 0)]
    assert state_and_receipt(installation, gift) == ("disputed", 2500)


def test_the_latest_time_and_the_evidence_deadline_are_kept(
    installation: Installation, gift: Facts
) -> None:
    tell_dispute(installation, gift, gift.dispute("needs_response"), 500)
    tell_dispute(installation, gift, gift.dispute("won", evidence_details={"due_by": None}), 400)
    found = only(installation)
    assert found.as_of == after(gift, 500)
    assert found.due_by == after(gift, 800_000)


def test_an_inquiry_is_new_once(installation: Installation, gift: Facts) -> None:
    inquiry = gift.dispute("warning_needs_response")
    outcomes = [tell_dispute(installation, gift, inquiry) for _ in range(2)]
    assert [one.applied for one in outcomes] == [True, False]
    assert outcomes[0].note == "the dispute is warning_needs_response"
    assert state_and_receipt(installation, gift) == ("paid", 2500)
