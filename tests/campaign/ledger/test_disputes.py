"""Disputes: the amounts known to have moved, whichever event is missed, and the order of statuses."""

import itertools
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from campaign.models import Dispute, LedgerEntry, Receipt
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.ledger import (
    add_donation_to,
    after,
    campaign_in,
    entries,
    ledger_entries_of,
    raised,
    report_charge,
    report_dispute,
    report_paid,
    settlement_summary,
    state_and_receipt,
)
from tests.support.stripe import Facts

Give = Callable[..., Facts]
Store = Callable[..., None]


@pytest.fixture
def gift(installation: Installation, give: Give) -> Facts:
    """A paid gift of $25."""
    facts = give()
    report_paid(installation, facts)
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
    assert settlement_summary(installation, facts) == ("paid", 2500, 2500)
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
    report_dispute(installation, gift, gift.dispute(status), **moved)
    found = only(installation)
    assert (found.withdrawn, found.reinstated) == known
    assert raised(installation) == 2500 - known[0] + known[1]


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        ("lost", "needs_response", "lost"),
        ("lost", "won", "won"),
        ("lost", "appeal_needs_response", "appeal_needs_response"),
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
        report_dispute(installation, gift, gift.dispute(status, -2500))
    assert only(installation).status == kept


def test_a_won_dispute_in_yen_on_a_dollar_balance_moves_yen(
    installation: Installation,
) -> None:
    facts = add_donation_to(installation, campaign_in(installation, "jpy"), 2500)
    report_paid(installation, facts)
    disputed, won = facts.dispute("needs_response", -1678), facts.dispute("won", -1678, 1678)
    for one in disputed["balance_transactions"] + won["balance_transactions"]:
        one["currency"] = "usd"
    report_dispute(installation, facts, disputed)
    assert (only(installation).withdrawn, raised(installation)) == (2500, 0)
    report_dispute(installation, facts, won)
    found = only(installation)
    assert (found.withdrawn, found.reinstated) == (2500, 2500)
    assert (state_and_receipt(installation, facts), raised(installation)) == (("paid", 2500), 2500)
    with installation.sessions() as session:
        fees = select(LedgerEntry.fee, LedgerEntry.currency).where(LedgerEntry.fee != 0)
        assert session.execute(fees).all() == [(1500, "usd")]


def test_a_repeated_balance_transaction_counts_once_and_two_add_up(
    installation: Installation, gift: Facts
) -> None:
    report_dispute(installation, gift, gift.dispute("needs_response", -1000))
    report_dispute(installation, gift, gift.dispute("needs_response", -1000, -500))
    report_dispute(installation, gift, gift.dispute("needs_response", -1000))
    assert only(installation).withdrawn == 1500
    assert ledger_entries_of(installation, gift)[1:] == [
        ("dispute", -1000, 0),
        ("dispute", -500, 0),
    ]
    assert state_and_receipt(installation, gift) == ("disputed", 2500)


def test_the_latest_time_and_the_evidence_deadline_are_kept(
    installation: Installation, gift: Facts
) -> None:
    report_dispute(installation, gift, gift.dispute("needs_response"), 500)
    report_dispute(installation, gift, gift.dispute("won", evidence_details={"due_by": None}), 400)
    found = only(installation)
    assert found.as_of == after(gift, 500)
    assert found.due_by == after(gift, 800_000)


def test_an_inquiry_is_new_once(installation: Installation, gift: Facts) -> None:
    inquiry = gift.dispute("warning_needs_response")
    outcomes = [report_dispute(installation, gift, inquiry) for _ in range(2)]
    assert [one.applied for one in outcomes] == [True, False]
    assert outcomes[0].note == "the dispute is warning_needs_response"
    assert state_and_receipt(installation, gift) == ("paid", 2500)


def test_a_dispute_is_saved_with_all_that_stripe_said(
    installation: Installation, gift: Facts
) -> None:
    report_dispute(installation, gift, gift.dispute("needs_response", -2500), 500)
    found = only(installation)
    assert (found.stripe_id, found.donation_id) == (f"du_{gift.number}", gift.donation.id)
    assert (found.payment_intent_id, found.charge_id) == (f"pi_{gift.number}", f"ch_{gift.number}")
    assert (found.amount, found.currency) == (2500, "usd")
    assert (found.reason, found.status) == ("fraudulent", "needs_response")
    assert (found.opened_at, found.as_of) == (after(gift, 90), after(gift, 500))
    assert found.due_by == after(gift, 800_000)
    assert found.balance_transactions == [
        {
            "id": f"txn_{gift.number}_0",
            "amount": -2500,
            "fee": 1500,
            "currency": "usd",
            "created": gift.created + 100,
            "category": "dispute",
        }
    ]


# https://docs.stripe.com/api/disputes/object (status), in the order in which a dispute can pass through them.
STATUSES = (
    "warning_needs_response",
    "warning_under_review",
    "warning_closed",
    "prevented",
    "needs_response",
    "under_review",
    "lost",
    "appeal_needs_response",
    "appeal_under_review",
    "won",
)


@pytest.mark.parametrize(("weaker", "stronger"), list(itertools.pairwise(STATUSES)))
def test_a_status_never_moves_backward(
    installation: Installation, gift: Facts, weaker: str, stronger: str
) -> None:
    for name, told in (("du_up", (weaker, stronger)), ("du_down", (stronger, weaker))):
        for status in told:
            report_dispute(installation, gift, gift.dispute(status, id=name, amount=100))
    with installation.sessions() as session:
        rows = session.execute(select(Dispute.stripe_id, Dispute.status).order_by(Dispute.id))
        assert rows.all() == [("du_up", stronger), ("du_down", stronger)]


def test_the_deadline_is_that_of_the_strongest_status(
    installation: Installation, gift: Facts
) -> None:
    def due(status: str, seconds: int) -> int:
        shown = {"due_by": gift.created + seconds}
        report_dispute(installation, gift, gift.dispute(status, evidence_details=shown))
        moment = only(installation).due_by
        assert moment is not None
        return int(moment.timestamp()) - gift.created

    assert due("warning_needs_response", 100) == 100
    assert due("needs_response", 200) == 200
    assert due("warning_needs_response", 300) == 200, "an older report"
    assert due("needs_response", 400) == 200, "the same status"


def test_balance_transactions_are_kept_in_the_order_they_happened(
    installation: Installation, gift: Facts
) -> None:
    shown = gift.dispute("won", -2500, 2500)
    first, second = shown["balance_transactions"]
    report_dispute(installation, gift, shown | {"balance_transactions": [second]})
    report_dispute(installation, gift, shown | {"balance_transactions": [first]})
    assert [one["id"] for one in only(installation).balance_transactions] == [
        first["id"],
        second["id"],
    ]
    assert state_and_receipt(installation, gift) == ("paid", 2500)


def test_a_balance_transaction_of_nothing_moves_nothing(
    installation: Installation, gift: Facts
) -> None:
    report_dispute(installation, gift, gift.dispute("needs_response", 0))
    found = only(installation)
    assert (found.withdrawn, found.reinstated, len(found.balance_transactions)) == (0, 0, 1)
    assert ledger_entries_of(installation, gift) == [("payment", 2500, 0)]


def test_a_part_that_came_back_is_a_gain_once_the_dispute_is_lost(
    installation: Installation, gift: Facts
) -> None:
    outcome = report_dispute(installation, gift, gift.dispute("under_review", -2500, 1000))
    found = only(installation)
    assert (found.withdrawn, found.reinstated) == (2500, 0)
    assert outcome.applied
    assert state_and_receipt(installation, gift) == ("disputed", 2500)
    assert raised(installation) == 0
    report_dispute(installation, gift, gift.dispute("lost", -2500, 1000))
    assert state_and_receipt(installation, gift) == ("dispute_lost", 0)
    assert (raised(installation), gained(installation, gift)) == (0, [("usd", 1000)])


def gained(installation: Installation, facts: Facts) -> list[tuple[str, int]]:
    """Return (currency, gain) of each gain or loss."""
    return [
        (one.currency, -one.fee)
        for one in entries(installation, facts)
        if one.kind == "dispute_gain_loss"
    ]


def kinds(installation: Installation, facts: Facts) -> list[str]:
    return [kind for kind, _, _ in ledger_entries_of(installation, facts)]


def receipts(installation: Installation) -> list[str]:
    with installation.sessions() as session:
        return list(session.scalars(select(Receipt.kind).order_by(Receipt.id)))


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=str)
def test_a_won_appeal_is_a_paid_gift_in_every_order(
    installation: Installation, gift: Facts, order: tuple[int, ...]
) -> None:
    told = [("lost", 100), ("appeal_needs_response", 200), ("appeal_under_review", 300)]
    told.append(("won", 400))
    for place in order:
        status, seconds = told[place]
        moved = (-2500, 2500) if status == "won" else (-2500,)
        report_dispute(installation, gift, gift.dispute(status, *moved), seconds)
    assert state_and_receipt(installation, gift) == ("paid", 2500)
    found = only(installation)
    assert (found.status, found.appealed, found.withdrawn) == ("won", True, 2500)
    assert (raised(installation), gained(installation, gift)) == (2500, [])


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=str)
def test_a_lost_appeal_is_a_lost_gift_in_every_order_and_nothing_is_booked_twice(
    installation: Installation, gift: Facts, order: tuple[int, ...]
) -> None:
    told = [("lost", 100), ("appeal_needs_response", 200), ("appeal_under_review", 300)]
    told.append(("lost", 400))
    for place in order:
        status, seconds = told[place]
        report_dispute(installation, gift, gift.dispute(status, -2500), seconds)
    assert state_and_receipt(installation, gift) == ("dispute_lost", 0)
    assert kinds(installation, gift) == ["payment", "dispute"]
    assert receipts(installation) == ["receipt", "void"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_within_one_second_the_status_before_tells_a_lost_appeal_from_what_it_appeals(
    installation: Installation, gift: Facts, order: tuple[int, ...]
) -> None:
    told = [
        ("lost", "under_review"),
        ("appeal_under_review", "appeal_needs_response"),
        ("lost", "appeal_under_review"),
    ]
    for place in order:
        status, before = told[place]
        report_dispute(installation, gift, gift.dispute(status, -2500), 100, previous_status=before)
    assert only(installation).status == "lost"
    assert state_and_receipt(installation, gift) == ("dispute_lost", 0)


def test_while_an_appeal_is_open_the_gift_is_disputed_with_the_present_deadline(
    installation: Installation, gift: Facts
) -> None:
    def told(status: str, seconds: int, due: int | None) -> None:
        due_by = {"due_by": due and gift.created + due}
        shown = gift.dispute(status, -2500, evidence_details=due_by)
        report_dispute(installation, gift, shown, seconds)

    told("lost", 100, 50)
    told("appeal_needs_response", 200, 5_000)
    assert state_and_receipt(installation, gift) == ("disputed", 0)
    assert only(installation).due_by == after(gift, 5_000)
    told("appeal_needs_response", 250, 6_000)
    assert only(installation).due_by == after(gift, 6_000)
    told("appeal_under_review", 300, None)
    assert only(installation).due_by is None
    assert receipts(installation) == ["receipt", "void"]


def test_a_dispute_won_and_lost_after_all_is_taken_again_once(
    installation: Installation, gift: Facts
) -> None:
    for seconds, status in enumerate(("lost", "won", "lost", "lost"), 100):
        report_dispute(installation, gift, gift.dispute(status, -2500), seconds)
    assert state_and_receipt(installation, gift) == ("dispute_lost", 0)
    assert kinds(installation, gift) == ["payment", "dispute", "dispute_reversed", "dispute"]


def test_a_dispute_that_was_prevented_takes_the_gift_only_if_it_took_the_money(
    installation: Installation, gift: Facts
) -> None:
    report_dispute(installation, gift, gift.dispute("prevented"))
    assert state_and_receipt(installation, gift) == ("paid", 2500)
    report_dispute(installation, gift, gift.dispute("prevented", -2500), 200)
    assert state_and_receipt(installation, gift) == ("dispute_lost", 0)
    assert receipts(installation) == ["receipt", "void"]


def test_a_report_of_an_event_that_cents_came_back_reinstates_no_lost_gift(
    installation: Installation, gift: Facts
) -> None:
    """https://docs.stripe.com/api/events/types: funds_reinstated is sent for parts as well."""
    report_dispute(installation, gift, gift.dispute("lost", -2500, 50), reinstated=True)
    assert state_and_receipt(installation, gift) == ("dispute_lost", 0)
    assert gained(installation, gift) == [("usd", 50)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_cents_of_a_lost_dispute_are_never_its_return_even_if_that_is_not_listed(
    installation: Installation, gift: Facts, order: tuple[int, ...]
) -> None:
    told = [("lost", (-2500, 50), 100), ("appeal_under_review", (), 200), ("won", (), 300)]
    for place in order:
        status, moved, seconds = told[place]
        report_dispute(installation, gift, gift.dispute(status, *moved), seconds)
    assert state_and_receipt(installation, gift) == ("paid", 2500)
    assert gained(installation, gift) == [("usd", 50)]


def test_two_disputes_of_parts_are_counted_apart(installation: Installation, gift: Facts) -> None:
    for name, amount, status in (("du_a", 1000, "lost"), ("du_b", 700, "won")):
        report_dispute(
            installation,
            gift,
            gift.dispute(status, id=name, amount=amount, balance_transactions=[]),
        )
    assert state_and_receipt(installation, gift) == ("dispute_lost", 1500)
    assert raised(installation) == 1500


def test_a_dispute_with_only_a_charge_is_matched_by_it(
    installation: Installation, gift: Facts
) -> None:
    report_charge(installation, gift, gift.charge())
    report_dispute(installation, gift, gift.dispute("lost", payment_intent=None))
    assert only(installation).donation_id == gift.donation.id
    assert state_and_receipt(installation, gift) == ("dispute_lost", 0)
