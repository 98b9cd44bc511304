"""Money for a donation of ours that is not in the database is never ignored in silence."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from campaign.core.clock import now
from campaign.core.errors import FactMismatch
from campaign.gateway import Event
from campaign.models import Campaign, InboxEvent
from campaign.runtime.context import Installation
from campaign.stripe_events.lost_donations import require_known_donation
from campaign.stripe_events.process import apply_due_events
from tests.support.stripe import Facts, Json, event

Give = Callable[..., Facts]
Store = Callable[..., None]
LOST = "don_bc2d77dc8cef24bb4c37"
OURS = {"donation_id": LOST, "campaign": "nine-days"}


def session_of(metadata: Json, **changes: Any) -> Json:
    return {
        "id": "cs_test_1",
        "object": "checkout.session",
        "created": 1_796_007_261,
        "mode": "payment",
        "status": "complete",
        "payment_status": "paid",
        "amount_total": 7700,
        "currency": "usd",
        "metadata": metadata,
        **changes,
    }


def intent_of(metadata: Json, **changes: Any) -> Json:
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "created": 1_796_007_261,
        "status": "succeeded",
        "amount_received": 7700,
        "currency": "usd",
        "metadata": metadata,
        **changes,
    }


def invoice_of(metadata: Json, **changes: Any) -> Json:
    details = {"subscription": "sub_1", "metadata": metadata}
    return {
        "id": "in_1",
        "object": "invoice",
        "amount_paid": 2000,
        "currency": "usd",
        "status": "paid",
        "parent": {"type": "subscription_details", "subscription_details": details},
        **changes,
    }


MONEY = {
    "checkout.session.completed": session_of,
    "payment_intent.succeeded": intent_of,
    "payment_intent.processing": lambda metadata: intent_of(metadata, status="processing"),
    "invoice.paid": invoice_of,
}


def states(installation: Installation) -> list[tuple[str, str | None]]:
    with installation.sessions() as session:
        rows = session.execute(select(InboxEvent.state, InboxEvent.last_error))
        return [(state, error) for state, error in rows]


@pytest.mark.parametrize("kind", MONEY)
def test_money_of_ours_without_its_donation_fails_visibly(
    installation: Installation, campaign: Campaign, store: Store, kind: str
) -> None:
    store(event(kind, MONEY[kind](OURS)))
    apply_due_events(installation)
    ((state, error),) = states(installation)
    assert state == "failed"
    assert error is not None
    assert f"Donation {LOST} of campaign nine-days is not in this database" in error
    assert "`campaign reconcile --apply`" in error


@pytest.mark.parametrize("kind", MONEY)
@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"donation_id": LOST},
        {"campaign": "nine-days"},
        {**OURS, "campaign": "of-somebody-else"},
        {**OURS, "donation_id": "don_1234"},
    ],
)
def test_money_of_others_is_ignored(
    installation: Installation, campaign: Campaign, store: Store, kind: str, metadata: Json
) -> None:
    store(event(kind, MONEY[kind](metadata)))
    apply_due_events(installation)
    assert states(installation) == [("ignored", None)]


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("checkout.session.expired", session_of(OURS, status="expired", payment_status="unpaid")),
        ("payment_intent.payment_failed", intent_of(OURS, status="requires_payment_method")),
        ("payment_intent.canceled", intent_of(OURS, status="canceled")),
    ],
)
def test_a_lost_donation_that_was_never_paid_is_ignored(
    installation: Installation, campaign: Campaign, store: Store, kind: str, found: Json
) -> None:
    store(event(kind, found))
    apply_due_events(installation)
    assert states(installation) == [("ignored", None)]


def test_a_repeated_event_of_a_known_gift_is_not_lost(
    installation: Installation, store: Store, give: Give
) -> None:
    facts = give()
    for found in (facts.completed(), facts.completed(), facts.intent_succeeded()):
        found["data"]["object"]["metadata"] = {**OURS, "donation_id": facts.donation.public_id}
        store(found)
    apply_due_events(installation)
    assert {state for state, _ in states(installation)} <= {"done", "ignored"}


TEXT = st.one_of(st.none(), st.text(max_size=30), st.integers(), st.just(LOST))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(sorted(MONEY)),
    donation_id=TEXT,
    slug=st.one_of(TEXT, st.just("nine-days")),
    status=TEXT,
)
def test_any_metadata_is_either_ours_or_passed_over(
    installation: Installation,
    campaign: Campaign,
    kind: str,
    donation_id: object,
    slug: object,
    status: object,
) -> None:
    found = MONEY[kind]({"donation_id": donation_id, "campaign": slug})
    if status is not None:
        found["status"] = status
    read = Event("evt_1", kind, livemode=False, created=now(), object=found)
    with installation.sessions() as session:
        if (donation_id, slug, status) == (LOST, "nine-days", None):
            with pytest.raises(FactMismatch):
                require_known_donation(session, read)
        elif donation_id != LOST or slug != "nine-days":
            require_known_donation(session, read)
