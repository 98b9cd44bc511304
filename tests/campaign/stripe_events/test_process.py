"""Stored events are booked once, in any order, by any number of workers."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import select

from campaign.models import (
    InboxEvent,
    LedgerEntry,
)
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events, replay_event
from tests.support.ledger import payment_summary
from tests.support.stripe import Facts, Json, event

Give = Callable[..., Facts]
Store = Callable[..., None]


def test_a_completed_session_makes_an_entry_a_receipt_and_an_email(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give()
    store(facts.completed())
    assert apply_due_events(installation) == 1
    assert payment_summary(installation, facts) == ("paid", 2500, 1, 1)
    with installation.sessions() as session:
        entry = session.scalars(select(LedgerEntry)).one()
        stored = session.scalars(select(InboxEvent)).one()
    assert (entry.kind, entry.amount, entry.source) == ("payment", 2500, f"pi_{facts.number}")
    assert (stored.state, stored.last_error) == ("done", None)


def test_a_monthly_gift_is_counted_once_by_session_and_first_invoice(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give(frequency="monthly")
    store(facts.completed(), facts.invoice_paid())
    apply_due_events(installation)
    assert payment_summary(installation, facts) == ("paid", 2500, 1, 1)


def test_a_renewal_is_a_donation_of_its_own_even_when_it_arrives_first(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give(frequency="monthly")
    store(facts.invoice_paid("second"), facts.invoice_paid("second"))
    apply_due_events(installation)
    store(facts.invoice_paid(), facts.completed())
    apply_due_events(installation)
    assert payment_summary(installation, facts) == ("paid", 5000, 2, 2)


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
    assert payment_summary(installation, donors[0]) == ("paid", expected, 16, 16)
    with installation.sessions() as session:
        states = set(session.scalars(select(InboxEvent.state)))
    assert states == {"done", "ignored"}


def test_an_unknown_type_is_recorded_as_ignored(installation: Installation, store: Store) -> None:
    store(event("customer.tax_id.created", {"id": "txi_1", "object": "tax_id"}))
    apply_due_events(installation)
    with installation.sessions() as session:
        stored = session.scalars(select(InboxEvent)).one()
    assert (stored.state, stored.note) == ("ignored", "no handler for customer.tax_id.created")


def test_replay_of_an_applied_event_is_harmless(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give()
    completed = facts.completed()
    store(completed)
    apply_due_events(installation)
    assert not replay_event(installation, completed["id"]).applied
    assert payment_summary(installation, facts) == ("paid", 2500, 1, 1)
