"""An event that names something of ours is never put aside as somebody else's."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from campaign.core import clock
from campaign.models import InboxEvent
from campaign.reporting.review_queue import read_review
from campaign.runtime.context import Installation
from campaign.stripe_events.named_gifts import find_named_gift
from campaign.stripe_events.process import apply_due_events
from tests.support.stripe import Facts, Json, event

Store = Callable[..., None]
UNKNOWN = "don_0123456789abcdef0123"


def apply(installation: Installation, store: Store, shown: Json) -> InboxEvent:
    store(shown)
    apply_due_events(installation)
    with installation.sessions() as session:
        return session.scalars(select(InboxEvent).where(InboxEvent.id == shown["id"])).one()


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("checkout.session.completed", "session"),
        ("checkout.session.expired", "session"),
        ("payment_intent.succeeded", "intent"),
        ("invoice.paid", "invoice"),
        ("invoice.payment_failed", "invoice"),
    ],
)
def test_a_gift_that_is_not_here_is_seen_by_staff(
    installation: Installation,
    give: Callable[..., Facts],
    store: Store,
    kind: str,
    found: str,
) -> None:
    """It may have begun after the backup that was restored."""
    facts = give(frequency="monthly" if found == "invoice" else "one_time")
    known = getattr(facts, found)("second") if found == "invoice" else getattr(facts, found)()
    shown = event(kind, replaced(known, facts.donation.public_id, UNKNOWN))
    stored = apply(installation, store, shown)
    assert stored.state == "held"
    assert f"{kind} names {UNKNOWN}, but could not be placed" in (stored.last_error or "")
    with installation.sessions() as session:
        (seen,) = read_review(session, clock.now()).events
    assert seen.id == shown["id"]


def replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {name: replaced(one, old, new) for name, one in value.items()}
    return new if value == old else value


def test_an_invoice_whose_own_wording_hides_its_subscription_is_seen_by_staff(
    installation: Installation, give: Callable[..., Facts], store: Store
) -> None:
    facts = give(frequency="monthly")
    store(facts.completed(), facts.invoice_paid())
    apply_due_events(installation)
    bare = facts.invoice("second", parent=None, lines={"data": [{"sub": facts.subscription}]})
    assert apply(installation, store, event("invoice.paid", bare)).state == "held"


@pytest.mark.parametrize(
    "found",
    [
        {"id": "pi_9", "status": "succeeded", "currency": "usd", "created": 1, "metadata": {}},
        {
            "id": "pi_9",
            "status": "succeeded",
            "currency": "usd",
            "created": 1,
            "metadata": {"donation_id": "shop-17", "order": "don_9"},
        },
    ],
)
def test_what_names_nothing_of_ours_is_ignored(
    installation: Installation, store: Store, found: Json
) -> None:
    shown = event("payment_intent.succeeded", found)
    assert apply(installation, store, shown).state == "ignored"


def test_sessions_and_subscriptions_count_only_if_they_are_known(
    installation: Installation, give: Callable[..., Facts], store: Store
) -> None:
    facts = give(frequency="monthly")
    store(facts.completed())
    apply_due_events(installation)
    with installation.sessions() as session:
        for name in (facts.subscription, facts.session()["id"]):
            assert find_named_gift(session, {"deep": [{"id": name}]}) == name
        for name in ("sub_other", "cs_test_other", "x", "", None, 7):
            assert find_named_gift(session, {"deep": [{"id": name}]}) is None
