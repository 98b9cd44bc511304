"""Stripe events applied, beside appended rows; both commit once per item."""

import json
import time
from collections.abc import Iterator

from sqlalchemy import text

from bench.figures import Figure
from bench.serving import fresh_installation
from campaign.campaigns.campaigns import find_campaign
from campaign.core import clock
from campaign.donations.donations import Gift, begin_donation
from campaign.gateway import read_event
from campaign.runtime.context import Installation
from campaign.stripe_events.inbox import store_event
from campaign.stripe_events.process import apply_due_events

GIFTS = 400


def books() -> Iterator[Figure]:
    """Measure payments with their ledger entry, receipt and email, by one worker."""
    with fresh_installation() as installation:
        _store(installation)
        begun = time.perf_counter()
        apply_due_events(installation)
        applied = GIFTS / (time.perf_counter() - begun)
        appended = _append(installation)
    yield Figure("books: events applied by one worker", applied, "appended rows", appended)


def _append(installation: Installation) -> float:
    with installation.engine.begin() as connection:
        connection.execute(text("CREATE TABLE appended (id bigserial, amount bigint, source text)"))
    insert = text("INSERT INTO appended (amount, source) VALUES (2500, :source)")
    begun = time.perf_counter()
    for number in range(GIFTS):
        with installation.engine.begin() as connection:
            connection.execute(insert, {"source": f"pi_{number}"})
    return GIFTS / (time.perf_counter() - begun)


def _store(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        campaign = find_campaign(session, "nine-days")
        for number in range(GIFTS):
            gift = Gift(f"reader{number}@example.org", 2500, "one_time", "bench")
            donation = begin_donation(session, campaign, gift, clock.now())
            body = _completed(number, donation.public_id)
            store_event(session, read_event(body), body)


def _completed(number: int, public_id: str) -> bytes:
    moment = int(time.time())
    found = {
        "id": f"cs_{number}",
        "created": moment,
        "mode": "payment",
        "status": "complete",
        "payment_status": "paid",
        "amount_total": 2500,
        "currency": "usd",
        "metadata": {"donation_id": public_id},
        "payment_intent": f"pi_{number}",
    }
    return json.dumps(
        {
            "id": f"evt_{number}",
            "type": "checkout.session.completed",
            "livemode": False,
            "created": moment,
            "data": {"object": found},
        }
    ).encode()
