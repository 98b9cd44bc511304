"""Queueing scheduled emails: one row per (campaign, step, person), whatever happens to clock and cron."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from campaign.campaigns.schedule_edits import StepChange, change_step
from campaign.models import Campaign, Suppression
from campaign.outreach import countdown
from campaign.runtime.context import Installation
from tests.support.subscribers import (
    addresses,
    at,
    counts,
    donate,
    mark_all_sent,
    new_campaign,
    run,
    sent_emails,
    subscribe,
    subscribe_many,
)

MIDDAY = "2026-12-26T12:00-08:00"
MIDNIGHT = "2026-12-26T00:00-08:00"


@pytest.fixture
def winter(installation: Installation) -> Campaign:
    with installation.sessions.begin() as session:
        return new_campaign(session)


def test_a_row_contains_all_that_the_email_needs(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "Ana@Example.org", name="Ana", locale="es", timezone="America/New_York")
    assert counts(run(installation, MIDDAY)) == {"seven_days/appeal": 1}
    (sent_email,) = sent_emails(installation)
    assert (sent_email.kind, sent_email.bulk, sent_email.state) == ("appeal", True, "queued")
    assert (sent_email.recipient, sent_email.name) == ("Ana@Example.org", "Ana")
    assert (sent_email.locale, sent_email.timezone) == ("es", "America/New_York")
    assert sent_email.subject_key == f"{sent_email.step_id}:ana@example.org"
    assert sent_email.campaign_id == winter.id
    assert sent_email.message_id.startswith("<appeal-")
    assert sent_email.message_id.endswith("@harbor-ledger.example>")
    assert "ana" not in sent_email.message_id.lower()
    assert sent_email.next_attempt_at == at(MIDDAY)
    assert sent_email.expires_at == at("2026-12-29T00:00-08:00")
    assert sent_email.token


def test_ten_concurrent_runs_queue_one_row_per_recipient(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe_many(session, 5000)
        for place in range(200):
            donate(session, winter, f"READER{place + 1}@example.org", "paid")
        for place in range(200, 500):
            reason = ("unsubscribed", "bounced", "complained")[place % 3]
            one = Suppression(email=f"reader{place + 1}@example.org", reason=reason)
            session.add(one)
    with ThreadPoolExecutor(10) as pool:
        shown = list(pool.map(lambda _: run(installation, MIDDAY), range(10)))
    assert sum(queued.count for each in shown for queued in each) == 4500
    written = Counter(each.recipient.lower() for each in sent_emails(installation))
    assert written == Counter(f"reader{place}@example.org" for place in range(501, 5001))


def test_run_after_run_queues_each_step_once_for_each_reader(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe_many(session, 3)
    shown: Counter[str] = Counter()
    moment = at("2026-12-31T18:00-08:00")
    while moment < at("2027-01-01T09:30-08:00"):
        shown.update(counts(run(installation, moment)))
        moment += timedelta(minutes=20)
        mark_all_sent(installation)
    assert shown == {"last_day/appeal": 3, "last_hours/appeal": 3, "wrap_up/wrap_up": 3}


def test_after_two_days_without_a_run_only_the_latest_step_is_queued(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe_many(session, 2)
    assert counts(run(installation, "2026-12-28T12:00-08:00")) == {"seven_days/appeal": 2}
    assert counts(run(installation, "2026-12-30T12:00-08:00")) == {"two_days/appeal": 2}
    assert len(sent_emails(installation)) == 4


def test_a_recipient_in_quiet_hours_is_left_for_a_later_run(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "here@example.org")
        subscribe(session, "berlin@example.org", timezone="Europe/Berlin")
        subscribe(session, "lost@example.org", timezone="Nowhere/Atlantis")
    shown = [
        (hour, counts(run(installation, f"2026-12-26T{hour}-08:00")))
        for hour in ("00:00", "08:59", "09:00", "11:59", "12:00", "20:59")
    ]
    # Midnight in Los Angeles is 9 am in Berlin. A zone that nobody knows keeps the campaign's hours.
    assert shown[0] == ("00:00", {"seven_days/appeal": 1})
    assert addresses(installation)[0] == "berlin@example.org"
    assert [each for each in shown if each[1]][1:] == [("09:00", {"seven_days/appeal": 2})]


def test_quiet_hours_through_a_whole_window_skip_only_that_step(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "new.york@example.org", timezone="America/New_York")
        subscribe(session, "here@example.org")
    # The last hours begin at 8 pm in Los Angeles, which is 11 pm in New York.
    run(installation, "2026-12-31T20:30-08:00")
    run(installation, "2026-12-31T23:30-08:00")
    assert addresses(installation) == ["here@example.org"]


@pytest.mark.parametrize(
    ("state", "asked"),
    [
        ("pending", True),
        ("declined", True),
        ("failed", True),
        ("processing", False),
        ("paid", False),
        ("refunded", False),
        ("dispute_lost", False),
    ],
)
def test_people_who_gave_or_promised_are_not_asked(
    installation: Installation, winter: Campaign, state: str, asked: bool
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "Ana@Example.org")
        donate(session, winter, "aNA@example.org", state)
    run(installation, MIDDAY)
    assert bool(sent_emails(installation)) is asked


def test_a_list_that_one_campaign_was_left_for_keeps_the_others(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        other = new_campaign(session, slug="other")
        subscribe(session, "ana@example.org", "bo@example.org")
        one = Suppression(email="ana@example.org", campaign_id=other.id, reason="unsubscribed")
        session.add_all([one, Suppression(email="bo@example.org", reason="bounced")])
    run(installation, MIDDAY)
    assert [(each.campaign_id, each.recipient) for each in sent_emails(installation)] == [
        (winter.id, "ana@example.org")
    ]


def test_past_donors_are_asked_where_the_campaign_says_so_and_each_person_once(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        spring = new_campaign(session, slug="spring", start="2026-03-01", deadline="2026-03-31")
        subscribe(session, "both@example.org", name="Bo", locale="es", timezone="America/Denver")
        donate(session, spring, "BOTH@example.org", "paid")
        donate(session, spring, "past@example.org", "refunded")
        donate(session, spring, "never@example.org", "declined")
        donate(session, spring, "", "paid")
    run(installation, MIDDAY)
    assert addresses(installation) == ["both@example.org"]
    with installation.sessions.begin() as session:
        asking = new_campaign(session, slug="asking", ask_past_donors=True)
    run(installation, MIDDAY)
    asked = [each for each in sent_emails(installation) if each.campaign_id == asking.id]
    assert sorted((each.recipient, each.locale, each.timezone, each.name) for each in asked) == [
        ("both@example.org", "es", "America/Denver", "Bo"),
        ("past@example.org", "en", None, "Ana Reyes"),
    ]


def test_after_the_end_donors_are_thanked_and_others_get_the_result_once(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "asked@example.org", "gave@example.org", "left@example.org")
    run(installation, MIDDAY)
    mark_all_sent(installation)
    with installation.sessions.begin() as session:
        donate(session, winter, "Gave@example.org", "paid")
        donate(session, winter, "other@example.org", "processing")
        donate(session, winter, "back@example.org", "refunded")
        subscribe(session, "late@example.org")
        session.add(Suppression(email="left@example.org", reason="unsubscribed"))
    assert counts(run(installation, "2027-01-01T00:00-08:00")) == {}
    ended = {"wrap_up/thank_you": 2, "wrap_up/wrap_up": 1}
    assert counts(run(installation, "2027-01-01T09:00-08:00")) == ended
    assert counts(run(installation, "2027-01-02T09:00-08:00")) == {}
    assert addresses(installation, "thank_you") == ["Gave@example.org", "other@example.org"]
    assert addresses(installation, "wrap_up") == ["asked@example.org"]


def test_the_wrap_up_comes_no_later_than_a_week_after_the_end(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        donate(session, winter, "gave@example.org", "paid")
        session.execute(text("UPDATE campaign SET grace_days = 0"))
    assert counts(run(installation, "2027-01-08T00:00-08:00")) == {}
    assert counts(run(installation, "2027-01-07T12:00-08:00")) == {"wrap_up/thank_you": 1}


def test_a_step_that_is_switched_off_is_not_queued(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "ana@example.org")
        change_step(session, winter, "nine_days", StepChange(enabled=False))
        change_step(session, winter, "seven_days", StepChange(enabled=False))
        change_step(session, winter, "opening", StepChange(enabled=False))
    assert run(installation, MIDDAY) == []


def test_a_preview_reports_what_a_run_would_queue_and_queues_nothing(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe_many(session, 7)
    for _ in range(2):
        with installation.sessions() as session:
            shown = countdown.preview_due(session, winter.id, at(MIDDAY))
        assert counts(shown) == {"seven_days/appeal": 7}
    with installation.sessions() as session:
        preview = partial(countdown.preview_due, session, winter.id, at(MIDNIGHT))
        assert counts(preview()) == {}
        assert counts(preview(at_any_hour=True)) == {"seven_days/appeal": 7}
    assert sent_emails(installation) == []
    assert counts(run(installation, MIDDAY)) == {"seven_days/appeal": 7}
