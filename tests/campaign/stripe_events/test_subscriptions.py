"""What Stripe says of monthly gifts ends alike in every order, and each letter is written once."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from campaign.models import (
    Donation,
    InboxEvent,
    LedgerEntry,
    OutboxMessage,
    Receipt,
    Subscription,
)
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.stripe import Facts, Json, event
from tests.support.subscription_facts import (
    DAY,
    deleted,
    failed,
    invoice_payment,
    subscription,
    updated,
)

Give = Callable[..., Facts]
Store = Callable[..., None]


@pytest.fixture
def monthly(give: Give) -> Facts:
    """A monthly gift of $25 that covers $1.06 of fees; the donor is on Stripe's page."""
    return give(frequency="monthly", cover=106)


def apply(installation: Installation, store: Store, *events: Json) -> None:
    """One after another, as they come."""
    for found in events:
        store(found)
        apply_due_events(installation)
    with installation.sessions() as session:
        bad = session.scalars(
            select(InboxEvent.last_error).where(InboxEvent.state.in_(["failed", "given_up"]))
        ).all()
    assert bad == []


def read(installation: Installation) -> Subscription:
    with installation.sessions() as session:
        return session.scalars(select(Subscription)).one()


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
    apply(installation, store, updated(monthly, 5))
    found = read(installation)
    assert (found.state, found.status, found.amount, found.cover) == ("active", "active", 2500, 106)
    assert found.current_period_end == moment(monthly, 30 * DAY)
    assert found.customer_id == f"cus_{monthly.number}"
    apply(installation, store, monthly.completed(), monthly.invoice_paid())
    with installation.sessions() as session:
        assert session.scalars(select(Donation.subscription_id)).one() == found.id


def test_a_checkout_that_was_never_paid_begins_nothing(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    created = event("customer.subscription.created", subscription(monthly, status="incomplete"))
    expired = updated(monthly, 9, status="incomplete_expired", ended_at=monthly.created + 9)
    apply(installation, store, created, expired)
    with installation.sessions() as session:
        assert session.scalars(select(Subscription)).all() == []
    assert letters(installation, "subscription_ended") == []


def test_somebody_elses_subscription_is_of_no_interest(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply(installation, store, updated(monthly, metadata={}), failed(monthly, 5, parent=None))
    with installation.sessions() as session:
        states = set(session.scalars(select(InboxEvent.state)))
        assert session.scalars(select(Subscription)).all() == []
    assert states == {"ignored"}


def test_the_newest_update_wins_and_an_older_one_changes_nothing(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    rest = {"behavior": "void", "resumes_at": monthly.created + 60 * DAY}
    apply(installation, store, updated(monthly, 20, pause_collection=rest), updated(monthly, 10))
    found = read(installation)
    assert (found.state, found.paused_until) == ("paused", moment(monthly, 60 * DAY))
    apply(installation, store, updated(monthly, 30))
    assert (read(installation).state, read(installation).paused_until) == ("active", None)


def test_the_end_that_was_asked_for_is_known_before_it_comes(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    ending = {"cancel_at_period_end": True, "cancel_at": monthly.created + 30 * DAY}
    apply(installation, store, updated(monthly, 10, **ending))
    assert (read(installation).state, read(installation).ends_at_period_end) == ("active", True)


def test_the_end_wins_over_all_that_comes_later(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    events = [deleted(monthly, 40), updated(monthly, 50), failed(monthly, 60), deleted(monthly, 70)]
    apply(installation, store, monthly.completed(), *events)
    found = read(installation)
    assert (found.state, found.ended_at) == ("ended", moment(monthly, 40))
    assert letters(installation, "subscription_ended") == [monthly.subscription]
    assert letters(installation, "renewal_failed") == []


def test_a_renewal_that_was_paid_before_the_end_is_booked_after_it(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply(installation, store, deleted(monthly, 40), monthly.completed())
    apply(installation, store, monthly.invoice_paid("second"))
    assert read(installation).state == "ended"
    with installation.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Receipt)) == 2


def test_a_failed_renewal_is_past_due_and_written_about_once_a_try(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply(installation, store, monthly.completed(), failed(monthly, 100))
    apply(installation, store, failed(monthly, 100), failed(monthly, 200, attempt=2))
    found = read(installation)
    assert (found.state, found.failed_at) == ("past_due", moment(monthly, 200))
    assert found.mend_url == f"https://invoice.stripe.com/i/{monthly.number}"
    invoice = f"in_{monthly.number}_second"
    assert letters(installation, "renewal_failed") == [f"{invoice}:1", f"{invoice}:2"]


def test_the_first_invoice_fails_on_stripes_page_and_needs_no_letter(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply(installation, store, failed(monthly, 5, "first"))
    assert letters(installation, "renewal_failed") == []


def test_a_failure_that_comes_after_its_payment_changes_nothing(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply(installation, store, monthly.completed(), monthly.invoice_paid("second"))
    apply(installation, store, failed(monthly, 100))
    assert read(installation).state == "active"
    assert letters(installation, "renewal_failed") == []


def test_the_payment_mends_the_failure_and_a_later_one_is_another(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply(installation, store, monthly.completed(), failed(monthly, 100))
    apply(installation, store, updated(monthly, 100, status="past_due"))
    apply(installation, store, monthly.invoice_paid("second"), updated(monthly, 300))
    found = read(installation)
    assert (found.state, found.failed_invoice_id, found.mend_url) == ("active", None, None)
    apply(installation, store, failed(monthly, 400, "third"))
    assert read(installation).failed_invoice_id == f"in_{monthly.number}_third"


def test_a_gift_that_stripe_calls_active_again_is_not_unpaid(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply(installation, store, monthly.completed(), failed(monthly, 100), updated(monthly, 200))
    assert (read(installation).state, read(installation).failed_at) == ("active", None)


def test_a_changed_amount_is_split_as_it_was_noted_with_it(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    parts = {"donation_id": monthly.donation.public_id, "gift": "4000", "cover": "151"}
    changed = subscription(monthly, metadata=parts)
    for item, amount in zip(changed["items"]["data"], (4000, 151), strict=True):
        item["price"]["unit_amount"] = amount
    details = {"subscription": monthly.subscription, "metadata": parts}
    renewal = monthly.invoice_paid(
        "second", amount_paid=4151, parent={"subscription_details": details}
    )
    apply(installation, store, monthly.completed(), renewal)
    apply(installation, store, event("customer.subscription.updated", changed))
    assert (read(installation).amount, read(installation).cover) == (4000, 151)
    with installation.sessions() as session:
        entries = select(LedgerEntry.amount, LedgerEntry.cover).order_by(LedgerEntry.id)
        assert [tuple(row) for row in session.execute(entries)] == [(2500, 106), (4000, 151)]


def test_an_amount_set_in_stripes_dashboard_is_all_gift(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply(installation, store, monthly.completed())
    apply(installation, store, monthly.invoice_paid("second", amount_paid=9900))
    with installation.sessions() as session:
        renewal = session.scalars(select(Donation).order_by(Donation.id.desc()).limit(1)).one()
    assert (renewal.amount, renewal.cover, renewal.state) == (9900, 0, "paid")


@pytest.mark.parametrize("paid_first", [True, False])
def test_the_payment_of_a_renewal_is_known_in_either_order(
    installation: Installation, store: Store, monthly: Facts, *, paid_first: bool
) -> None:
    apply(installation, store, monthly.completed())
    both = [monthly.invoice_paid("second"), invoice_payment(monthly)]
    apply(installation, store, *(both if paid_first else reversed(both)), invoice_payment(monthly))
    with installation.sessions() as session:
        renewal = session.scalars(select(Donation).order_by(Donation.id.desc()).limit(1)).one()
    assert renewal.payment_intent_id == f"pi_{monthly.number}_second"


@pytest.mark.parametrize("place", range(4))
def test_a_refund_of_a_renewal_finds_it_wherever_it_comes(
    installation: Installation, store: Store, monthly: Facts, place: int
) -> None:
    refund = {
        "id": f"re_{monthly.number}",
        "object": "refund",
        "created": monthly.created,
        "status": "succeeded",
        "amount": 2606,
        "currency": "usd",
        "payment_intent": f"pi_{monthly.number}_second",
        "charge": f"ch_{monthly.number}",
    }
    events = [monthly.completed(), monthly.invoice_paid("second"), invoice_payment(monthly)]
    events.insert(place, event("refund.created", refund))
    apply(installation, store, *events)
    with installation.sessions() as session:
        states = session.scalars(select(Donation.state).order_by(Donation.id)).all()
    assert states == ["paid", "refunded"]


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
    facts = give(frequency="monthly", cover=106, email=f"donor{chance.random()}@example.org")
    events = history(facts) + ([deleted(facts, 700, "payment_failed")] if ended else [])
    again = [dict(found, id=f"{found['id']}x{chance.random()}") for found in events[::3]]
    told = events + again
    chance.shuffle(told)
    apply(installation, store, *told)
    with installation.sessions() as session:
        found = session.scalars(
            select(Subscription).where(Subscription.stripe_id == facts.subscription)
        ).one()
        gifts = session.scalars(
            select(Donation).where(Donation.subscription_id == found.id).order_by(Donation.amount)
        ).all()
    assert [(one.state, one.amount, one.cover) for one in gifts] == [("paid", 2500, 106)] * 2
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
    everyone = [give(frequency="monthly", cover=106, email=f"d{n}@example.org") for n in range(4)]
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
