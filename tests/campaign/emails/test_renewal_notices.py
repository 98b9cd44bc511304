"""Renewal notices and staff alerts: once each, and none without a reason."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from campaign.audit.heartbeats import JOBS
from campaign.core import clock
from campaign.emails.renewal_notices import queue_renewal_notices
from campaign.models import Donation, OutboxMessage, OutboxState, Subscription
from campaign.reporting.alerts import queue_alert
from campaign.runtime.context import Installation
from campaign.runtime.job_heartbeat import heartbeat
from tests.support.stripe import Facts

ZONE = "America/Los_Angeles"
DOMAIN = "harbor-ledger.example"


@pytest.fixture
def yearly(installation: Installation, give: Callable[..., Facts]) -> None:
    """A yearly gift of $25 that renews in ten days."""
    donation = give(frequency="yearly").donation
    with installation.sessions.begin() as session:
        subscription = Subscription(
            stripe_id="sub_1",
            campaign_id=donation.campaign_id,
            donor_id=donation.donor_id,
            frequency="yearly",
            amount=2_500,
            currency="usd",
            current_period_end=clock.now() + timedelta(days=10),
        )
        session.add(subscription)
        session.flush()
        session.execute(update(Donation).values(subscription_id=subscription.id))


def notices(installation: Installation) -> int:
    with installation.sessions.begin() as session:
        return queue_renewal_notices(session, clock.now(), DOMAIN, ZONE)


def alert(installation: Installation, at: datetime) -> int:
    with installation.sessions.begin() as session:
        return queue_alert(session, at, "desk@example.org", DOMAIN, ZONE)


def messages(installation: Installation) -> list[OutboxMessage]:
    with installation.sessions() as session:
        return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


@pytest.mark.usefixtures("yearly")
def test_two_at_once_queue_a_notice_once(installation: Installation) -> None:
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(lambda _: notices(installation), range(2))) == [0, 1]
    (queued,) = messages(installation)
    assert (queued.kind, queued.recipient) == ("renewal_upcoming", "ana@example.org")
    with installation.sessions() as session:
        subscription = session.scalars(select(Subscription)).one()
    assert subscription.current_period_end is not None
    day = subscription.current_period_end.astimezone(clock.zone(ZONE)).date()
    assert queued.subject_key == f"{subscription.id}:{day.isoformat()}"


@pytest.mark.usefixtures("yearly")
@pytest.mark.parametrize(
    "values",
    [
        {"frequency": "monthly"},
        {"state": "paused"},
        {"ends_at_period_end": True},
        {"current_period_end": None},
        {"current_period_end": timedelta(days=15)},
        {"current_period_end": timedelta(seconds=-1)},
    ],
)
def test_a_gift_that_does_not_renew_soon_gets_no_notice(
    installation: Installation, values: dict[str, Any]
) -> None:
    shown = {
        key: clock.now() + value if isinstance(value, timedelta) else value
        for key, value in values.items()
    }
    with installation.sessions.begin() as session:
        session.execute(update(Subscription).values(**shown))
    assert notices(installation) == 0


@pytest.mark.usefixtures("campaign")
def test_nothing_wrong_is_nothing_said(installation: Installation) -> None:
    assert alert(installation, clock.now()) == 0
    assert messages(installation) == []


@pytest.mark.usefixtures("campaign")
def test_a_problem_is_reported_once_a_day(installation: Installation) -> None:
    for job in JOBS:
        with heartbeat(installation, job):
            pass
    noon = clock.at_hour(clock.now().date() + timedelta(days=2), 12, clock.zone(ZONE))
    assert alert(installation, noon) == len(JOBS)
    assert alert(installation, noon + timedelta(minutes=10)) == 0
    assert alert(installation, noon + timedelta(days=1)) == len(JOBS)
    first, _ = messages(installation)
    assert first.recipient == "desk@example.org"
    assert "The job sweep-inbox is overdue; last success" in first.details["problems"][0]


@pytest.mark.usefixtures("yearly")
def test_a_new_problem_is_reported_besides_earlier_ones(installation: Installation) -> None:
    notices(installation)
    with installation.sessions.begin() as session:
        session.execute(update(OutboxMessage).values(state=OutboxState.failed.value))
    assert alert(installation, clock.now()) == 1
    with installation.sessions.begin() as session:
        session.execute(update(OutboxMessage).values(state=OutboxState.failed.value))
    assert alert(installation, clock.now()) == 0
