"""Email contexts from rows: each kind reports the current state, and obsolete emails are not sent."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from time_machine import travel

from campaign.core import clock
from campaign.models import (
    Donation,
    Donor,
    Receipt,
    Subscription,
    SubscriptionState,
)
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.email_contexts import BuildEmail, change, text
from tests.support.stripe import Facts


def test_a_receipt_in_spanish_is_frozen_and_mailed_in_spanish(
    installation: Installation,
    ask: BuildEmail,
    give: Callable[..., Facts],
    store: Callable[..., None],
) -> None:
    facts = give(amount=123_450)
    change(installation, Donation, locale="es")
    store(facts.completed())
    apply_due_events(installation)
    with installation.sessions() as session:
        receipt = session.scalars(select(Receipt)).one()
    assert receipt.frozen["locale"] == "es"
    assert receipt.frozen["amount_text"] == "$1,234.50"
    assert receipt.frozen["frequency_text"] == "Donación única"
    change(installation, Donation, locale="en")
    assert "No se proporcionaron bienes" in text(ask("receipt", receipt_id=receipt.id))


@pytest.fixture
def yearly(installation: Installation, paid: Facts) -> dict[str, int]:
    """A yearly gift that renews in ten days."""
    with installation.sessions.begin() as session:
        first = session.scalars(select(Donation)).one()
        gift = Subscription(
            stripe_id="sub_1",
            campaign_id=first.campaign_id,
            donor_id=first.donor_id,
            frequency="yearly",
            amount=2_500,
            currency="usd",
            current_period_end=clock.now() + timedelta(days=10),
        )
        session.add(gift)
        session.flush()
        first.subscription_id = gift.id
        return {"subscription_id": gift.id}


def renewal_day(installation: Installation) -> date:
    zone = ZoneInfo(installation.settings.organization.timezone)
    return (clock.now() + timedelta(days=10)).astimezone(zone).date()


def test_an_upcoming_renewal_is_announced_with_its_date(
    installation: Installation, ask: BuildEmail, yearly: dict[str, int]
) -> None:
    day = renewal_day(installation)
    said = text(ask("renewal_upcoming", f"1:{day}", **yearly))
    assert f"your next gift will be charged on {day:%B} {day.day}, {day.year}." in said


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"state": "ended", "ended_at": datetime.now(UTC)}, "the gift does not renew"),
        ({"ends_at_period_end": True}, "the gift does not renew"),
        ({"state": "paused"}, "the gift is paused"),
        (
            {"current_period_end": datetime(2050, 1, 1, tzinfo=UTC)},
            "the gift renews on another day",
        ),
    ],
)
def test_a_renewal_that_will_not_come_is_not_announced(
    installation: Installation,
    ask: BuildEmail,
    yearly: dict[str, int],
    changes: dict[str, Any],
    why: str,
) -> None:
    change(installation, Subscription, **changes)
    assert ask("renewal_upcoming", f"1:{renewal_day(installation)}", **yearly) == why


def test_a_renewal_is_not_announced_afterwards(
    installation: Installation, ask: BuildEmail, yearly: dict[str, int]
) -> None:
    day = renewal_day(installation)
    with travel(clock.now() + timedelta(days=11), tick=False):
        shown = ask("renewal_upcoming", f"1:{day}", **yearly)
    assert shown == "the renewal date has passed"


def test_a_failed_renewal_of_an_ended_gift_is_not_sent(
    installation: Installation, ask: BuildEmail, yearly: dict[str, int]
) -> None:
    change(installation, Subscription, failed_invoice_id="in_1", failed_at=clock.now())
    assert "did not go through" in text(ask("renewal_failed", "in_1:1", **yearly))
    ended = {"state": SubscriptionState.ended.value, "ended_at": clock.now()}
    change(installation, Subscription, **ended)
    assert ask("renewal_failed", "in_1:1", **yearly) == "the monthly gift has ended"


def test_a_statement_sums_the_valid_receipts_of_the_year(
    installation: Installation,
    ask: BuildEmail,
    give: Callable[..., Facts],
    store: Callable[..., None],
) -> None:
    store(give(amount=2_500).completed(), give(amount=1_050).completed())
    apply_due_events(installation)
    with installation.sessions() as session:
        donor = session.scalars(select(Donor)).one()
        year = session.scalars(select(Receipt)).first().gift_date.year
    said = text(ask("statement", donor_id=donor.id, details={"year": year}))
    assert said.startswith(f"$35.50 Your gifts in {year}")
    none = ask("statement", donor_id=donor.id, details={"year": year - 1})
    assert none == f"nothing was given in {year - 1}, or all of it was returned"
