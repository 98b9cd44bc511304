"""Alerts and notices: each problem is reported once, also by concurrent runs; and a year of renewals."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import func, select, update
from time_machine import travel

from campaign.campaigns.finalization import finalize_due_campaigns
from campaign.core import clock
from campaign.emails.delivery import deliver_batch
from campaign.emails.renewal_notices import queue_renewal_notices
from campaign.models import Campaign, Donation, InboxEvent, OutboxMessage, Subscription
from campaign.reporting.alerts import find_problems, queue_alert
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from sandbox.outbox.receiver import MailReceiver
from tests.support.locks import waits_for_a_lock
from tests.support.stripe import Facts, Json

ZONE = "America/Los_Angeles"
DOMAIN = "harbor-ledger.example"
DESK = "desk@example.org"

Deliver = Callable[..., None]


@pytest.fixture
def deliver(installation: Installation, store: Callable[..., None]) -> Deliver:
    def apply(*events: Json) -> None:
        store(*events)
        apply_due_events(installation)

    return apply


def alert(installation: Installation, at: datetime | None = None) -> int:
    with installation.sessions.begin() as session:
        return queue_alert(session, at or clock.now(), DESK, DOMAIN, ZONE)


def alerts(installation: Installation) -> list[OutboxMessage]:
    query = select(OutboxMessage).where(OutboxMessage.kind == "staff_alert")
    with installation.sessions() as session:
        return list(session.scalars(query.order_by(OutboxMessage.id)))


def problems(installation: Installation, at: datetime) -> dict[str, str]:
    with installation.sessions() as session:
        return find_problems(session, at, clock.zone(ZONE))


def test_an_alert_arrives_and_states_the_due_date(
    mailing: Installation, mailbox: MailReceiver, paid: Facts, deliver: Deliver
) -> None:
    deliver_batch(mailing)
    deliver(paid.disputed("created", "needs_response", -2500))
    assert alert(mailing) == 1
    assert deliver_batch(mailing) == 1
    received = mailbox.wait_for(2)[1]
    assert list(received.recipients) == [DESK]
    text = received.message.get_body(("plain",))
    assert text is not None
    words = " ".join(text.get_content().split())
    assert alerts(mailing)[0].details["problems"][0] in words
    assert "$25" in words
    assert "evidence is due by" in words


def last_noon() -> datetime:
    """Return the last noon: with a later one, the jobs would count as overdue until then."""
    now = clock.now()
    today = now.astimezone(clock.zone(ZONE)).date()
    noon = clock.at_hour(today, 12, clock.zone(ZONE))
    return noon if noon <= now else clock.days_earlier(noon, clock.zone(ZONE), 1)


def test_a_new_problem_on_the_same_day_gets_its_own_alert(
    installation: Installation, paid: Facts, deliver: Deliver
) -> None:
    noon = last_noon()
    deliver(paid.fraud_warned())
    assert alert(installation, noon) == 1
    deliver(paid.refunded("a", 1000), paid.refund_failed("a", 1000))
    assert alert(installation, noon) == 1
    assert alert(installation, noon) == 0
    first, second = alerts(installation)
    assert "made_with_stolen_card" in first.details["problems"][0]
    assert "expired_or_canceled_card" in second.details["problems"][0]


def test_two_concurrent_runs_report_each_problem_once(
    installation: Installation, paid: Facts, deliver: Deliver
) -> None:
    """The second run starts before the first commits, and sees one more problem."""
    noon = last_noon()
    deliver(paid.fraud_warned())
    with ThreadPoolExecutor(1) as pool:
        with installation.sessions.begin() as session:
            assert queue_alert(session, noon, DESK, DOMAIN, ZONE) == 1
            deliver(paid.disputed("created", "needs_response", -2500))
            second = pool.submit(alert, installation, noon)
            assert waits_for_a_lock(installation, second)
        assert second.result(timeout=60) == 1
    keys = [key for one in alerts(installation) for key in one.details["keys"]]
    assert len(keys) == len(set(keys)) == 2


def test_an_event_is_reported_after_failing_for_an_hour_and_when_given_up(
    installation: Installation, paid: Facts
) -> None:
    set_events(installation, "failed")
    now = clock.now()
    assert "events:failing" not in problems(installation, now + timedelta(minutes=59))
    assert problems(installation, now + timedelta(minutes=61))["events:failing"].startswith(
        "1 event from Stripe failing"
    )
    set_events(installation, "given_up")
    found = problems(installation, now)
    assert list(found) == ["events:given_up"]
    assert "campaign review" in found["events:given_up"]


def set_events(installation: Installation, state: str) -> None:
    with installation.sessions.begin() as session:
        session.execute(update(InboxEvent).values(state=state, last_error="KeyError: 'amount'"))


def test_entries_after_a_final_result_are_reported(
    installation: Installation, campaign: Campaign, paid: Facts, deliver: Deliver
) -> None:
    end = campaign.final_from
    with installation.sessions.begin() as session:
        finalize_due_campaigns(session, end)
    with travel(end, tick=False):
        deliver(paid.refunded("a", 1000))
    assert "1 ledger entry after" in problems(installation, clock.now())["late"]


def test_a_failed_alert_raises_no_alert(installation: Installation, paid: Facts) -> None:
    set_events(installation, "given_up")
    assert alert(installation) == 1
    for state in ("failed", "queued"):
        with installation.sessions.begin() as session:
            session.execute(
                update(OutboxMessage)
                .where(OutboxMessage.kind == "staff_alert")
                .values(state=state, attempts=1, created_at=clock.now() - timedelta(hours=2))
            )
        assert list(problems(installation, clock.now())) == ["events:given_up"]


def test_two_years_of_renewals_send_two_notices_two_weeks_ahead(
    mailing: Installation, mailbox: MailReceiver, give: Callable[..., Facts]
) -> None:
    given = give(frequency="yearly").donation
    began = clock.at_hour(date(2026, 12, 20), 12, clock.zone(ZONE))
    with mailing.sessions.begin() as session:
        yearly = Subscription(
            stripe_id="sub_1",
            campaign_id=given.campaign_id,
            donor_id=given.donor_id,
            frequency="yearly",
            amount=2_500,
            currency="usd",
            current_period_end=began.replace(year=2027),
        )
        session.add(yearly)
        session.flush()
        session.execute(update(Donation).values(subscription_id=yearly.id))
    shown = [day for day in range(1, 730) if _one_day(mailing, began + timedelta(days=day))]
    assert shown == [365 - 14, 365 + 366 - 14]
    sent_emails = mailbox.wait_for(2)
    for sent_email, when in zip(
        sent_emails, ("December 20, 2027", "December 20, 2028"), strict=True
    ):
        text = sent_email.message.get_body(("plain",))
        assert text is not None
        assert when in text.get_content()


def _one_day(mailing: Installation, at: datetime) -> int:
    """Renew due subscriptions as Stripe would, then queue and send the notices."""
    with travel(at, tick=False), mailing.sessions.begin() as session:
        session.execute(
            update(Subscription)
            .where(Subscription.current_period_end <= at)
            .values(current_period_end=Subscription.current_period_end + func.make_interval(1))
        )
        queued = queue_renewal_notices(session, at, DOMAIN, ZONE)
    if queued:
        with travel(at, tick=False):
            deliver_batch(mailing)
    return queued
