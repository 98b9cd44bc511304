"""Events of a monthly gift have the same result in every order, and each email is queued once."""

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
    to_confirm,
    updated,
)

Give = Callable[..., Facts]
Store = Callable[..., None]


@pytest.fixture
def monthly(give: Give) -> Facts:
    """A monthly gift of $25 that covers $1.06 of fees; the donor is on Stripe's page."""
    return give(frequency="monthly", fee_cover=106)


def sent_emails(installation: Installation, kind: str) -> list[str]:
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


def test_an_update_may_arrive_first(
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


def test_an_unpaid_checkout_starts_no_gift(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    created = event("customer.subscription.created", subscription(monthly, status="incomplete"))
    expired = updated(monthly, 9, status="incomplete_expired", ended_at=monthly.created + 9)
    apply_each(installation, store, created, expired)
    with installation.sessions() as session:
        assert session.scalars(select(Subscription)).all() == []
    assert sent_emails(installation, "subscription_ended") == []


def test_other_subscriptions_are_ignored(
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


def test_a_scheduled_cancellation_is_known_in_advance(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    ending = {"cancel_at_period_end": True, "cancel_at": monthly.created + 30 * DAY}
    apply_each(installation, store, updated(monthly, 10, **ending))
    assert (
        only_subscription(installation).state,
        only_subscription(installation).ends_at_period_end,
    ) == ("active", True)


def test_a_cancellation_wins_over_later_events(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    events = [deleted(monthly, 40), updated(monthly, 50), failed(monthly, 60), deleted(monthly, 70)]
    apply_each(installation, store, monthly.completed(), *events)
    found = only_subscription(installation)
    assert (found.state, found.ended_at) == ("ended", moment(monthly, 40))
    assert sent_emails(installation, "subscription_ended") == [monthly.subscription]
    assert sent_emails(installation, "renewal_failed") == []


def test_a_failed_renewal_is_past_due_and_emailed_once_per_attempt(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(installation, store, monthly.completed(), failed(monthly, 100))
    apply_each(installation, store, failed(monthly, 100), failed(monthly, 200, attempt=2))
    found = only_subscription(installation)
    assert (found.state, found.failed_at) == ("past_due", moment(monthly, 200))
    assert found.payment_update_url == f"https://invoice.stripe.com/i/{monthly.number}"
    invoice = f"in_{monthly.number}_second"
    assert sent_emails(installation, "renewal_failed") == [f"{invoice}:1", f"{invoice}:2"]


def details_of(installation: Installation) -> list[object]:
    with installation.sessions() as session:
        return list(
            session.scalars(
                select(OutboxMessage.details).where(OutboxMessage.kind == "renewal_failed")
            )
        )


@pytest.mark.parametrize("attempts", [(1,), (1, 2), (3,)])
@pytest.mark.parametrize(
    "order", ["confirm", "confirm failed", "failed confirm", "confirm confirm failed confirm"]
)
def test_what_the_bank_wants_is_said_once_per_attempt_in_any_order(
    installation: Installation,
    store: Store,
    monthly: Facts,
    order: str,
    attempts: tuple[int, ...],
) -> None:
    apply_each(installation, store, monthly.invoice_paid())
    reports = {"confirm": to_confirm, "failed": failed}
    for place, attempt in enumerate(attempts):
        for name in order.split():
            after = 1000 + place * DAY
            apply_each(installation, store, reports[name](monthly, after, attempt=attempt))
    invoice = f"in_{monthly.number}_second"
    assert sent_emails(installation, "renewal_failed") == [f"{invoice}:{one}" for one in attempts]
    assert details_of(installation) == [{"confirm": True}] * len(attempts)
    known = only_subscription(installation)
    assert (known.state, known.failed_invoice_id) == ("past_due", invoice)
    assert known.payment_update_url == f"https://invoice.stripe.com/i/{monthly.number}"
    apply_each(installation, store, monthly.invoice_paid("second"))
    assert only_subscription(installation).state == "active"


def test_a_plain_failure_after_one_to_confirm_is_plain(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(
        installation,
        store,
        monthly.invoice_paid(),
        to_confirm(monthly, 1000),
        failed(monthly, 1000 + DAY, attempt=2),
    )
    assert details_of(installation) == [{"confirm": True}, {}]


def test_the_first_payment_is_confirmed_on_stripes_page(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    found = to_confirm(monthly, 0, "first")
    found["data"]["object"]["billing_reason"] = "subscription_create"
    apply_each(installation, store, found)
    assert sent_emails(installation, "renewal_failed") == []


def test_a_failed_first_invoice_needs_no_email(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(installation, store, failed(monthly, 5, "first"))
    assert sent_emails(installation, "renewal_failed") == []


def test_a_failure_after_its_payment_changes_nothing(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(installation, store, monthly.completed(), monthly.invoice_paid("second"))
    apply_each(installation, store, failed(monthly, 100))
    assert only_subscription(installation).state == "active"
    assert sent_emails(installation, "renewal_failed") == []


def test_a_payment_clears_the_failure_and_a_later_failure_is_new(
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


def test_a_gift_that_stripe_reports_active_again_is_not_unpaid(
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
    """A year of one gift: a renewal fails twice and is paid, then the gift is paused and resumed."""
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
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 10_000), ended=st.booleans())
def test_every_order_with_repeats_has_the_same_result(
    installation: Installation, give: Give, store: Store, seed: int, *, ended: bool
) -> None:
    chance = random.Random(seed)
    facts = give(frequency="monthly", fee_cover=106, email=f"donor{chance.random()}@example.org")
    events = history(facts) + ([deleted(facts, 700, "payment_failed")] if ended else [])
    again = [dict(found, id=f"{found['id']}x{chance.random()}") for found in events[::3]]
    shown = events + again
    chance.shuffle(shown)
    apply_each(installation, store, *shown)
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


def test_four_concurrent_workers_have_the_same_result_without_deadlock(
    installation: Installation, give: Give, store: Store
) -> None:
    everyone = [
        give(frequency="monthly", fee_cover=106, email=f"d{n}@example.org") for n in range(4)
    ]
    shown = [found for facts in everyone for found in history(facts)]
    shown += [dict(found, id=f"{found['id']}x") for found in shown]
    random.Random(11).shuffle(shown)
    store(*shown)
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
    """Apply a response to a call that was made when `seen` was the newest event."""
    with installation.sessions.begin() as session:
        apply_answer(session, found, seen, now(), installation.books)


def test_in_the_same_second_the_later_id_wins_and_a_repeat_is_ignored(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    rest = {"behavior": "void", "resumes_at": None}
    later = {**updated(monthly, 20, pause_collection=rest), "id": "evt_b"}
    apply_each(installation, store, later, {**updated(monthly, 20), "id": "evt_a"})
    assert only_subscription(installation).state == "paused"
    shown = (moment(monthly, 20), "evt_b")
    with installation.sessions.begin() as session:
        outcome = apply_subscription(session, fact(monthly), shown, installation.books)
    assert (outcome.applied, outcome.note) == (False, "a newer update was already applied")
    apply_each(installation, store, {**updated(monthly, 20), "id": "evt_c"})
    assert only_subscription(installation).state == "active"


def test_a_response_applies_unless_a_newer_event_was_applied(
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


def test_a_canceled_response_always_applies_and_nothing_after_it(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(installation, store, updated(monthly, 10))
    over = fact(monthly, status="canceled", ended_at=monthly.created + 30)
    for found in (over, fact(monthly), over):
        answer(installation, found, None)
    ended = only_subscription(installation)
    assert (ended.state, ended.ended_at) == ("ended", moment(monthly, 30))
    assert sent_emails(installation, "subscription_ended") == [monthly.subscription]


def test_a_response_about_an_unknown_gift_creates_none(
    installation: Installation, monthly: Facts
) -> None:
    answer(installation, fact(monthly), None)
    with installation.sessions() as session:
        assert session.scalars(select(Subscription)).all() == []


def test_another_currency_is_refused(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(installation, store, updated(monthly, 10))
    shown = (moment(monthly, 20), "evt_z")
    with (
        pytest.raises(FactMismatch, match="is in eur, the monthly gift in usd"),
        installation.sessions.begin() as session,
    ):
        apply_subscription(session, fact(monthly, currency="eur"), shown, installation.books)
    assert only_subscription(installation).as_of == moment(monthly, 10)


@pytest.mark.parametrize(("running_at", "state"), [(100, "past_due"), (101, "active")])
def test_a_failure_is_cleared_only_by_a_later_update(
    installation: Installation, store: Store, monthly: Facts, running_at: int, state: str
) -> None:
    events = [failed(monthly, 100), updated(monthly, running_at)]
    apply_each(installation, store, monthly.completed(), *events)
    assert only_subscription(installation).state == state


@pytest.mark.parametrize(("running_at", "state"), [(100, "past_due"), (101, "active")])
def test_the_result_is_the_same_if_the_failure_arrives_last(
    installation: Installation, store: Store, monthly: Facts, running_at: int, state: str
) -> None:
    events = [updated(monthly, running_at), failed(monthly, 100)]
    apply_each(installation, store, monthly.completed(), *events)
    assert only_subscription(installation).state == state


def test_an_older_failure_does_not_replace_a_newer_one(
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
