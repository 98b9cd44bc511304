"""Queueing scheduled emails: one row per (campaign, step, person), whatever happens to clock and cron."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import text

from campaign.campaigns.extensions import extend
from campaign.campaigns.schedule_edits import StepChange, change_step
from campaign.models import Campaign, Suppression
from campaign.outreach import countdown, eligibility
from campaign.outreach.reminders import request_reminder
from campaign.runtime.context import Installation
from tests.support.donors import claim_of
from tests.support.subscribers import (
    DOMAIN,
    addresses,
    at,
    counts,
    donate,
    mark_all_sent,
    new_campaign,
    send_reminders,
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
    assert counts(send_reminders(installation, MIDDAY)) == {"seven_days/appeal": 1}
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
        shown = list(pool.map(lambda _: send_reminders(installation, MIDDAY), range(10)))
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
        shown.update(counts(send_reminders(installation, moment)))
        moment += timedelta(minutes=20)
        mark_all_sent(installation)
    assert shown == {"last_day/appeal": 3, "last_hours/appeal": 3, "wrap_up/wrap_up": 3}


def test_after_two_days_without_a_run_only_the_latest_step_is_queued(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe_many(session, 2)
    assert counts(send_reminders(installation, "2026-12-28T12:00-08:00")) == {
        "seven_days/appeal": 2
    }
    assert counts(send_reminders(installation, "2026-12-30T12:00-08:00")) == {"two_days/appeal": 2}
    assert len(sent_emails(installation)) == 4


def test_a_recipient_in_quiet_hours_is_left_for_a_later_run(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "here@example.org")
        subscribe(session, "berlin@example.org", timezone="Europe/Berlin")
        subscribe(session, "lost@example.org", timezone="Nowhere/Atlantis")
    shown = [
        (hour, counts(send_reminders(installation, f"2026-12-26T{hour}-08:00")))
        for hour in ("00:00", "08:59", "09:00", "11:59", "12:00", "20:59")
    ]
    # Midnight in Los Angeles is 9 am in Berlin. A zone that nobody knows keeps the campaign's hours.
    assert shown[0] == ("00:00", {"seven_days/appeal": 1})
    assert addresses(installation)[0] == "berlin@example.org"
    assert [each for each in shown if each[1]][1:] == [("09:00", {"seven_days/appeal": 2})]


def test_readers_whose_evening_is_over_get_the_last_email_while_they_are_awake(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "new.york@example.org", timezone="America/New_York")
        subscribe(session, "berlin@example.org", timezone="Europe/Berlin")
        subscribe(session, "here@example.org")
    shown: dict[str, dict[str, int]] = {}
    moment = at("2026-12-31T00:00-08:00")
    while moment < at("2027-01-01T00:00-08:00"):
        found = counts(send_reminders(installation, moment))
        if found:
            shown[f"{moment.astimezone(winter.zone):%H:%M}"] = found
        mark_all_sent(installation)
        moment += timedelta(minutes=30)
    assert shown == {
        "00:00": {"last_day/appeal": 1},  # 9 am in Berlin
        "06:00": {"last_day/appeal": 1},  # 9 am in New York
        "09:00": {"last_day/appeal": 1},
        "10:00": {"last_hours/appeal": 1},  # 7 pm in Berlin
        "16:00": {"last_hours/appeal": 1},  # 7 pm in New York
        "20:00": {"last_hours/appeal": 1},
    }


def test_an_email_moved_to_the_evening_is_sent_then_and_not_at_night(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "new.york@example.org", timezone="America/New_York")
    send_reminders(installation, "2026-12-31T17:30-08:00")
    (queued,) = sent_emails(installation)
    assert queued.expires_at == winter.deadline
    found = claim_of(queued)
    with installation.sessions() as session:
        evening, night = at("2026-12-31T20:59-05:00"), at("2026-12-31T21:00-05:00")
        assert eligibility.ineligibility_reason(session, found, evening) == ""
        assert eligibility.postponed_until(session, found, evening) is None
        # That is after the deadline, so it is dropped.
        assert eligibility.postponed_until(session, found, night) == at("2027-01-01T09:00-05:00")


@pytest.mark.parametrize(
    ("state", "asked"),
    [
        ("pending", True),
        ("declined", True),
        ("expired", True),
        ("failed", True),
        ("processing", False),
        ("paid", False),
        ("partially_refunded", False),
        ("refunded", False),
        ("disputed", False),
        ("dispute_lost", False),
    ],
)
def test_people_who_gave_or_promised_are_not_asked(
    installation: Installation, winter: Campaign, state: str, asked: bool
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "Ana@Example.org")
        donate(session, winter, "aNA@example.org", state)
    send_reminders(installation, MIDDAY)
    assert bool(sent_emails(installation)) is asked


def test_a_list_that_one_campaign_was_left_for_keeps_the_others(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        other = new_campaign(session, slug="other")
        subscribe(session, "ana@example.org", "bo@example.org")
        one = Suppression(email="ana@example.org", campaign_id=other.id, reason="unsubscribed")
        session.add_all([one, Suppression(email="bo@example.org", reason="bounced")])
    send_reminders(installation, MIDDAY)
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
    send_reminders(installation, MIDDAY)
    assert addresses(installation) == ["both@example.org"]
    with installation.sessions.begin() as session:
        asking = new_campaign(session, slug="asking", ask_past_donors=True)
    send_reminders(installation, MIDDAY)
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
    send_reminders(installation, MIDDAY)
    mark_all_sent(installation)
    with installation.sessions.begin() as session:
        donate(session, winter, "Gave@example.org", "paid")
        donate(session, winter, "other@example.org", "processing")
        donate(session, winter, "back@example.org", "refunded")
        subscribe(session, "late@example.org")
        session.add(Suppression(email="left@example.org", reason="unsubscribed"))
    assert counts(send_reminders(installation, "2027-01-01T00:00-08:00")) == {}
    ended = {"wrap_up/thank_you": 2, "wrap_up/wrap_up": 1}
    assert counts(send_reminders(installation, "2027-01-01T09:00-08:00")) == ended
    assert counts(send_reminders(installation, "2027-01-02T09:00-08:00")) == {}
    assert addresses(installation, "thank_you") == ["Gave@example.org", "other@example.org"]
    assert addresses(installation, "wrap_up") == ["asked@example.org"]


def test_the_wrap_up_comes_no_later_than_a_week_after_the_end(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        donate(session, winter, "gave@example.org", "paid")
        session.execute(text("UPDATE campaign SET grace_days = 0"))
    assert counts(send_reminders(installation, "2027-01-08T00:00-08:00")) == {}
    assert counts(send_reminders(installation, "2027-01-07T12:00-08:00")) == {
        "wrap_up/thank_you": 1
    }


def test_a_step_that_is_switched_off_is_not_queued(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "ana@example.org")
        change_step(session, winter, "nine_days", StepChange(enabled=False))
        change_step(session, winter, "seven_days", StepChange(enabled=False))
        change_step(session, winter, "opening", StepChange(enabled=False))
    assert send_reminders(installation, MIDDAY) == []


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
    assert counts(send_reminders(installation, MIDDAY)) == {"seven_days/appeal": 7}


def test_after_a_run_only_people_who_joined_since_are_left_to_write_to(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "Ana@Example.org")
    send_reminders(installation, MIDDAY)
    with installation.sessions.begin() as session:
        session.execute(text("UPDATE outbox_message SET recipient = 'ANA@example.ORG'"))
        subscribe(session, "ben@example.org")
        shown = countdown.preview_due(session, winter.id, at(MIDDAY))
    assert counts(shown) == {"seven_days/appeal": 1}
    assert counts(send_reminders(installation, MIDDAY)) == {"seven_days/appeal": 1}


def test_a_run_reports_each_step_with_its_campaign_and_window_even_without_recipients(
    installation: Installation, winter: Campaign
) -> None:
    (asked,) = send_reminders(installation, MIDDAY)
    assert (asked.campaign, asked.key, asked.kind, asked.count) == (
        "winter",
        "seven_days",
        "appeal",
        0,
    )
    assert (asked.due, asked.closes) == (
        at("2026-12-25T00:00-08:00"),
        at("2026-12-29T00:00-08:00"),
    )
    ended = send_reminders(installation, "2027-01-02T12:00-08:00")
    assert [(one.key, one.kind, one.count) for one in ended] == [
        ("wrap_up", "thank_you", 0),
        ("wrap_up", "wrap_up", 0),
    ]
    assert {(one.due, one.closes) for one in ended} == {
        (winter.deadline, winter.deadline + timedelta(days=7))
    }


def test_thanks_and_result_are_rows_with_all_that_each_email_needs(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "asked@example.org", name="As", locale="es", timezone="America/Denver")
    send_reminders(installation, MIDDAY)
    mark_all_sent(installation)
    with installation.sessions.begin() as session:
        donate(session, winter, "gave@example.org", "partially_refunded")
    morning = "2027-01-01T10:00-08:00"
    send_reminders(installation, morning)
    rows = {each.kind: each for each in sent_emails(installation) if each.kind != "appeal"}
    told = [(kind, one.recipient, one.name, one.locale, one.timezone) for kind, one in rows.items()]
    assert sorted(told, key=lambda one: one[0]) == [
        ("thank_you", "gave@example.org", "Ana Reyes", "en", None),
        ("wrap_up", "asked@example.org", "As", "es", "America/Denver"),
    ]
    for one in rows.values():
        assert one.campaign_id == winter.id
        assert one.subject_key == f"{one.step_id}:{one.recipient}"
        assert (one.next_attempt_at, one.bulk) == (at(morning), True)
        assert one.expires_at == winter.deadline + timedelta(days=7)


@pytest.mark.parametrize("reason", ["unsubscribed", "bounced", "complained", "refused", "imported"])
@pytest.mark.parametrize("scope", ["all", "this", "another"])
def test_suppressed_people_are_neither_asked_nor_thanked_nor_told_the_result(
    installation: Installation, winter: Campaign, reason: str, scope: str
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "asked@example.org")
    send_reminders(installation, MIDDAY)
    mark_all_sent(installation)
    with installation.sessions.begin() as session:
        donate(session, winter, "Gave@example.org", "paid")
        subscribe(session, "New@example.org")
        other = new_campaign(session, slug="other", start="2027-06-01", deadline="2027-06-30")
        where = {"all": None, "this": winter.id, "another": other.id}[scope]
        for name in ("asked", "gave", "new"):
            session.add(Suppression(email=f"{name}@example.org", campaign_id=where, reason=reason))
    asked = counts(send_reminders(installation, "2026-12-29T12:00-08:00"))
    ended = counts(send_reminders(installation, "2027-01-01T12:00-08:00"))
    if scope == "another":
        assert asked == {"three_days/appeal": 2}
        assert ended == {"wrap_up/thank_you": 1, "wrap_up/wrap_up": 1}
    else:
        assert (asked, ended) == ({}, {})


def test_a_run_sees_a_deadline_that_moved_while_it_waited(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "ana@example.org")
    moment = at("2026-12-31T12:00-08:00")
    with installation.sessions.begin() as session:
        read_before = session.get_one(Campaign, winter.id)
        with installation.sessions.begin() as other:
            extend(other, read_before, "2027-01-03", "the mail is late", "sam", moment)
        queued = countdown.queue_due(session, winter.id, moment, DOMAIN)
    # At the old deadline it would be the last day.
    assert counts(queued) == {"seven_days/appeal": 1}


def test_a_preview_counts_reminders_as_a_run_queues_them(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        for name, moment in (("ana", MIDDAY), ("ben", MIDDAY), ("cy", "2026-12-27T12:00-08:00")):
            address, asked_at = f"{name}@example.org", at(moment)
            request_reminder(session, winter, address, "tomorrow", "en", asked_at)
        other = new_campaign(session, slug="other")
        request_reminder(session, other, "di@example.org", "tomorrow", "en", at(MIDDAY))
        donate(session, winter, "ben@example.org", "processing")

    def previewed(moment: str) -> list[tuple[str, str, int]]:
        with installation.sessions() as session:
            found = countdown.preview_due(session, winter.id, at(moment))
        return [(one.campaign, one.key, one.count) for one in found if one.kind == "reminder"]

    due = "2026-12-27T12:00-08:00"
    assert previewed("2026-12-27T11:59-08:00") == previewed("2026-12-27T21:00-08:00") == []
    assert previewed("2027-01-01T10:00-08:00") == []
    assert previewed(due) == [("winter", "reminder", 1)]
    queued = [one for one in send_reminders(installation, due) if one.kind == "reminder"]
    assert [(one.campaign, one.count) for one in queued] == [("winter", 1), ("other", 1)]
    assert (queued[0].due, queued[0].closes) == (winter.starts_at, winter.deadline)
    assert previewed(due) == []
    assert addresses(installation, "reminder") == ["ana@example.org", "di@example.org"]
