"""All events of several gifts, in Stripe's format, three times, in reverse, from four threads."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select

from campaign.campaigns.progress import Progress, read_progress
from campaign.ledger.invariants import broken_invariants
from campaign.models import Campaign, Donation, InboxEvent, Receipt
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.stripe import Json, signature

DONORS = [
    ("card@example.org", "one_time", None),
    ("ben@example.org", "one_time", "succeeds"),
    ("cora@example.org", "one_time", "fails"),
    ("monthly@example.org", "monthly", None),
]


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def journey(app: Flask, installation: Installation, stripe: StripeSandbox) -> list[Json]:
    """Four gifts: a card, a debit that settles, one that fails, a monthly gift with a renewal."""
    for email, frequency, bank in DONORS:
        form = {"amount": "25", "frequency": frequency, "email": email, "attempt": "a"}
        app.test_client().post("/c/nine-days/donate", data=form)
        with installation.sessions() as session:
            session_id = session.scalar(select(Donation.session_id).where(Donation.email == email))
        stripe.pay(session_id or "", bank=bank)
    stripe.advance(days=32)
    return stripe.events()


def deliver(app: Flask, installation: Installation, found: Json) -> int:
    body = json.dumps(found).encode()
    sent = {"Stripe-Signature": signature(body)}
    status = app.test_client().post("/stripe/webhook", data=body, headers=sent).status_code
    apply_due_events(installation)
    return status


def standing(installation: Installation, campaign: Campaign) -> tuple[list[str], int, int]:
    with installation.sessions() as session:
        assert list(broken_invariants(session)) == []
        progress: Progress = read_progress(session, campaign, campaign.starts_at)
        states = sorted(session.scalars(select(Donation.state)))
        return states, progress.raised, len(session.scalars(select(Receipt.id)).all())


def test_repeated_events_change_nothing(
    app: Flask, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> None:
    events = journey(app, installation, stripe)
    repeated = [found for _ in range(3) for found in reversed(events)]
    with ThreadPoolExecutor(4) as threads:
        answers = set(threads.map(lambda found: deliver(app, installation, found), repeated))
    apply_due_events(installation)
    assert answers == {200}
    expected = (["failed", "paid", "paid", "paid", "paid"], 4 * 2500, 4)
    assert standing(installation, campaign) == expected
    for found in events:
        assert deliver(app, installation, found) == 200
    assert standing(installation, campaign) == expected
    with installation.sessions() as session:
        assert set(session.scalars(select(InboxEvent.state))) == {"done", "ignored"}
        assert len(session.scalars(select(InboxEvent.id)).all()) == len(events)
