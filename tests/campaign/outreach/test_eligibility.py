"""The last check before a campaign email is sent: recipients who must not get it, and quiet hours."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from campaign.campaigns.extensions import extend
from campaign.campaigns.schedule_edits import StepChange, change_step
from campaign.mailer.outbox import CLAIMED, EmailClaim
from campaign.models import Campaign, Suppression
from campaign.outreach import eligibility
from campaign.runtime.context import Installation
from tests.support.subscribers import at, donate, mark_all_sent, new_campaign, run, subscribe

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
    run(installation, MIDDAY)
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
    run(installation, "2026-12-31T20:30-08:00")
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
    run(installation, morning)
    thanks = claim(installation, "thank_you")
    assert why(installation, thanks, morning) == ""
    with installation.sessions.begin() as session:
        session.execute(text("UPDATE donation SET state = 'refunded'"))
    assert "refunded or reversed in full" in why(installation, thanks, morning)


def test_a_wrap_up_that_is_queued_waits_where_the_campaign_goes_on(
    installation: Installation, winter: Campaign
) -> None:
    run(installation, MIDDAY)
    mark_all_sent(installation)
    morning = "2027-01-01T10:00-08:00"
    run(installation, morning)
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


@pytest.mark.parametrize(
    ("zone", "moment", "hours"),
    [
        # The night in which the clocks fall back has an hour more, the one in spring an hour less.
        ("America/Los_Angeles", "2026-10-31T21:00-07:00", 13),
        ("America/Los_Angeles", "2027-03-13T21:00-08:00", 11),
        ("America/Santiago", "2027-09-04T21:00-04:00", 11),
        ("Asia/Beirut", "2027-03-27T21:00+02:00", 11),
    ],
)
def test_nine_in_the_morning_is_nine_on_the_clock_when_clocks_change(
    zone: str, moment: str, hours: int
) -> None:
    found = eligibility.quiet_end(at(moment), ZoneInfo(zone))
    assert found is not None
    assert found.astimezone(ZoneInfo(zone)).hour == 9
    assert (found - at(moment)).total_seconds() == hours * 3600
