"""Stored events become money, once, in any order, by any number of workers."""

import itertools
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from campaign.ledger.invariants import broken_invariants
from campaign.models import (
    Campaign,
    Donation,
    InboxEvent,
    LedgerEntry,
    OutboxMessage,
    ProgressShard,
    Receipt,
)
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events, replay_event
from tests.support.stripe import Facts, Json, event

Give = Callable[..., Facts]
Store = Callable[..., None]


def standing(installation: Installation, facts: Facts) -> tuple[str, int, int, int]:
    """(state, raised in the shards, receipts, messages)."""
    with installation.sessions() as session:
        donation = session.get_one(Donation, facts.donation.id)
        raised = session.scalar(select(func.coalesce(func.sum(ProgressShard.raised), 0)))
        receipts = session.scalar(select(func.count()).select_from(Receipt))
        messages = session.scalar(select(func.count()).select_from(OutboxMessage))
        assert list(broken_invariants(session)) == []
        return donation.state, int(raised or 0), receipts or 0, messages or 0


def test_a_completed_session_is_money_receipt_and_message(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give()
    store(facts.completed())
    assert apply_due_events(installation) == 1
    assert standing(installation, facts) == ("paid", 2500, 1, 1)
    with installation.sessions() as session:
        entry = session.scalars(select(LedgerEntry)).one()
        stored = session.scalars(select(InboxEvent)).one()
    assert (entry.kind, entry.amount, entry.source) == ("payment", 2500, f"pi_{facts.number}")
    assert (stored.state, stored.last_error) == ("done", None)


def test_covered_fees_are_charged_and_receipted_but_are_not_progress(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give(cover=106)
    store(facts.completed())
    apply_due_events(installation)
    assert standing(installation, facts)[:2] == ("paid", 2500)
    with installation.sessions() as session:
        assert session.scalars(select(Receipt.amount)).one() == 2606


CARD = ("intent_failed", "completed", "intent_succeeded")
DEBIT = ("promised", "debit_succeeded", "intent_succeeded")
BROKEN_DEBIT = ("promised", "intent_failed", "debit_failed")
CANCELLED = ("promised", "intent_canceled", "expired")
ABANDONED = ("intent_failed", "expired")


@pytest.mark.parametrize(
    ("names", "state", "raised"),
    [
        (CARD, "paid", 2500),
        (DEBIT, "paid", 2500),
        (BROKEN_DEBIT, "failed", 0),
        (CANCELLED, "failed", 0),
        (ABANDONED, "expired", 0),
    ],
)
def test_every_order_of_the_same_facts_ends_alike(
    installation: Installation,
    give: Give,
    store: Store,
    names: tuple[str, ...],
    state: str,
    raised: int,
) -> None:
    orders = list(itertools.permutations(names))
    for number, order in enumerate(orders, start=1):
        facts = give(email=f"donor{number}@example.org")
        for name in order:
            store(getattr(facts, name)())
            apply_due_events(installation)
        paid = int(raised > 0) * number
        assert standing(installation, facts) == (state, raised * number, paid, paid), order


def test_the_end_of_a_page_that_nobody_was_shown_ends_nothing(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give()
    with installation.sessions.begin() as session:
        session.get_one(Donation, facts.donation.id).session_id = "cs_test_shown"
    store(facts.expired())
    apply_due_events(installation)
    assert standing(installation, facts) == ("pending", 0, 0, 0)


def test_a_promise_is_pending_and_not_raised(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give()
    store(facts.promised())
    apply_due_events(installation)
    assert standing(installation, facts) == ("processing", 0, 0, 0)


def test_a_monthly_gift_is_counted_once_by_session_and_first_invoice(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give(frequency="monthly")
    store(facts.completed(), facts.invoice_paid())
    apply_due_events(installation)
    assert standing(installation, facts) == ("paid", 2500, 1, 1)


def test_a_renewal_is_a_donation_of_its_own_even_when_it_arrives_first(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give(frequency="monthly")
    store(facts.invoice_paid("second"), facts.invoice_paid("second"))
    apply_due_events(installation)
    store(facts.invoice_paid(), facts.completed())
    apply_due_events(installation)
    assert standing(installation, facts) == ("paid", 5000, 2, 2)


def test_a_charge_after_the_deadline_is_receipted_but_not_counted(
    installation: Installation, campaign: Campaign, give: Give, store: Store
) -> None:
    facts = give()
    late = int(campaign.deadline.timestamp())
    store(event("checkout.session.completed", facts.session(), created=late))
    apply_due_events(installation)
    assert standing(installation, facts) == ("paid", 0, 1, 1)


def test_a_debit_promised_before_the_deadline_counts_when_it_arrives_after(
    installation: Installation, campaign: Campaign, give: Give, store: Store
) -> None:
    facts = give()
    late = int(campaign.deadline.timestamp()) + 86_400
    store(event("checkout.session.async_payment_succeeded", facts.session(), created=late))
    apply_due_events(installation)
    assert standing(installation, facts) == ("paid", 2500, 1, 1)


def test_everything_three_times_in_reverse_from_four_threads_changes_nothing(
    installation: Installation, give: Give, store: Store
) -> None:
    donors = [give(email=f"donor{n}@example.org", amount=1000 + n) for n in range(8)]
    monthly = [give(email=f"monthly{n}@example.org", frequency="monthly") for n in range(4)]
    events: list[Json] = []
    for facts in donors:
        events += [facts.intent_failed(), facts.completed(), facts.intent_succeeded()]
    for facts in monthly:
        events += [facts.completed(), facts.invoice_paid(), facts.invoice_paid("second")]
    repeated = [
        dict(found, id=f"{found['id']}_{turn}") for turn in range(3) for found in reversed(events)
    ]
    store(*repeated)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: apply_due_events(installation), range(4)))
    expected = sum(1000 + n for n in range(8)) + 4 * 2 * 2500
    assert standing(installation, donors[0]) == ("paid", expected, 16, 16)
    with installation.sessions() as session:
        states = set(session.scalars(select(InboxEvent.state)))
    assert states == {"done", "ignored"}


def test_an_unknown_type_is_recorded_as_ignored(installation: Installation, store: Store) -> None:
    store(event("customer.tax_id.created", {"id": "txi_1", "object": "tax_id"}))
    apply_due_events(installation)
    with installation.sessions() as session:
        stored = session.scalars(select(InboxEvent)).one()
    assert (stored.state, stored.note) == ("ignored", "no handler for customer.tax_id.created")


def test_a_payment_of_another_amount_fails_visibly_and_books_nothing(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give()
    store(facts.completed(amount_total=9900))
    apply_due_events(installation)
    assert standing(installation, facts) == ("pending", 0, 0, 0)
    with installation.sessions() as session:
        stored = session.scalars(select(InboxEvent)).one()
    assert (stored.state, stored.attempts) == ("failed", 1)
    assert "9900 usd" in (stored.last_error or "")
    assert stored.next_attempt_at > stored.received_at


def test_a_second_payment_of_one_gift_fails_visibly(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give()
    twice = facts.completed(payment_intent="pi_another")
    store(facts.completed())
    apply_due_events(installation)
    store(twice)
    apply_due_events(installation)
    assert standing(installation, facts) == ("paid", 2500, 1, 1)
    with installation.sessions() as session:
        stored = session.get_one(InboxEvent, twice["id"])
    assert stored.state == "failed"
    assert "and by pi_another too" in (stored.last_error or "")


def test_a_failing_event_is_given_up_after_its_attempts_and_holds_up_no_other(
    installation: Installation, give: Give, store: Store
) -> None:
    bad, good = give(), give(email="ben@example.org")
    broken = bad.completed(amount_total=1)
    store(broken)
    for _ in range(12):
        with installation.sessions.begin() as session:
            session.get_one(InboxEvent, broken["id"]).next_attempt_at = bad.donation.created_at
        apply_due_events(installation)
    store(good.completed())
    apply_due_events(installation)
    assert standing(installation, good) == ("paid", 2500, 1, 1)
    with installation.sessions() as session:
        stored = session.get_one(InboxEvent, broken["id"])
    assert (stored.state, stored.attempts) == ("given_up", 12)


def test_replay_of_an_applied_event_is_harmless(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give()
    completed = facts.completed()
    store(completed)
    apply_due_events(installation)
    assert not replay_event(installation, completed["id"]).applied
    assert standing(installation, facts) == ("paid", 2500, 1, 1)


def test_random_histories_agree_with_the_strongest_fact(
    installation: Installation, give: Give, store: Store
) -> None:
    chance = random.Random(7)
    names = ["intent_failed", "promised", "expired", "debit_failed", "completed", "debit_succeeded"]
    strength = ["pending", "declined", "expired", "processing", "paid", "failed"]
    told = {
        "intent_failed": 1,
        "expired": 2,
        "promised": 3,
        "completed": 4,
        "debit_succeeded": 4,
        "debit_failed": 5,
    }
    for number in range(30):
        facts = give(email=f"random{number}@example.org")
        history = chance.choices(names, k=chance.randint(1, 5))
        for name in history:
            store(getattr(facts, name)())
        apply_due_events(installation)
        assert standing(installation, facts)[0] == strength[max(told[name] for name in history)]
