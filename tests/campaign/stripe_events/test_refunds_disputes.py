"""Money that goes back: in every order and repeated, books, state and receipt end alike."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from campaign.ledger.invariants import broken_invariants
from campaign.models import (
    Dispute,
    Donation,
    FraudWarning,
    InboxEvent,
    LedgerEntry,
    ProgressShard,
    Receipt,
)
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.stripe import Facts, Json, event

Give = Callable[..., Facts]
Store = Callable[..., None]
Told = Callable[[Facts], list[Json]]


def standing(installation: Installation, facts: Facts) -> tuple[str, int, int]:
    """(state, what the ledger counts of it, what its valid receipt acknowledges), with the books in order."""
    with installation.sessions() as session:
        donation = session.get_one(Donation, facts.donation.id)
        counted = session.scalar(
            select(func.sum(LedgerEntry.amount)).where(LedgerEntry.donation_id == donation.id)
        )
        failing = session.scalars(
            select(InboxEvent.last_error).where(InboxEvent.last_error != "")
        ).all()
        assert failing == []
        assert list(broken_invariants(session)) == []
        return (
            donation.state,
            int(counted or 0),
            donation.receipt.amount if donation.receipt else -1,
        )


HISTORIES: dict[str, tuple[Told, tuple[str, int, int]]] = {
    "a whole refund": (
        lambda facts: [facts.completed(), facts.refunded("a", 2500), facts.charge_refunded(2500)],
        ("refunded", 0, 0),
    ),
    "a part": (
        lambda facts: [facts.completed(), facts.refunded("a", 1000), facts.charge_refunded(1000)],
        ("partially_refunded", 1500, 1500),
    ),
    "two parts, told by the charge as well": (
        lambda facts: [
            facts.completed(),
            facts.refunded("a", 1000),
            facts.charge_refunded(1000),
            facts.refunded("b", 500),
            facts.charge_refunded(1500),
        ],
        ("partially_refunded", 1000, 1000),
    ),
    "a refund that only the charge told": (
        lambda facts: [facts.completed(), facts.charge_refunded(1000), facts.charge_refunded(1500)],
        ("partially_refunded", 1000, 1000),
    ),
    "a refund that came back": (
        lambda facts: [
            facts.completed(),
            facts.refunded("a", 1000, "pending"),
            facts.refund_failed("a", 1000),
            facts.charge_refunded(1000),
            facts.charge_refunded(0),
        ],
        ("paid", 2500, 2500),
    ),
    "one came back, one did not": (
        lambda facts: [
            facts.completed(),
            facts.refunded("a", 1000),
            facts.refunded("b", 700),
            facts.refund_failed("a", 1000),
            facts.charge_refunded(1700),
        ],
        ("partially_refunded", 1800, 1800),
    ),
    "a dispute under way": (
        lambda facts: [
            facts.completed(),
            facts.disputed("created"),
            facts.disputed("funds_withdrawn", "needs_response", -2500),
        ],
        ("disputed", 0, 2500),
    ),
    "a dispute that was won": (
        lambda facts: [
            facts.completed(),
            facts.disputed("funds_withdrawn", "needs_response", -2500),
            facts.disputed("funds_reinstated", "won", -2500, 2500),
            facts.disputed("closed", "won", -2500, 2500),
        ],
        ("paid", 2500, 2500),
    ),
    "a dispute that was lost": (
        lambda facts: [
            facts.completed(),
            facts.disputed("created", "needs_response", -2500),
            facts.disputed("funds_withdrawn", "needs_response", -2500),
            facts.disputed("closed", "lost", -2500),
        ],
        ("lost", 0, 0),
    ),
    "a dispute whose events list no balance transactions": (
        lambda facts: [
            facts.completed(),
            facts.disputed("created"),
            facts.disputed("funds_withdrawn"),
            facts.disputed("closed", "lost"),
        ],
        ("lost", 0, 0),
    ),
    "an inquiry and a warning": (
        lambda facts: [
            facts.completed(),
            facts.disputed("created", "warning_needs_response"),
            facts.disputed("closed", "warning_closed"),
            facts.fraud_warned(),
        ],
        ("paid", 2500, 2500),
    ),
    "an inquiry that became a dispute": (
        lambda facts: [
            facts.completed(),
            facts.disputed("created", "warning_needs_response"),
            facts.disputed("updated", "needs_response"),
            facts.disputed("funds_withdrawn", "needs_response", -2500),
        ],
        ("disputed", 0, 2500),
    ),
    "a debit taken back after it had succeeded": (
        lambda facts: [facts.promised(), facts.debit_succeeded(), facts.debit_failed()],
        ("failed", 0, 0),
    ),
    "a debit taken back, as its charge tells": (
        lambda facts: [facts.promised(), facts.debit_succeeded(), facts.charge_returned()],
        ("failed", 0, 0),
    ),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_every_order_of_a_history_ends_alike(
    installation: Installation, give: Give, store: Store, name: str
) -> None:
    told, end = HISTORIES[name]
    count = len(told(give(email="count@example.org")))
    orders = list(itertools.permutations(range(count)))
    raised = 0
    for number, order in enumerate(orders[:: max(1, len(orders) // 24)]):
        facts = give(email=f"donor{number}@example.org")
        events = told(facts)
        for place in order:
            store(events[place])
            apply_due_events(installation)
        state, counted, acknowledged = standing(installation, facts)
        # A debit that had failed before it was heard to succeed was never acknowledged for long.
        assert (state, counted, acknowledged) == end, order
        raised += counted
    with installation.sessions() as session:
        assert (session.scalar(select(func.sum(ProgressShard.raised))) or 0) == raised


def test_covered_fees_go_back_last_and_never_count(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give(cover=106)
    store(facts.completed(), facts.refunded("a", 2000))
    apply_due_events(installation)
    assert standing(installation, facts) == ("partially_refunded", 500, 606)
    store(facts.refunded("b", 550))
    apply_due_events(installation)
    assert standing(installation, facts) == ("partially_refunded", 0, 56)
    store(facts.refunded("c", 56))
    apply_due_events(installation)
    assert standing(installation, facts) == ("refunded", 0, 0)
    with installation.sessions() as session:
        moved = session.execute(
            select(LedgerEntry.amount, LedgerEntry.cover).order_by(LedgerEntry.id)
        ).all()
    assert moved == [(2500, 106), (-2000, 0), (-500, -50), (0, -56)]


def test_a_dispute_costs_its_fee_once(installation: Installation, give: Give, store: Store) -> None:
    facts = give()
    store(facts.completed(), facts.disputed("funds_withdrawn"))
    apply_due_events(installation)
    store(
        facts.disputed("closed", "won", -2500, 2500), facts.disputed("funds_withdrawn", "x", -2500)
    )
    apply_due_events(installation)
    assert standing(installation, facts) == ("paid", 2500, 2500)
    with installation.sessions() as session:
        assert session.scalar(select(func.sum(LedgerEntry.fee))) == 1500
        kinds = session.scalars(select(LedgerEntry.kind).order_by(LedgerEntry.id)).all()
    assert kinds == ["payment", "dispute", "reinstatement", "fee"]


def test_a_gift_that_went_back_is_no_donation_any_more(
    installation: Installation, give: Give, store: Store
) -> None:
    first, second = give(), give()
    store(first.completed(), second.completed(), first.refunded("a", 2500))
    apply_due_events(installation)

    def counts() -> tuple[int, int, int]:
        with installation.sessions() as session:
            shard = ProgressShard
            sums = select(func.sum(shard.raised), func.sum(shard.donations), func.sum(shard.donors))
            raised, donations, donors = session.execute(sums).one()
            return int(raised), int(donations), int(donors)

    assert counts() == (2500, 1, 1)
    store(second.refunded("b", 2500))
    apply_due_events(installation)
    assert counts() == (0, 0, 0)
    store(first.refund_failed("a", 2500))
    apply_due_events(installation)
    assert counts() == (2500, 1, 1)


def test_receipts_form_a_chain_that_names_each_other(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give()
    store(facts.completed())
    apply_due_events(installation)
    for told in (
        facts.refunded("a", 1000),
        facts.refunded("b", 1500),
        facts.refund_failed("b", 1500),
    ):
        store(told)
        apply_due_events(installation)
    with installation.sessions() as session:
        chain = session.scalars(select(Receipt).order_by(Receipt.id)).all()
        assert [(one.kind, one.amount) for one in chain] == [
            ("receipt", 2500),
            ("corrected", 1500),
            ("void", 0),
            ("corrected", 1500),
        ]
        assert [one.replaces_id for one in chain] == [None, *(one.id for one in chain[:-1])]
        assert chain[0].number in " ".join(chain[1].frozen["wording"])
        assert "$15 of it remains given" in " ".join(chain[1].frozen["wording"])
        assert "voids receipt" in " ".join(chain[2].frozen["wording"])
    assert standing(installation, facts) == ("partially_refunded", 1500, 1500)


def test_a_return_of_nobodys_payment_waits_and_is_told(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give()
    store(facts.refunded("a", 1000), facts.disputed("created"), facts.fraud_warned())
    apply_due_events(installation)
    assert standing(installation, facts) == ("pending", 0, -1)
    with installation.sessions() as session:
        notes = session.scalars(select(InboxEvent.note)).all()
    assert notes.count("kept; no payment of ours is known for it yet") == 2
    store(facts.intent_succeeded())
    apply_due_events(installation)
    assert standing(installation, facts) == ("partially_refunded", 1500, 1500)
    with installation.sessions() as session:
        assert session.scalars(select(Dispute.donation_id)).one() == facts.donation.id
        assert session.scalars(select(FraudWarning.donation_id)).one() == facts.donation.id


def test_metadata_that_were_copied_to_another_charge_move_nothing(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give()
    store(facts.completed())
    apply_due_events(installation)
    metadata = {"donation_id": facts.donation.public_id}
    other = facts.charge(id="ch_other", payment_intent="pi_other", metadata=metadata)
    store(event("charge.refunded", other | {"amount_refunded": 2500}))
    apply_due_events(installation)
    assert standing(installation, facts) == ("paid", 2500, 2500)


def test_a_refund_in_another_currency_fails_visibly(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give()
    store(facts.completed())
    apply_due_events(installation)
    told = facts.refunded("a", 1000)
    told["data"]["object"]["currency"] = "eur"
    store(told)
    apply_due_events(installation)
    with installation.sessions() as session:
        failed = session.get_one(InboxEvent, told["id"])
    assert failed.state == "failed"
    assert "is in eur" in (failed.last_error or "")


def test_payment_refunds_and_dispute_from_eight_threads(
    installation: Installation, give: Give, store: Store
) -> None:
    gifts = [give(email=f"donor{n}@example.org") for n in range(12)]
    for turn in range(3):
        for facts in gifts:
            events = [
                facts.charge_refunded(1000),
                facts.refunded("a", 1000),
                facts.completed(),
                facts.intent_succeeded(),
                facts.disputed("funds_withdrawn", "needs_response", -1500),
            ]
            store(*[dict(one, id=f"{one['id']}_{turn}") for one in events])
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: apply_due_events(installation), range(8)))
    for facts in gifts:
        # The dispute names its whole charge, of which 10 had gone back before.
        assert standing(installation, facts) == ("disputed", -1000, 1500)
