"""Settlement: evidence in any order and repeated has the same ledger, state and receipt."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from campaign.models import (
    InboxEvent,
    LedgerEntry,
    ProgressShard,
    Receipt,
)
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.ledger import (
    add_donation_to,
    campaign_in,
    ledger_entries_of,
    raised,
    report_charge,
    report_dispute,
    report_paid,
    report_refund,
    settlement_summary,
    state_and_receipt,
)
from tests.support.stripe import Facts, Json

Give = Callable[..., Facts]
Store = Callable[..., None]
Reported = Callable[[Facts], list[Json]]


HISTORIES: dict[str, tuple[Reported, tuple[str, int, int]]] = {
    "a whole refund": (
        lambda facts: [facts.completed(), facts.refunded("a", 2500), facts.charge_refunded(2500)],
        ("refunded", 0, 0),
    ),
    "a part": (
        lambda facts: [facts.completed(), facts.refunded("a", 1000), facts.charge_refunded(1000)],
        ("partially_refunded", 1500, 1500),
    ),
    "two parts, also reported by the charge": (
        lambda facts: [
            facts.completed(),
            facts.refunded("a", 1000),
            facts.charge_refunded(1000),
            facts.refunded("b", 500),
            facts.charge_refunded(1500),
        ],
        ("partially_refunded", 1000, 1000),
    ),
    "a refund reported only by the charge": (
        lambda facts: [facts.completed(), facts.charge_refunded(1000), facts.charge_refunded(1500)],
        ("partially_refunded", 1000, 1000),
    ),
    "a failed refund": (
        lambda facts: [
            facts.completed(),
            facts.refunded("a", 1000, "pending"),
            facts.refund_failed("a", 1000),
            facts.charge_refunded(1000),
            facts.charge_refunded(0),
        ],
        ("paid", 2500, 2500),
    ),
    "one failed, one did not": (
        lambda facts: [
            facts.completed(),
            facts.refunded("a", 1000),
            facts.refunded("b", 700),
            facts.refund_failed("a", 1000),
            facts.charge_refunded(1700),
        ],
        ("partially_refunded", 1800, 1800),
    ),
    "an open dispute": (
        lambda facts: [
            facts.completed(),
            facts.disputed("created"),
            facts.disputed("funds_withdrawn", "needs_response", -2500),
        ],
        ("disputed", 0, 2500),
    ),
    "a won dispute": (
        lambda facts: [
            facts.completed(),
            facts.disputed("funds_withdrawn", "needs_response", -2500),
            facts.disputed("funds_reinstated", "won", -2500, 2500),
            facts.disputed("closed", "won", -2500, 2500),
        ],
        ("paid", 2500, 2500),
    ),
    "a lost dispute": (
        lambda facts: [
            facts.completed(),
            facts.disputed("created", "needs_response", -2500),
            facts.disputed("funds_withdrawn", "needs_response", -2500),
            facts.disputed("closed", "lost", -2500),
        ],
        ("dispute_lost", 0, 0),
    ),
    "a dispute whose events list no balance transactions": (
        lambda facts: [
            facts.completed(),
            facts.disputed("created"),
            facts.disputed("funds_withdrawn"),
            facts.disputed("closed", "lost"),
        ],
        ("dispute_lost", 0, 0),
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
    "a debit reversed after it succeeded": (
        lambda facts: [facts.promised(), facts.debit_succeeded(), facts.debit_failed()],
        ("failed", 0, 0),
    ),
    "a debit reversed, as reported by its charge": (
        lambda facts: [facts.promised(), facts.debit_succeeded(), facts.charge_returned()],
        ("failed", 0, 0),
    ),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_a_history_in_any_order_has_the_same_result(
    installation: Installation, give: Give, store: Store, name: str
) -> None:
    shown, end = HISTORIES[name]
    count = len(shown(give(email="count@example.org")))
    orders = list(itertools.permutations(range(count)))
    raised = 0
    for number, order in enumerate(orders[:: max(1, len(orders) // 24)]):
        facts = give(email=f"donor{number}@example.org")
        events = shown(facts)
        for place in order:
            store(events[place])
            apply_due_events(installation)
        state, counted, acknowledged = settlement_summary(installation, facts)
        # A debit that failed before its success was reported was never receipted for long.
        assert (state, counted, acknowledged) == end, order
        raised += counted
    with installation.sessions() as session:
        assert (session.scalar(select(func.sum(ProgressShard.raised))) or 0) == raised


def test_covered_fees_are_refunded_last_and_never_count(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give(fee_cover=106)
    store(facts.completed(), facts.refunded("a", 2000))
    apply_due_events(installation)
    assert settlement_summary(installation, facts) == ("partially_refunded", 500, 606)
    store(facts.refunded("b", 550))
    apply_due_events(installation)
    assert settlement_summary(installation, facts) == ("partially_refunded", 0, 56)
    store(facts.refunded("c", 56))
    apply_due_events(installation)
    assert settlement_summary(installation, facts) == ("refunded", 0, 0)
    with installation.sessions() as session:
        moved = session.execute(
            select(LedgerEntry.amount, LedgerEntry.fee_cover).order_by(LedgerEntry.id)
        ).all()
    assert moved == [(2500, 106), (-2000, 0), (-500, -50), (0, -56)]


def test_a_fully_refunded_gift_no_longer_counts_as_a_donation(
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


def test_receipts_form_a_linked_chain(installation: Installation, give: Give, store: Store) -> None:
    facts = give()
    store(facts.completed())
    apply_due_events(installation)
    for shown in (
        facts.refunded("a", 1000),
        facts.refunded("b", 1500),
        facts.refund_failed("b", 1500),
    ):
        store(shown)
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
        assert "The remaining amount is $15." in " ".join(chain[1].frozen["wording"])
        assert "voids receipt" in " ".join(chain[2].frozen["wording"])
    assert settlement_summary(installation, facts) == ("partially_refunded", 1500, 1500)


def test_a_refund_in_another_currency_fails_visibly(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give()
    store(facts.completed())
    apply_due_events(installation)
    shown = facts.refunded("a", 1000)
    shown["data"]["object"]["currency"] = "eur"
    store(shown)
    apply_due_events(installation)
    with installation.sessions() as session:
        failed = session.get_one(InboxEvent, shown["id"])
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
        # The dispute is for the whole charge, though 10 had been refunded before.
        assert settlement_summary(installation, facts) == ("disputed", -1000, 1500)


def test_a_won_dispute_in_yen_restores_gift_and_fees_and_keeps_the_receipt(
    installation: Installation,
) -> None:
    facts = add_donation_to(installation, campaign_in(installation, "jpy"), 2500, fee_cover=93)
    report_paid(installation, facts)
    report_dispute(installation, facts, facts.dispute("needs_response", -2593))
    assert (state_and_receipt(installation, facts), raised(installation)) == (("disputed", 2593), 0)
    report_dispute(installation, facts, facts.dispute("won", -2593, 2593))
    assert (
        ledger_entries_of(installation, facts)
        == [
            ("payment", 2500, 93),
            ("dispute", -2500, -93),
            ("dispute_reversed", 2500, 93),
            ("fee", 0, 0),
        ][:3]
    )
    assert (state_and_receipt(installation, facts), raised(installation)) == (("paid", 2593), 2500)
    with installation.sessions() as session:
        assert len(session.scalars(select(Receipt)).all()) == 1


def test_a_refund_of_all_but_one_yen_is_partial(installation: Installation) -> None:
    facts = add_donation_to(installation, campaign_in(installation, "jpy"), 2500, fee_cover=93)
    report_paid(installation, facts)
    report_refund(installation, facts, facts.refund("a", 2592))
    assert (state_and_receipt(installation, facts), raised(installation)) == (
        ("partially_refunded", 1),
        0,
    )
    report_refund(installation, facts, facts.refund("b", 1))
    assert state_and_receipt(installation, facts) == ("refunded", 0)
    assert ledger_entries_of(installation, facts)[1:] == [("refund", -2500, -92), ("refund", 0, -1)]


def test_a_full_dispute_won_after_a_partial_refund_leaves_the_rest(
    installation: Installation, give: Give
) -> None:
    facts = give(fee_cover=106)
    report_paid(installation, facts)
    report_refund(installation, facts, facts.refund("a", 2550))
    report_dispute(installation, facts, facts.dispute("needs_response", -2606))
    assert state_and_receipt(installation, facts) == ("disputed", 56)
    report_dispute(installation, facts, facts.dispute("won", -2606, 2606))
    assert (state_and_receipt(installation, facts), raised(installation)) == (
        ("partially_refunded", 56),
        0,
    )


def test_a_full_dispute_lost_after_a_partial_refund_voids_the_receipt_once(
    installation: Installation, give: Give
) -> None:
    facts = give(fee_cover=106)
    report_paid(installation, facts)
    report_refund(installation, facts, facts.refund("a", 1000))
    for _ in range(2):
        report_dispute(installation, facts, facts.dispute("lost", -2606))
    assert (state_and_receipt(installation, facts), raised(installation)) == (
        ("dispute_lost", 0),
        -1000,
    )
    with installation.sessions() as session:
        kinds = session.scalars(select(Receipt.kind).order_by(Receipt.id)).all()
    assert kinds == ["receipt", "corrected", "void"]


def test_only_the_lost_one_of_two_disputes_reduces_the_receipt(
    installation: Installation, give: Give
) -> None:
    facts = give()
    report_paid(installation, facts)
    first = facts.dispute("lost", -700, amount=700)
    second = facts.dispute("needs_response", amount=300, id="du_second")
    report_dispute(installation, facts, first)
    report_dispute(installation, facts, second, withdrawn=True)
    assert (state_and_receipt(installation, facts), raised(installation)) == (
        ("dispute_lost", 1800),
        1500,
    )


def test_a_refund_before_its_payment_is_settled_with_it(
    installation: Installation, give: Give
) -> None:
    facts = give()
    assert report_refund(installation, facts, facts.refund("a", 1000)).applied
    assert ledger_entries_of(installation, facts) == []
    outcome = report_paid(installation, facts)
    assert "; then the donation is partially_refunded; receipt " in outcome.note
    assert state_and_receipt(installation, facts) == ("partially_refunded", 1500)


def test_repeated_evidence_changes_nothing(installation: Installation, give: Give) -> None:
    facts = give()
    report_paid(installation, facts)
    told_twice = [report_refund(installation, facts, facts.refund("a", 1000)) for _ in range(2)]
    assert [one.applied for one in told_twice] == [True, False]
    assert told_twice[1].note == "nothing new"
    assert len(ledger_entries_of(installation, facts)) == 2


def test_a_debit_reversed_after_a_refund_is_reversed_in_full(
    installation: Installation, give: Give
) -> None:
    facts = give()
    report_paid(installation, facts)
    report_refund(installation, facts, facts.refund("a", 1000))
    for _ in range(2):
        returned = facts.charge(status="failed", failure_balance_transaction="txn_back")
        report_charge(installation, facts, returned)
    assert ledger_entries_of(installation, facts)[2:] == [("payment_reversed", -2500, 0)]
    assert (state_and_receipt(installation, facts), raised(installation)) == (("failed", 0), -1000)
