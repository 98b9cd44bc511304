"""The last check before a campaign email is sent: recipients who must not get it, and quiet hours."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from campaign.campaigns.extensions import extend
from campaign.campaigns.schedule_edits import StepChange, change_step
from campaign.mailer.outbox import CLAIMED, EmailClaim
from campaign.models import Campaign, DonationState, Reminder, Suppression
from campaign.outreach import eligibility
from campaign.runtime.context import Installation
from tests.support.donors import add_donation, add_donor
from tests.support.schedule import windows
from tests.support.subscribers import (
    at,
    donate,
    mark_all_sent,
    new_campaign,
    send_reminders,
    subscribe,
)

MIDDAY = "2026-12-26T12:00-08:00"
LATER = "2026-12-26T13:00-08:00"


@pytest.fixture
def winter(installation: Installation) -> Campaign:
    with installation.sessions.begin() as session:
        subscribe(session, "Ana@Example.org")
        return new_campaign(session)


def claim(installation: Installation, kind: str = "appeal") -> EmailClaim:
    """Return the newest email of that kind as a worker's claim."""
    names = ", ".join(column.key for column in CLAIMED)
    with installation.sessions() as session:
        row = session.execute(
            text(f"SELECT {names} FROM outbox_message WHERE kind = :kind ORDER BY id DESC LIMIT 1"),
            {"kind": kind},
        ).one()
    return EmailClaim(**row._asdict())


def why(installation: Installation, sent_email: EmailClaim, moment: str = LATER) -> str:
    with installation.sessions() as session:
        return eligibility.ineligibility_reason(session, sent_email, at(moment))


def quiet(installation: Installation, sent_email: EmailClaim, moment: str) -> datetime | None:
    with installation.sessions() as session:
        return eligibility.postponed_until(session, sent_email, at(moment))


@pytest.fixture
def sent_email(installation: Installation, winter: Campaign) -> EmailClaim:
    send_reminders(installation, MIDDAY)
    return claim(installation)


def test_an_email_that_is_still_valid_is_sent(
    installation: Installation, sent_email: EmailClaim
) -> None:
    assert why(installation, sent_email) == ""
    assert quiet(installation, sent_email, LATER) is None


def test_people_who_gave_since_it_was_queued_are_left_out(
    installation: Installation, winter: Campaign, sent_email: EmailClaim
) -> None:
    with installation.sessions.begin() as session:
        donate(session, winter, "ana@example.ORG", "processing")
    assert "given" in why(installation, sent_email)


def test_people_who_gave_to_another_campaign_are_still_asked(
    installation: Installation, sent_email: EmailClaim
) -> None:
    with installation.sessions.begin() as session:
        donate(session, new_campaign(session, slug="other"), "ana@example.org", "paid")
    assert why(installation, sent_email) == ""


@pytest.mark.parametrize("scope", ["all", "this", "another"])
def test_people_who_unsubscribed_or_bounced_since_are_left_out(
    installation: Installation, winter: Campaign, sent_email: EmailClaim, scope: str
) -> None:
    with installation.sessions.begin() as session:
        other = new_campaign(session, slug="other")
        ids = {"all": None, "this": winter.id, "another": other.id}
        one = Suppression(email="ana@example.org", campaign_id=ids[scope], reason="unsubscribed")
        session.add(one)
    assert bool(why(installation, sent_email)) is (scope != "another")


def test_a_step_that_was_switched_off_or_is_over_is_not_sent(
    installation: Installation, winter: Campaign, sent_email: EmailClaim
) -> None:
    assert why(installation, sent_email, "2026-12-28T23:59:59-08:00") == ""
    assert "time" in why(installation, sent_email, "2026-12-29T00:00-08:00")
    assert "over" in why(installation, sent_email, "2027-01-01T00:00-08:00")
    with installation.sessions.begin() as session:
        change_step(session, winter, "seven_days", StepChange(enabled=False))
    assert "switched off" in why(installation, sent_email)


def test_an_erased_address_gets_nothing(installation: Installation, sent_email: EmailClaim) -> None:
    assert why(installation, replace(sent_email, recipient="")) != ""


def test_an_appeal_that_was_queued_before_the_deadline_moved_waits_for_its_step(
    installation: Installation, winter: Campaign
) -> None:
    send_reminders(installation, "2026-12-31T20:30-08:00")
    sent_email = claim(installation)
    with installation.sessions.begin() as session:
        moved = at("2026-12-31T20:31-08:00")
        extend(session, winter, "2027-01-05", "mail is late", "sam", moved)
    after = "2026-12-31T20:32-08:00"
    assert why(installation, sent_email, after) == ""
    assert quiet(installation, sent_email, after) == at("2027-01-05T20:00-08:00")
    assert why(installation, sent_email, "2027-01-05T20:01-08:00") == ""
    assert quiet(installation, sent_email, "2027-01-05T20:01-08:00") is None


def test_thanks_go_to_donors_whose_gift_is_not_fully_refunded(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        donate(session, winter, "ana@example.org", "paid")
    morning = "2027-01-01T10:00-08:00"
    send_reminders(installation, morning)
    thanks = claim(installation, "thank_you")
    assert why(installation, thanks, morning) == ""
    with installation.sessions.begin() as session:
        session.execute(text("UPDATE donation SET state = 'refunded'"))
    assert "refunded or reversed in full" in why(installation, thanks, morning)


def test_a_wrap_up_that_is_queued_waits_where_the_campaign_goes_on(
    installation: Installation, winter: Campaign
) -> None:
    send_reminders(installation, MIDDAY)
    mark_all_sent(installation)
    morning = "2027-01-01T10:00-08:00"
    send_reminders(installation, morning)
    wrap_up = claim(installation, "wrap_up")
    with installation.sessions.begin() as session:
        extend(session, winter, "2027-01-05", "mail is late", "sam", at(morning))
    # Midnight lies in the quiet hours.
    assert quiet(installation, wrap_up, morning) == at("2027-01-06T09:00-08:00")


@pytest.mark.parametrize(
    ("zone", "moment", "until"),
    [
        (None, "2026-12-26T20:59:59-08:00", None),
        (None, "2026-12-26T21:00-08:00", "2026-12-27T09:00-08:00"),
        (None, "2026-12-27T08:59-08:00", "2026-12-27T09:00-08:00"),
        (None, "2026-12-27T09:00-08:00", None),
        ("Europe/Berlin", "2026-12-26T12:00-08:00", "2026-12-27T09:00+01:00"),
        ("Nowhere/Atlantis", "2026-12-26T12:00-08:00", None),
        ("", "2026-12-26T12:00-08:00", None),
    ],
)
def test_quiet_hours_use_the_recipients_zone_or_else_the_campaigns(
    installation: Installation,
    sent_email: EmailClaim,
    zone: str | None,
    moment: str,
    until: str | None,
) -> None:
    found = quiet(installation, replace(sent_email, timezone=zone), moment)
    assert found == (at(until) if until else None)


def test_people_who_gave_from_another_of_their_addresses_are_left_out(
    installation: Installation, winter: Campaign, sent_email: EmailClaim
) -> None:
    with installation.sessions.begin() as session:
        known = add_donor(session, "ana@example.org")
        work = add_donor(session, "ana@work.example", merged_into_id=known.id)
        add_donation(session, winter, work, state="declined", charged_at=None, paid_at=None)
        add_donation(session, new_campaign(session, slug="other"), work)
        add_donation(session, winter, add_donor(session, "ben@example.org"))
    assert why(installation, sent_email) == ""
    assert why(installation, replace(sent_email, recipient="ANA@work.example")) == ""
    for state in ("processing", "refunded"):
        moment = at(MIDDAY) if state == "refunded" else None
        with installation.sessions() as session:
            gift = add_donation(
                session, winter, work, state=state, charged_at=moment, paid_at=moment
            )
            assert "given" in eligibility.ineligibility_reason(session, sent_email, at(LATER))
            # Nor is the other way round: the address that gave was merged into this one.
            gift.donor_id = known.id
            session.flush()
            other = replace(sent_email, recipient="ANA@work.example")
            assert "given" in eligibility.ineligibility_reason(session, other, at(LATER))


@pytest.mark.parametrize("kind", ["appeal", "wrap_up", "reminder"])
@pytest.mark.parametrize("state", [one.value for one in DonationState])
def test_only_a_promise_or_a_payment_stops_what_asks(
    installation: Installation, winter: Campaign, sent_email: EmailClaim, kind: str, state: str
) -> None:
    with installation.sessions.begin() as session:
        donate(session, winter, "ana@example.org", state)
        session.add(
            Reminder(
                id=7, campaign_id=winter.id, email="a@b.org", choice="tomorrow", due_at=at(LATER)
            )
        )
    asking = replace(sent_email, kind=kind, subject_key="7")
    gave = state not in ("pending", "declined", "expired", "failed")
    assert bool(why(installation, asking)) is gave


@pytest.mark.parametrize("state", [one.value for one in DonationState])
def test_thanks_are_for_gifts_of_which_something_remains(
    installation: Installation, winter: Campaign, sent_email: EmailClaim, state: str
) -> None:
    thanks = replace(sent_email, kind="thank_you", step_id=None)
    with installation.sessions.begin() as session:
        donate(session, winter, "ana@example.org", state)
        donate(session, new_campaign(session, slug="other"), "ana@example.org", "paid")
    remains = state in ("processing", "paid", "partially_refunded")
    reason = "" if remains else "Their gift was refunded or reversed in full."
    assert why(installation, thanks) == reason


def test_suppressed_people_are_not_thanked_and_the_reason_is_the_suppression(
    installation: Installation, winter: Campaign, sent_email: EmailClaim
) -> None:
    with installation.sessions.begin() as session:
        donate(session, winter, "ana@example.org", "paid")
        session.add(Suppression(email="ana@example.org", reason="complained"))
    for kind in ("thank_you", "wrap_up", "appeal"):
        reason = why(installation, replace(sent_email, kind=kind))
        assert reason == "The address is on the suppression list."


def test_what_belongs_to_no_campaign_is_sent_at_any_hour(
    installation: Installation, sent_email: EmailClaim
) -> None:
    general = replace(sent_email, campaign_id=None)
    assert why(installation, general) == ""
    assert quiet(installation, general, "2026-12-26T23:00-08:00") is None


@pytest.mark.parametrize("kind", ["appeal", "reminder"])
def test_nothing_asks_once_the_campaign_is_over(
    installation: Installation, winter: Campaign, sent_email: EmailClaim, kind: str
) -> None:
    with installation.sessions.begin() as session:
        reminder = Reminder(
            campaign_id=winter.id, email="a@b.org", choice="last_day", due_at=at(LATER)
        )
        session.add(reminder)
        session.flush()
        asking = replace(sent_email, kind=kind, step_id=None, subject_key=str(reminder.id))
    assert why(installation, asking, "2026-12-31T23:59:59-08:00") == ""
    assert why(installation, asking, "2027-01-01T00:00-08:00") == "The campaign is over."


def test_the_result_is_told_until_its_week_is_over(
    installation: Installation, winter: Campaign, sent_email: EmailClaim
) -> None:
    mark_all_sent(installation)
    send_reminders(installation, "2027-01-01T10:00-08:00")
    result = claim(installation, "wrap_up")
    assert why(installation, result, "2027-01-07T23:59-08:00") == ""
    assert why(installation, result, "2027-01-08T00:00-08:00") == "The time for this email is over."


@pytest.mark.parametrize(
    ("kind", "waits"),
    [("appeal", True), ("reminder", True), ("thank_you", False), ("wrap_up", False)],
)
def test_while_a_campaign_is_paused_what_asks_waits_a_quarter_of_an_hour(
    installation: Installation, winter: Campaign, sent_email: EmailClaim, kind: str, waits: bool
) -> None:
    one = replace(sent_email, kind=kind)
    with installation.sessions.begin() as session:
        paused = session.get_one(Campaign, winter.id)
        paused.paused_at, paused.pause_reason = at(MIDDAY), "we test"
    later = at(LATER) + timedelta(minutes=15) if waits else None
    assert quiet(installation, one, LATER) == later
    with installation.sessions.begin() as session:
        resumed = session.get_one(Campaign, winter.id)
        resumed.paused_at = resumed.pause_reason = None
    assert quiet(installation, one, LATER) is None


def test_a_reminder_waits_for_the_morning_in_the_campaigns_zone(
    installation: Installation, sent_email: EmailClaim
) -> None:
    reminder = replace(sent_email, kind="reminder", step_id=None, timezone=None)
    assert quiet(installation, reminder, "2026-12-26T20:59-08:00") is None
    morning = at("2026-12-27T09:00-08:00")
    for night in ("2026-12-26T21:30-08:00", "2026-12-27T08:59-08:00"):
        assert quiet(installation, reminder, night) == morning


def test_a_batch_that_keeps_windows_still_judges_each_campaign_step_and_deadline(
    installation: Installation, winter: Campaign, sent_email: EmailClaim
) -> None:
    with installation.sessions.begin() as session:
        other = new_campaign(session, slug="other", deadline="2026-12-30")
    send_reminders(installation, MIDDAY)
    others = claim(installation)
    assert others.campaign_id == other.id
    last_day = windows(installation, winter)["last_day"].step.id
    with installation.sessions() as session:
        session.info[eligibility.WINDOWS] = {}

        def reasons(moment: str) -> list[str]:
            return [
                eligibility.ineligibility_reason(session, one, at(moment))
                for one in (sent_email, others)
            ]

        over = "The time for this email is over."
        assert reasons(LATER) == ["", ""]
        assert reasons("2026-12-28T00:00-08:00") == ["", over]
        assert reasons("2026-12-29T00:00-08:00") == [over, over]
        of_another_step = replace(sent_email, step_id=last_day)
        moment = at("2026-12-29T00:00-08:00")
        assert eligibility.ineligibility_reason(session, of_another_step, moment) == ""
        with installation.sessions.begin() as elsewhere:
            extend(elsewhere, winter, "2027-01-05", "mail is late", "sam", at(LATER))
        assert reasons("2026-12-29T00:00-08:00") == ["", over]
