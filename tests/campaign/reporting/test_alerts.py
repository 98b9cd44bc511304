"""Alerts and notices: each problem is reported once, also by concurrent runs; and a year of renewals."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import delete, func, select, update
from time_machine import travel

from campaign.campaigns.finalization import finalize_due_campaigns
from campaign.core import clock
from campaign.emails.delivery import deliver_batch
from campaign.emails.renewal_notices import queue_renewal_notices
from campaign.models import (
    Campaign,
    Dispute,
    Donation,
    FraudWarning,
    Heartbeat,
    InboxEvent,
    MailOutage,
    OutboxMessage,
    ReconciliationRun,
    Refund,
    Subscription,
)
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


def test_a_problem_is_reported_once_on_each_day_of_the_organizations(
    installation: Installation, paid: Facts
) -> None:
    set_events(installation, "given_up")
    # In Los Angeles; from four in the afternoon it is the next day in UTC.
    days = [
        [clock.at_hour(date(2026, 12, day), hour, clock.zone(ZONE)) for hour in (0, 8, 15, 16, 23)]
        for day in (21, 22)
    ]
    with installation.sessions.begin() as session:
        session.execute(delete(Heartbeat))
    shown = [[alert(installation, at) for at in hours] for hours in days]
    assert [[bool(number) for number in hours] for hours in shown] == [
        [True, False, False, False, False]
    ] * 2
    assert [one.subject_key[:10] for one in alerts(installation)] == ["2026-12-21", "2026-12-22"]


def test_without_an_address_nobody_is_alerted(installation: Installation, paid: Facts) -> None:
    set_events(installation, "given_up")
    with installation.sessions.begin() as session:
        assert queue_alert(session, clock.now(), "", DOMAIN, ZONE) == 0
    assert alerts(installation) == []


def test_each_kind_of_problem_is_named_with_what_to_do(
    installation: Installation, campaign: Campaign, give: Callable[..., Facts]
) -> None:
    at = clock.now()
    gift = give().donation
    due = datetime(2027, 1, 5, 7, 59, tzinfo=UTC)
    money = {"amount": 2500, "currency": "usd"}
    case = {**money, "reason": "fraudulent", "opened_at": at, "as_of": at, "donation_id": gift.id}
    with installation.sessions.begin() as session:
        session.execute(update(Donation).values(state="paid", paid_at=at, charged_at=at))
        session.add_all(
            [
                Dispute(stripe_id="du_1", status="needs_response", due_by=due, **case),
                Dispute(stripe_id="du_2", status="under_review", **case),
                FraudWarning(stripe_id="issfr_1", donation_id=gift.id, fraud_type="misc", created_at=at),
                Refund(stripe_id="re_1", state="failed", failure_reason="lost_card", created_at=at,
                       donation_id=gift.id, **money),
                Refund(stripe_id="re_2", state="failed", created_at=at, **money),
                *(
                    OutboxMessage(kind=kind, subject_key=str(number), recipient="ana@example.org",
                                  message_id=f"<{number}>", state="failed")
                    for number, kind in enumerate(("receipt", "receipt", "thanks"))
                ),
                OutboxMessage(kind="receipt", subject_key="late", recipient="ana@example.org",
                              message_id="<late>", next_attempt_at=at - timedelta(hours=2)),
                ReconciliationRun(started_at=at, ended_at=at, requested_by="fay", error="no answer"),
            ]
        )  # fmt: skip
    found = problems(installation, at)
    for key in [one for one in found if one.startswith(("job:", "comparison:"))]:
        words = found.pop(key)
        assert "scheduler" in words or words.endswith("with Stripe failed: no answer")
    name = gift.public_id
    assert found == {
        "dispute:du_1:needs_response": "Dispute du_1 over $25 is open (needs_response): evidence is due by"
        " January 4, 2027, 11:59 p.m. PST. Respond in the Stripe dashboard.",
        "dispute:du_2:under_review": "Dispute du_2 over $25 is open (under_review): no due date."
        " Respond in the Stripe dashboard.",
        "warning:issfr_1": f"A bank suspects fraud (misc) in donation {name} of $25."
        " Refund it now to avoid a dispute.",
        "refund:re_1:failed": f"A refund of $25 for donation {name} has not reached the donor"
        " (failed, lost_card). See `campaign review`.",
        "stuck:receipt": "1 email of kind receipt stuck. See `campaign mail list --state stuck`.",
        "failed:receipt": "2 emails of kind receipt failed. See `campaign mail list --state failed`.",
        "failed:thanks": "1 email of kind thanks failed. See `campaign mail list --state failed`.",
        "unmatched": "1 unmatched refund or dispute. See `campaign review`.",
    }


def test_an_appeal_is_a_problem_of_its_own(
    installation: Installation, paid: Facts, deliver: Deliver
) -> None:
    deliver(paid.disputed("closed", "appeal_needs_response", -2500))
    name = f"du_{paid.number}"
    said = problems(installation, clock.now())[f"dispute:{name}:appeal_needs_response"]
    assert said.startswith(f"The appeal of dispute {name} over $25 is open")


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
    with installation.sessions.begin() as session:
        session.execute(update(InboxEvent).values(received_at=now))
    hour, moment = timedelta(hours=1), timedelta(microseconds=1)
    assert "events:failing" not in problems(installation, now + hour - moment)
    assert problems(installation, now + hour)["events:failing"].startswith(
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


def stop_sending(installation: Installation, at: datetime, **values: object) -> None:
    outage = {
        "lane": "bulk",
        "cause": "relay",
        "words": "550 relay not permitted",
        "refusal_key": "relay",
        "readers": 3,
        "opened_at": at,
        "probe_at": at,
        **values,
    }
    with installation.sessions.begin() as session:
        session.add(MailOutage(**outage))


def test_staff_are_told_once_that_the_mail_server_refuses_everybody(
    installation: Installation,
) -> None:
    at = datetime(2026, 12, 1, 20, tzinfo=UTC)
    stop_sending(installation, at, closed_at=at)
    assert alert(installation, at) == 1
    [problem] = alerts(installation)[0].details["problems"]
    assert problem.startswith(
        "Campaign emails are not sent: the mail server refused 3 recipients in a row"
        " (550 relay not permitted)."
    )
    assert "accepts them again" in problem
    stop_sending(installation, at + timedelta(minutes=5))
    assert alert(installation, at + timedelta(minutes=5)) == 0, "the same problem of the same day"
    assert alert(installation, at + timedelta(days=1)) == 1
    again = alerts(installation)[1].details["problems"][0]
    assert "Nobody is suppressed" in again
    assert "let this server send to everybody" in again


def test_what_ended_long_ago_is_not_told(installation: Installation) -> None:
    at = datetime(2026, 12, 1, 20, tzinfo=UTC)
    stop_sending(installation, at - timedelta(days=1), closed_at=at)
    assert alert(installation, at) == 0
