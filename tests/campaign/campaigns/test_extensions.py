"""Deadline changes: only to a later time, with a public reason, and queued emails adapt."""

from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from campaign.campaigns.campaigns import find_campaign
from campaign.campaigns.extensions import ExtensionResult, extend, public_extensions
from campaign.core.errors import CampaignError, DeadlineInvalid, ExtensionRefused
from campaign.models import Campaign
from campaign.runtime.context import Installation
from tests.support.campaigns import ADMIN, audited
from tests.support.subscribers import (
    addresses,
    at,
    counts,
    donate,
    mark_all_sent,
    new_campaign,
    send_reminders,
    sent_emails,
    subscribe,
)
from tests.support.waiting import wait_until

MIDDAY = "2026-12-28T12:00-08:00"
REASON = "the storm kept the mail away"


@pytest.fixture
def winter(installation: Installation) -> Campaign:
    with installation.sessions.begin() as session:
        return new_campaign(session)


def move(
    installation: Installation,
    deadline: str = "2027-01-05",
    reason: str = REASON,
    moment: datetime | None = None,
) -> ExtensionResult:
    with installation.sessions.begin() as session:
        campaign = find_campaign(session, "winter")
        return extend(session, campaign, deadline, reason, "sam", moment or at(MIDDAY))


def test_an_extension_moves_the_deadline_and_stores_the_reason(
    installation: Installation, winter: Campaign
) -> None:
    made = move(installation)
    assert (made.reopened, made.repeated) == (False, False)
    with installation.sessions() as session:
        campaign = find_campaign(session, "winter")
        assert campaign.deadline == at("2027-01-06T00:00-08:00")
        assert campaign.deadline_wall_clock == "2027-01-06T00:00:00"
        (kept,) = public_extensions(session, campaign)
    assert (kept.previous_deadline, kept.deadline) == (
        winter.deadline,
        at("2027-01-06T00:00-08:00"),
    )
    assert (kept.reason, kept.recorded_by) == (REASON, "sam")


def test_a_repeated_extension_changes_nothing(installation: Installation, winter: Campaign) -> None:
    move(installation)
    assert move(installation).repeated
    with installation.sessions() as session:
        assert len(public_extensions(session, winter)) == 1


def test_a_second_extension_is_listed_after_the_first(
    installation: Installation, winter: Campaign
) -> None:
    move(installation)
    move(installation, "2027-01-08", "a donor will double what comes by then")
    with installation.sessions() as session:
        found = public_extensions(session, winter)
    assert [each.reason.split()[0] for each in found] == ["the", "a"]


@pytest.mark.parametrize(
    ("deadline", "reason", "moment", "error"),
    [
        ("2026-12-30", REASON, MIDDAY, ExtensionRefused),
        ("2026-12-31", REASON, MIDDAY, ExtensionRefused),
        ("2027-01-05", "  ", MIDDAY, ExtensionRefused),
        ("2027-01-05", ".", MIDDAY, ExtensionRefused),
        ("2027-01-05", "x" * 301, MIDDAY, ExtensionRefused),
        ("2027-01-05", "a\0b", MIDDAY, ExtensionRefused),
        ("the fifth", REASON, MIDDAY, DeadlineInvalid),
        ("2027-01-05", REASON, "2027-01-06T00:00-08:00", ExtensionRefused),
        ("2027-06-01", REASON, "2027-01-15T00:00-08:00", ExtensionRefused),
    ],
)
def test_invalid_extensions_are_rejected_and_change_nothing(
    installation: Installation,
    winter: Campaign,
    deadline: str,
    reason: str,
    moment: str,
    error: type[CampaignError],
) -> None:
    with pytest.raises(error):
        move(installation, deadline, reason, at(moment))
    with installation.sessions() as session:
        assert find_campaign(session, "winter").deadline == winter.deadline
        assert not public_extensions(session, winter)


def test_an_ended_campaign_can_be_reopened_until_its_result_is_final(
    installation: Installation, winter: Campaign
) -> None:
    assert move(installation, moment=at("2027-01-02T12:00-08:00")).reopened


def test_a_frozen_result_stays_frozen(installation: Installation, winter: Campaign) -> None:
    with installation.sessions.begin() as session:
        session.execute(text("UPDATE campaign SET finalized_at = now(), final_raised = 0"))
    with pytest.raises(ExtensionRefused, match="final"):
        move(installation)


def test_queued_emails_expire_when_their_new_window_closes(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "ana@example.org")
    send_reminders(installation, "2026-12-30T12:00-08:00")
    move(installation, moment=at("2026-12-30T12:01-08:00"))
    (sent_email,) = sent_emails(installation)
    # Two days before the new end.
    assert sent_email.next_attempt_at == at("2027-01-04T00:00-08:00")
    assert sent_email.expires_at == at("2027-01-05T00:00-08:00")


def test_after_an_extension_nobody_gets_a_step_or_wrap_up_twice(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "ana@example.org")
    for moment in ("2026-12-29T12:00", "2026-12-31T20:30"):
        send_reminders(installation, f"{moment}-08:00")
        mark_all_sent(installation)
    assert counts(send_reminders(installation, "2027-01-01T09:00-08:00")) == {"wrap_up/wrap_up": 1}
    move(installation, moment=at("2027-01-01T10:00-08:00"))
    assert addresses(installation, "wrap_up") == []
    shown = []
    for day in range(1, 7):
        for hour in ("10", "13", "20"):
            moment = f"2027-01-{day:02}T{hour}:30-08:00"
            shown.append(counts(send_reminders(installation, moment)))
            mark_all_sent(installation)
    # With the two appeals before it, the email about the extension uses up the cap until January 5, 12:00.
    assert [each for each in shown if each] == [
        {"extension/extension": 1},
        {"last_day/appeal": 1},
        {"wrap_up/wrap_up": 1},
    ]


def test_donors_after_a_reopening_are_thanked_at_the_new_end(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "ana@example.org")
    send_reminders(installation, MIDDAY)
    mark_all_sent(installation)
    send_reminders(installation, "2027-01-01T09:00-08:00")
    move(installation, moment=at("2027-01-01T10:00-08:00"))
    with installation.sessions.begin() as session:
        donate(session, winter, "ana@example.org", "paid")
    assert counts(send_reminders(installation, "2027-01-06T09:00-08:00")) == {
        "wrap_up/thank_you": 1
    }


def test_the_page_shows_it_at_once_with_its_reason(
    installation: Installation, campaign: Campaign, client: FlaskClient
) -> None:
    assert "Extended on" not in client.get("/c/nine-days").text
    with installation.sessions.begin() as session:
        moved = at("2099-12-28T12:00-08:00")
        own = find_campaign(session, "nine-days")
        extend(session, own, "2100-01-05", "<b>mail</b> is late.", "sam", moved)
    said = (
        "Extended on December 28 from December 31 to January 5,"
        " because &lt;b&gt;mail&lt;/b&gt; is late."
    )
    wait_until(lambda: said in client.get("/c/nine-days").text)
    assert "January 5, 2100" in client.get("/c/nine-days").text


def test_a_move_is_in_the_audit_log_with_both_deadlines(
    installation: Installation, winter: Campaign
) -> None:
    move(installation)
    with installation.sessions.begin() as session:
        campaign = find_campaign(session, "winter")
        extend(session, campaign, "2027-01-08", "more mail", "Ada", at(MIDDAY), ADMIN)
    by_command, by_staff = audited(installation)
    assert (by_command.actor, by_staff.actor) == ("command line: sam", ADMIN.name)
    assert {(one.action, one.subject_kind, one.subject_key) for one in (by_command, by_staff)} == {
        ("deadline.extended", "campaign", "winter")
    }
    assert by_command.before == {"deadline": winter.deadline.isoformat()}
    moved = at("2027-01-06T00:00-08:00").isoformat()
    assert by_command.after == {"deadline": moved, "reason": REASON}
    assert by_staff.before == {"deadline": moved}


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Because it  rained.\n", "it rained"),
        ("because it rained...", "it rained"),
        ("x" * 300 + ".", "x" * 300),
        ("the U.S. mail is late", "the U.S. mail is late"),
    ],
)
def test_a_reason_is_kept_as_it_follows_because(
    installation: Installation, winter: Campaign, written: str, kept: str
) -> None:
    assert move(installation, reason=written).extension.reason == kept


def test_a_deadline_moves_by_an_instant_at_least_and_until_the_result_is_final(
    installation: Installation, winter: Campaign
) -> None:
    blink = timedelta(microseconds=1)
    with pytest.raises(ExtensionRefused, match="in the past"):
        move(installation, (winter.deadline + blink).isoformat(), moment=winter.deadline + blink)
    with pytest.raises(ExtensionRefused, match="is final"):
        move(installation, "2027-06-01", moment=winter.final_from)
    made = move(installation, "2027-06-01", moment=winter.final_from - blink)
    assert (made.reopened, made.extension.created_at) == (True, winter.final_from - blink)


def test_extending_one_campaign_leaves_another_and_its_history_alone(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        other = new_campaign(session, slug="other", deadline="2027-01-05")
        extend(session, other, "2027-01-07", "snow", "ada", at(MIDDAY))
    assert not move(installation, "2027-01-07").repeated
    with installation.sessions() as session:
        (own,) = public_extensions(session, winter)
        (others,) = public_extensions(session, other)
    assert (own.reason, others.reason) == (REASON, "snow")
    assert (own.created_at, others.previous_deadline) == (at(MIDDAY), at("2027-01-06T00:00-08:00"))
