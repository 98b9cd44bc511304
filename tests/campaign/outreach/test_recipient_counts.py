"""How many people each step would reach, as the staff page shows before anything is queued."""

from datetime import timedelta

import pytest

from campaign.campaigns.schedule_edits import StepChange, change_step
from campaign.mailer.suppressions import suppress
from campaign.models import Campaign, SuppressionReason
from campaign.outreach.recipient_counts import StepRow, step_rows
from campaign.outreach.step_statistics import Counts
from campaign.runtime.context import Installation
from tests.support.subscribers import (
    at,
    donate,
    mark_all_sent,
    new_campaign,
    send_reminders,
    sent_emails,
    subscribe,
)

MIDDAY = "2026-12-26T12:00-08:00"
BLINK = timedelta(microseconds=1)


@pytest.fixture
def winter(installation: Installation) -> Campaign:
    with installation.sessions.begin() as session:
        return new_campaign(session)


def rows(
    installation: Installation, campaign: Campaign, moment: str = MIDDAY
) -> dict[str, StepRow]:
    with installation.sessions() as session:
        return {row.step.key: row for row in step_rows(session, campaign, at(moment))}


def test_donors_and_suppressed_addresses_are_not_counted(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "ana@example.org", "ben@example.org", "cy@example.org")
        # It is night where Di is: she is written to when she wakes.
        subscribe(session, "Di@example.org", timezone="Asia/Tokyo")
        suppress(session, "ben@example.org", SuppressionReason.bounced)
        donate(session, winter, "cy@example.org", "paid")
    found = rows(installation, winter)
    assert {key: row.reach for key, row in found.items()} == {
        "opening": None,
        "nine_days": None,
        "seven_days": 2,
        "three_days": 2,
        "two_days": 2,
        "last_day": 2,
        "last_hours": 2,
        "wrap_up": 1,
    }
    assert sent_emails(installation) == []


def test_queued_emails_are_counted_and_the_result_reaches_everyone_asked(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "ana@example.org", "ben@example.org")
        donate(session, winter, "cy@example.org", "partially_refunded")
        donate(session, winter, "di@example.org", "refunded")
    send_reminders(installation, MIDDAY)
    queued = rows(installation, winter)
    assert (queued["seven_days"].reach, queued["seven_days"].counts) == (0, Counts(waiting=2))
    assert queued["wrap_up"].reach == 1
    mark_all_sent(installation)
    sent = rows(installation, winter)
    assert (sent["wrap_up"].reach, sent["seven_days"].counts) == (3, Counts(sent=2))


def test_steps_are_listed_by_due_time_with_their_state(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        change_step(session, winter, "nine_days", StepChange(days=1))
        change_step(session, winter, "three_days", StepChange(enabled=False))
    found = rows(installation, winter)
    keys = list(found)
    assert keys.index("nine_days") > keys.index("two_days")
    states = {key: row.state(at(MIDDAY)) for key, row in found.items()}
    assert states["opening"] == "over"
    assert (states["seven_days"], states["three_days"], states["wrap_up"]) == (
        "due",
        "off",
        "upcoming",
    )
    # Two steps are due at once; only the one nearer to the end goes out.
    assert {states["nine_days"], states["last_day"]} == {"not sent", "upcoming"}
    assert found["three_days"].reach is None


def test_a_step_is_due_from_its_first_instant_to_before_its_last(
    installation: Installation, winter: Campaign
) -> None:
    row = rows(installation, winter)["seven_days"]
    assert row.window is not None
    due, closes = row.window.due, row.window.closes
    moments = (due - BLINK, due, closes - BLINK, closes)
    assert [row.state(one) for one in moments] == ["upcoming", "due", "due", "over"]


def test_a_step_before_the_start_is_not_sent_and_reaches_nobody(
    installation: Installation,
) -> None:
    with installation.sessions.begin() as session:
        late = new_campaign(session, start="2026-12-27")
        subscribe(session, "ana@example.org")
    row = rows(installation, late)["nine_days"]
    assert (row.state(at(MIDDAY)), row.window, row.reach) == ("not sent", None, None)
