"""At most so many appeal emails to a reader in seven days, over all campaigns, however many run at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select, text

from campaign.emails import bulk_claims
from campaign.emails.bulk_claims import SendTerms
from campaign.models import Campaign, OutboxMessage
from campaign.outreach import countdown, email_cap
from campaign.runtime.context import Installation
from tests.support.donors import claim_of
from tests.support.subscribers import (
    DOMAIN,
    at,
    counts,
    mark_all_sent,
    new_campaign,
    send_reminders,
    sent_emails,
    subscribe,
    subscribe_many,
)

NOON = at("2026-12-10T12:00-08:00")


@pytest.fixture
def winter(installation: Installation) -> Campaign:
    with installation.sessions.begin() as session:
        subscribe(session, "Ana@example.org")
        return new_campaign(session)


def sequence(installation: Installation, *moments: str) -> list[dict[str, int]]:
    """Run the cron job at these times of December 2026 in Los Angeles; everything is sent at once."""
    shown = []
    for moment in moments:
        shown.append(counts(send_reminders(installation, f"2026-12-{moment}-08:00")))
        mark_all_sent(installation)
    return shown


def test_a_reader_gets_no_fourth_appeal_in_seven_days(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        subscribe_many(session, 3)
        for number in range(5):
            new_campaign(session, slug=f"campaign-{number}", start="2026-12-10")
    shown = []
    for moment in ("10T09:00", "11T09:00", "17T08:59", "17T09:00"):
        queued = send_reminders(installation, f"2026-12-{moment}-08:00")
        shown.append(sum(one.count for one in queued))
        mark_all_sent(installation)
    # After seven days there is room again, for the openings that are still open.
    assert shown == [9, 0, 0, 6]


def test_what_waits_counts_and_what_expired_or_was_refused_does_not(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        for number in range(2):
            new_campaign(session, slug=f"other-{number}", start="2026-12-10")
    send_reminders(installation, NOON)
    assert len(sent_emails(installation)) == 3
    with installation.sessions.begin() as session:
        new_campaign(session, slug="late", start="2026-12-10")
    assert counts(send_reminders(installation, NOON)) == {}
    with installation.sessions.begin() as session:
        first = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id).limit(1)).one()
        first.state = "failed"
    assert counts(send_reminders(installation, NOON)) == {"opening/appeal": 1}


def test_steps_in_days_leave_room_for_the_last_day(
    installation: Installation, winter: Campaign
) -> None:
    shown = sequence(
        installation, "23T09:00", "25T09:00", "29T09:00", "30T09:05", "31T09:00", "31T20:30"
    )
    assert shown == [
        {"nine_days/appeal": 1},
        {"seven_days/appeal": 1},
        {"three_days/appeal": 1},
        {},
        {"last_day/appeal": 1},
        {},
    ]


def test_a_nine_day_campaign_asks_at_its_opening_and_in_the_last_days(
    installation: Installation,
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "ana@example.org")
        new_campaign(session, start="2026-12-23")
    days = ("23T09:00", "25T09:00", "26T12:00", "29T09:00", "30T09:05", "31T09:00", "31T20:30")
    shown = sequence(installation, *days)
    assert [next(iter(one), "") for one in shown] == [
        *("opening/appeal", "seven_days/appeal", "", "three_days/appeal", "", "last_day/appeal"),
        "",
    ]


def test_a_reader_who_has_had_nothing_gets_every_step_of_the_last_days(
    installation: Installation, winter: Campaign
) -> None:
    assert sequence(installation, "29T09:00") == [{"three_days/appeal": 1}]
    with installation.sessions.begin() as session:
        subscribe(session, "new@example.org")
    assert sequence(installation, "30T09:00") == [{"two_days/appeal": 2}]


@pytest.mark.parametrize(("cap", "queued"), [(1, 1), (2, 2), (5, 4)])
def test_the_cap_is_a_setting(installation: Installation, cap: int, queued: int) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "ana@example.org")
        ids = [
            new_campaign(session, slug=f"campaign-{number}", start="2026-12-10").id
            for number in range(4)
        ]
    for campaign_id in ids:
        with installation.sessions.begin() as session:
            countdown.queue_due(session, campaign_id, NOON, DOMAIN, cap=cap)
    assert len(sent_emails(installation)) == queued


def begin(
    installation: Installation, message: OutboxMessage, moment: datetime, cap: int = 3
) -> bool:
    with installation.sessions.begin() as session:
        return bulk_claims.begin_bulk(session, claim_of(message), moment, SendTerms(cap))


def waiting(installation: Installation, number: int, kind: str = "appeal") -> list[OutboxMessage]:
    """Queue `number` emails to one reader past the check at queueing, as several campaigns at once might."""
    with installation.sessions.begin() as session:
        campaign = session.scalars(select(Campaign)).first()
        for place in range(number):
            session.add(
                OutboxMessage(
                    kind=kind,
                    subject_key=f"{place}:ana@example.org",
                    campaign_id=campaign.id,
                    recipient="ANA@example.org" if place % 2 else "ana@example.org",
                    bulk=True,
                    state="sending",
                    attempts=1,
                    lease_until=NOON + timedelta(days=1),
                    expires_at=NOON + timedelta(days=9),
                    message_id=f"<{kind}-{place}@{DOMAIN}>",
                )
            )
    return [one for one in sent_emails(installation) if one.kind == kind]


def test_eight_workers_at_once_send_a_reader_no_more_than_the_cap(
    installation: Installation, winter: Campaign
) -> None:
    messages = waiting(installation, 8)
    together = Barrier(8)

    def work(message: OutboxMessage) -> bool:
        together.wait()
        return begin(installation, message, NOON)

    with ThreadPoolExecutor(8) as pool:
        begun = list(pool.map(work, messages))
    assert sum(begun) == 3
    with installation.sessions() as session:
        count = select(func.count()).where(OutboxMessage.begun_at.is_not(None))
        assert session.scalar(count) == 3


def test_an_appeal_without_room_waits_until_the_oldest_of_the_others_is_a_week_old(
    installation: Installation, winter: Campaign
) -> None:
    first, *others, last = waiting(installation, 4)
    assert begin(installation, first, NOON)
    later = NOON + timedelta(hours=5)
    assert all(begin(installation, one, later) for one in others)
    assert not begin(installation, last, later)
    (put_back,) = [one for one in sent_emails(installation) if one.id == last.id]
    assert (put_back.state, put_back.next_attempt_at) == ("queued", NOON + timedelta(days=7))


def test_an_appeal_that_expires_before_there_is_room_is_dropped_with_the_reason(
    installation: Installation, winter: Campaign
) -> None:
    *others, last = waiting(installation, 4)
    last.expires_at = NOON + timedelta(days=1)
    assert all(begin(installation, one, NOON) for one in others)
    assert not begin(installation, last, NOON)
    (dropped,) = [one for one in sent_emails(installation) if one.id == last.id]
    assert dropped.state == "dropped"
    assert "3 appeal emails in seven days" in dropped.last_error


@pytest.mark.parametrize("kind", ["reminder", "thank_you", "wrap_up"])
def test_reminders_thanks_and_results_are_neither_counted_nor_held_back(
    installation: Installation, winter: Campaign, kind: str
) -> None:
    assert not email_cap.is_counted(kind)
    waiting(installation, 4, kind)
    with installation.sessions.begin() as session:
        session.execute(text("UPDATE outbox_message SET begun_at = :noon"), {"noon": NOON})
    with installation.sessions() as session:
        assert email_cap.room_from(session, "ana@example.org", NOON, 1) is None
    assert counts(send_reminders(installation, NOON)) == {"opening/appeal": 1}


def test_mail_of_a_week_ago_no_longer_counts(installation: Installation, winter: Campaign) -> None:
    messages = waiting(installation, 4)
    week_ago = NOON - timedelta(days=7)
    assert all(begin(installation, one, week_ago) for one in messages[:3])
    second = NOON - timedelta(seconds=1)
    with installation.sessions() as session:
        assert email_cap.room_from(session, "Ana@Example.org", second, 3) == NOON
        assert email_cap.room_from(session, "Ana@Example.org", NOON, 3) is None
