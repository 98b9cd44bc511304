"""What a failed event keeps, what it rolls back, and what a replay does with one that cannot be read."""

import logging
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import structlog
from sqlalchemy import select
from structlog.testing import capture_logs

from campaign.core.clock import now
from campaign.core.errors import EventHeld, FactMismatch, NotFound
from campaign.core.task_queue import OUTBOX
from campaign.models import Donation, InboxEvent, LedgerEntry, Receipt
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events, apply_next_event, replay_event
from tests.support.notifier import RecordingNotifier
from tests.support.stripe import Facts, Json, event

Give = Callable[..., Facts]
Store = Callable[..., None]


def read(installation: Installation, event_id: str) -> InboxEvent:
    with installation.sessions() as session:
        return session.get_one(InboxEvent, event_id)


def test_a_failed_event_keeps_its_error_and_leaves_nothing_of_its_effects(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give()
    wrong = facts.completed(amount_total=2499)
    store(wrong)
    before = now()
    assert apply_due_events(installation) == 1
    kept = read(installation, wrong["id"])
    assert (kept.state, kept.attempts, kept.finished_at) == ("failed", 1, None)
    assert kept.last_error == (
        f"FactMismatch: pi_{facts.number} is for 2499 usd, but donation"
        f" {facts.donation.public_id} is for 2500 usd."
    )
    assert before + timedelta(seconds=5) <= kept.next_attempt_at <= now() + timedelta(seconds=5)
    with installation.sessions() as session:
        # Not even the session's id, which is saved before the amount is compared.
        assert session.scalars(select(Donation.session_id)).one() is None
        assert session.scalars(select(LedgerEntry)).all() == []
        assert session.scalars(select(Receipt)).all() == []
    # It is not due again yet.
    assert apply_due_events(installation) == 0


@pytest.mark.parametrize("currency", ["eur", "jpy"])
def test_a_payment_in_another_currency_is_never_booked(
    installation: Installation, give: Give, store: Store, currency: str
) -> None:
    facts = give()
    intent = event("payment_intent.succeeded", facts.intent(currency=currency))
    session_event = facts.completed(currency=currency)
    store(intent, session_event)
    apply_due_events(installation)
    for each in (intent, session_event):
        assert f"is for 2500 {currency}, but donation" in (
            read(installation, each["id"]).last_error or ""
        )
    with installation.sessions() as session:
        assert session.scalars(select(LedgerEntry)).all() == []


def test_a_fixed_event_is_applied_by_its_replay_and_loses_its_error(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give(amount=2499)
    shown = facts.completed(amount_total=2500)
    store(shown)
    apply_due_events(installation)
    with pytest.raises(FactMismatch):
        replay_event(installation, shown["id"])
    assert read(installation, shown["id"]).state == "failed"
    with installation.sessions.begin() as session:
        session.get_one(Donation, facts.donation.id).amount = 2500
    notifier = RecordingNotifier()
    assert replay_event(replace(installation, notify=notifier), shown["id"]).applied
    kept = read(installation, shown["id"])
    assert (kept.state, kept.last_error) == ("done", None)
    assert notifier.asked == [OUTBOX]


def test_a_replay_of_an_unknown_event_says_so(installation: Installation) -> None:
    with pytest.raises(NotFound):
        replay_event(installation, "evt_none")


@pytest.mark.parametrize("found", [{"object": "payout"}, {"id": "po_1", "created": None}])
def test_a_replay_of_an_unreadable_event_says_so_and_changes_nothing(
    installation: Installation, store: Store, found: Json
) -> None:
    odd = event("payout.paid", found)
    store(odd)
    with pytest.raises(EventHeld, match=f"{odd['id']} does not have the form of a Stripe event"):
        replay_event(installation, odd["id"])
    assert read(installation, odd["id"]).state == "received"


def test_an_event_that_cannot_be_read_delays_no_other_and_the_emails_of_all_are_asked_for_once(
    installation: Installation, give: Give, store: Store
) -> None:
    good = give()
    store(event("invoice.paid", {"object": "invoice"}), good.completed(), good.intent_succeeded())
    notifier = RecordingNotifier()
    here = replace(installation, notify=notifier)
    assert apply_due_events(here) == 3
    assert notifier.asked == [OUTBOX]
    assert (apply_due_events(here), notifier.asked) == (0, [OUTBOX])
    assert apply_next_event(here) is False
    with installation.sessions() as session:
        states = list(session.scalars(select(InboxEvent.state).order_by(InboxEvent.id)))
        assert session.get_one(Donation, good.donation.id).state == "paid"
    assert sorted(states) == ["done", "held", "ignored"]


def test_an_event_says_when_and_why_it_ended(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give()
    paid, again = facts.completed(), facts.intent_succeeded()
    before = now()
    for shown in (paid, again):
        store(shown)
        apply_due_events(installation)
    shown_at = {shown["id"]: shown["created"] for shown in (paid, again)}
    first, second = (read(installation, shown["id"]) for shown in (paid, again))
    assert first.note.startswith("paid; receipt ")
    assert (second.state, second.note) == ("ignored", "the donation is already paid")
    for kept in (first, second):
        assert kept.finished_at is not None
        assert before <= kept.finished_at <= now()
        assert int(kept.occurred_at.timestamp()) == shown_at[kept.id]


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged from now on; other tests log nothing."""
    quiet = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    with capture_logs() as found:
        yield found
    structlog.configure(**quiet)


@pytest.mark.parametrize(
    ("attempts", "state", "name", "level"),
    [
        (0, "failed", "event_failed", "warning"),
        (10, "failed", "event_failed", "warning"),
        (11, "given_up", "event_given_up", "error"),
    ],
)
def test_an_event_that_is_given_up_after_twelve_attempts_is_logged_as_an_error(
    installation: Installation,
    give: Give,
    store: Store,
    logged: list[MutableMapping[str, Any]],
    attempts: int,
    state: str,
    name: str,
    level: str,
) -> None:
    odd = give().completed(amount_total=2499)
    store(odd)
    with installation.sessions.begin() as session:
        session.get_one(InboxEvent, odd["id"]).attempts = attempts
    assert apply_due_events(installation) == 1
    assert read(installation, odd["id"]).state == state
    (entry,) = logged
    assert (entry["event"], entry["log_level"], entry["event_id"]) == (name, level, odd["id"])
