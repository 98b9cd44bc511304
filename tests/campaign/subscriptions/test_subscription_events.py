"""What Stripe says of monthly gifts ends alike in every order, and each letter is written once."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from campaign.core.clock import now
from campaign.core.errors import FactMismatch
from campaign.gateway import SubscriptionFact, read_subscription
from campaign.models import (
    Donation,
    InboxEvent,
    OutboxMessage,
    Subscription,
)
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from campaign.subscriptions.subscription_events import (
    apply_answer,
    apply_subscription,
    latest_event,
)
from tests.support.stripe import Facts, Json, event
from tests.support.subscription_facts import (
    DAY,
    apply_each,
    deleted,
    failed,
    invoice_payment,
    only_subscription,
    subscription,
    updated,
)

Give = Callable[..., Facts]
Store = Callable[..., None]


@pytest.fixture
def monthly(give: Give) -> Facts:
    """A monthly gift of $25 that covers $1.06 of fees; the donor is on Stripe's page."""
    return give(frequency="monthly", fee_cover=106)


def letters(installation: Installation, kind: str) -> list[str]:
    with installation.sessions() as session:
        return list(
            session.scalars(
                select(OutboxMessage.subject_key)
                .where(OutboxMessage.kind == kind)
                .order_by(OutboxMessage.id)
            )
        )


def moment(facts: Facts, after: int) -> datetime:
    return datetime.fromtimestamp(facts.created + after, UTC)


def test_an_update_may_come_before_everything_else(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(installation, store, updated(monthly, 5))
    found = only_subscription(installation)
    assert (found.state, found.status, found.amount, found.fee_cover) == (
        "active",
        "active",
        2500,
        106,
    )
    assert found.current_period_end == moment(monthly, 30 * DAY)
    assert found.customer_id == f"cus_{monthly.number}"
    apply_each(installation, store, monthly.completed(), monthly.invoice_paid())
    with installation.sessions() as session:
        assert session.scalars(select(Donation.subscription_id)).one() == found.id


def test_a_checkout_that_was_never_paid_begins_nothing(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    created = event("customer.subscription.created", subscription(monthly, status="incomplete"))
    expired = updated(monthly, 9, status="incomplete_expired", ended_at=monthly.created + 9)
    apply_each(installation, store, created, expired)
    with installation.sessions() as session:
        assert session.scalars(select(Subscription)).all() == []
    assert letters(installation, "subscription_ended") == []


def test_somebody_elses_subscription_is_of_no_interest(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(installation, store, updated(monthly, metadata={}), failed(monthly, 5, parent=None))
    with installation.sessions() as session:
        states = set(session.scalars(select(InboxEvent.state)))
        assert session.scalars(select(Subscription)).all() == []
    assert states == {"ignored"}


def test_the_newest_update_wins_and_an_older_one_changes_nothing(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    rest = {"behavior": "void", "resumes_at": monthly.created + 60 * DAY}
    apply_each(
        installation, store, updated(monthly, 20, pause_collection=rest), updated(monthly, 10)
    )
    found = only_subscription(installation)
    assert (found.state, found.paused_until) == ("paused", moment(monthly, 60 * DAY))
    apply_each(installation, store, updated(monthly, 30))
    assert (
        only_subscription(installation).state,
        only_subscription(installation).paused_until,
    ) == ("active", None)


def test_the_end_that_was_asked_for_is_known_before_it_comes(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    ending = {"cancel_at_period_end": True, "cancel_at": monthly.created + 30 * DAY}
    apply_each(installation, store, updated(monthly, 10, **ending))
    assert (
        only_subscription(installation).state,
        only_subscription(installation).ends_at_period_end,
    ) == ("active", True)


def test_the_end_wins_over_all_that_comes_later(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    events = [deleted(monthly, 40), updated(monthly, 50), failed(monthly, 60), deleted(monthly, 70)]
    apply_each(installation, store, monthly.completed(), *events)
    found = only_subscription(installation)
    assert (found.state, found.ended_at) == ("ended", moment(monthly, 40))
    assert letters(installation, "subscription_ended") == [monthly.subscription]
    assert letters(installation, "renewal_failed") == []


def test_a_failed_renewal_is_past_due_and_written_about_once_a_try(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(installation, store, monthly.completed(), failed(monthly, 100))
    apply_each(installation, store, failed(monthly, 100), failed(monthly, 200, attempt=2))
    found = only_subscription(installation)
    assert (found.state, found.failed_at) == ("past_due", moment(monthly, 200))
    assert found.payment_update_url == f"https://invoice.stripe.com/i/{monthly.number}"
    invoice = f"in_{monthly.number}_second"
    assert letters(installation, "renewal_failed") == [f"{invoice}:1", f"{invoice}:2"]


def test_the_first_invoice_fails_on_stripes_page_and_needs_no_letter(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(installation, store, failed(monthly, 5, "first"))
    assert letters(installation, "renewal_failed") == []


def test_a_failure_that_comes_after_its_payment_changes_nothing(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(installation, store, monthly.completed(), monthly.invoice_paid("second"))
    apply_each(installation, store, failed(monthly, 100))
    assert only_subscription(installation).state == "active"
    assert letters(installation, "renewal_failed") == []


def test_the_payment_mends_the_failure_and_a_later_one_is_another(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(installation, store, monthly.completed(), failed(monthly, 100))
    apply_each(installation, store, updated(monthly, 100, status="past_due"))
    apply_each(installation, store, monthly.invoice_paid("second"), updated(monthly, 300))
    found = only_subscription(installation)
    assert (found.state, found.failed_invoice_id, found.payment_update_url) == (
        "active",
        None,
        None,
    )
    apply_each(installation, store, failed(monthly, 400, "third"))
    assert only_subscription(installation).failed_invoice_id == f"in_{monthly.number}_third"


def test_a_gift_that_stripe_calls_active_again_is_not_unpaid(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(
        installation, store, monthly.completed(), failed(monthly, 100), updated(monthly, 200)
    )
    assert (only_subscription(installation).state, only_subscription(installation).failed_at) == (
        "active",
        None,
    )


def history(facts: Facts) -> list[Json]:
    """A year of one gift: a renewal fails twice and is mended, then the gift rests and goes on."""
    rest = {"behavior": "void", "resumes_at": None}
    return [
        event("customer.subscription.created", subscription(facts, status="incomplete")),
        updated(facts, 2),
        facts.completed(),
        facts.invoice_paid(),
        failed(facts, 100),
        updated(facts, 100, status="past_due"),
        failed(facts, 200, attempt=2),
        facts.invoice_paid("second"),
        updated(facts, 300),
        invoice_payment(facts),
        updated(facts, 400, pause_collection=rest),
        updated(facts, 500, pause_collection=None),
        failed(facts, 600, "third"),
        updated(facts, 601, status="past_due", pause_collection=rest),
    ]


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 10_000), ended=st.booleans())
def test_every_order_with_repetition_ends_alike(
    installation: Installation, give: Give, store: Store, seed: int, *, ended: bool
) -> None:
    chance = random.Random(seed)
    facts = give(frequency="monthly", fee_cover=106, email=f"donor{chance.random()}@example.org")
    events = history(facts) + ([deleted(facts, 700, "payment_failed")] if ended else [])
    again = [dict(found, id=f"{found['id']}x{chance.random()}") for found in events[::3]]
    told = events + again
    chance.shuffle(told)
    apply_each(installation, store, *told)
    with installation.sessions() as session:
        found = session.scalars(
            select(Subscription).where(Subscription.stripe_id == facts.subscription)
        ).one()
        gifts = session.scalars(
            select(Donation).where(Donation.subscription_id == found.id).order_by(Donation.amount)
        ).all()
    assert [(one.state, one.amount, one.fee_cover) for one in gifts] == [("paid", 2500, 106)] * 2
    assert {one.payment_intent_id for one in gifts} == {None, f"pi_{facts.number}_second"}
    if ended:
        assert (found.state, found.end_reason) == ("ended", "payment_failed")
        assert found.failed_invoice_id is None
    else:
        assert (found.state, found.status) == ("paused", "past_due")
        assert found.failed_invoice_id == f"in_{facts.number}_third"


def test_four_workers_at_once_end_alike_and_in_each_others_way_never(
    installation: Installation, give: Give, store: Store
) -> None:
    everyone = [
        give(frequency="monthly", fee_cover=106, email=f"d{n}@example.org") for n in range(4)
    ]
    told = [found for facts in everyone for found in history(facts)]
    told += [dict(found, id=f"{found['id']}x") for found in told]
    random.Random(11).shuffle(told)
    store(*told)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: apply_due_events(installation), range(4)))
    with installation.sessions() as session:
        errors = session.scalars(select(InboxEvent.last_error)).all()
        found = session.scalars(select(Subscription)).all()
        paid = session.scalar(select(func.count()).where(Donation.state == "paid"))
    assert set(errors) == {None}
    assert {(one.state, one.status, one.amount) for one in found} == {("paused", "past_due", 2500)}
    assert (len(found), paid) == (4, 8)


def fact(facts: Facts, **changes: Any) -> SubscriptionFact:
    return read_subscription(subscription(facts, **changes))


def answer(
    installation: Installation, found: SubscriptionFact, seen: tuple[datetime, str] | None
) -> None:
    """What Stripe answered to a call of ours, which was made when `seen` was the newest event."""
    with installation.sessions.begin() as session:
        apply_answer(session, found, seen, now(), installation.books)


def test_of_two_updates_in_the_same_second_the_later_id_wins_and_the_same_one_is_old(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    rest = {"behavior": "void", "resumes_at": None}
    later = {**updated(monthly, 20, pause_collection=rest), "id": "evt_b"}
    apply_each(installation, store, later, {**updated(monthly, 20), "id": "evt_a"})
    assert only_subscription(installation).state == "paused"
    told = (moment(monthly, 20), "evt_b")
    with installation.sessions.begin() as session:
        outcome = apply_subscription(session, fact(monthly), told, installation.books)
    assert (outcome.applied, outcome.note) == (False, "a newer word of it is known")
    apply_each(installation, store, {**updated(monthly, 20), "id": "evt_c"})
    assert only_subscription(installation).state == "active"


def test_an_answer_counts_until_an_event_has_told_something_since(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(installation, store, {**updated(monthly, 10), "id": "evt_a"})
    seen = latest_event(only_subscription(installation))
    assert seen == (moment(monthly, 10), "evt_a")
    answer(installation, fact(monthly, cancel_at_period_end=True), seen)
    found = only_subscription(installation)
    assert (found.ends_at_period_end, latest_event(found)) == (True, seen)
    apply_each(installation, store, {**updated(monthly, 20), "id": "evt_b"})
    answer(installation, fact(monthly, cancel_at_period_end=True), seen)
    assert not only_subscription(installation).ends_at_period_end


def test_an_answer_that_it_has_ended_counts_whatever_was_told_and_nothing_after_it(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(installation, store, updated(monthly, 10))
    over = fact(monthly, status="canceled", ended_at=monthly.created + 30)
    for found in (over, fact(monthly), over):
        answer(installation, found, None)
    ended = only_subscription(installation)
    assert (ended.state, ended.ended_at) == ("ended", moment(monthly, 30))
    assert letters(installation, "subscription_ended") == [monthly.subscription]


def test_an_answer_about_a_gift_that_we_do_not_know_makes_none(
    installation: Installation, monthly: Facts
) -> None:
    answer(installation, fact(monthly), None)
    with installation.sessions() as session:
        assert session.scalars(select(Subscription)).all() == []


def test_another_currency_is_refused(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(installation, store, updated(monthly, 10))
    told = (moment(monthly, 20), "evt_z")
    with (
        pytest.raises(FactMismatch, match="is in eur, the monthly gift in usd"),
        installation.sessions.begin() as session,
    ):
        apply_subscription(session, fact(monthly, currency="eur"), told, installation.books)
    assert only_subscription(installation).as_of == moment(monthly, 10)


@pytest.mark.parametrize(("running_at", "state"), [(100, "past_due"), (101, "active")])
def test_a_failure_is_mended_by_what_came_after_it_not_by_what_came_with_it(
    installation: Installation, store: Store, monthly: Facts, running_at: int, state: str
) -> None:
    events = [failed(monthly, 100), updated(monthly, running_at)]
    apply_each(installation, store, monthly.completed(), *events)
    assert only_subscription(installation).state == state


@pytest.mark.parametrize(("running_at", "state"), [(100, "past_due"), (101, "active")])
def test_it_is_the_same_when_the_failure_is_heard_of_last(
    installation: Installation, store: Store, monthly: Facts, running_at: int, state: str
) -> None:
    events = [updated(monthly, running_at), failed(monthly, 100)]
    apply_each(installation, store, monthly.completed(), *events)
    assert only_subscription(installation).state == state


def test_an_older_failure_of_another_invoice_does_not_take_the_place_of_a_newer_one(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    events = [failed(monthly, 300, "third"), failed(monthly, 200, "second")]
    apply_each(installation, store, monthly.completed(), *events)
    found = only_subscription(installation)
    assert (found.failed_invoice_id, found.failed_at) == (
        f"in_{monthly.number}_third",
        moment(monthly, 300),
    )
    apply_each(installation, store, monthly.invoice_paid("second"))
    assert only_subscription(installation).state == "past_due"
