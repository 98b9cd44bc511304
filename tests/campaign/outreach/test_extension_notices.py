"""An extension is told once to those who were told another end, and to nobody else."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from campaign.campaigns.campaigns import find_campaign
from campaign.core.errors import ExtensionRefused
from campaign.emails import bulk_claims
from campaign.emails.bulk_claims import SendTerms
from campaign.mailer.outbox import EmailClaim
from campaign.models import Campaign, OutboxMessage, Suppression
from campaign.outreach import countdown, extension_notices
from campaign.outreach.extension_notices import DeadlineRequest, ToldExtension, extend_and_tell
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
)

REASON = "the storm kept the mail away"
NOON = "2026-12-28T12:00-08:00"


@pytest.fixture
def winter(installation: Installation) -> Campaign:
    """A campaign whose seven-days email Ana, Ben and Cleo got."""
    with installation.sessions.begin() as session:
        subscribe(session, "Ana@example.org", name="Ana", locale="es", timezone="America/Denver")
        subscribe(session, "ben@example.org", "cleo@example.org")
        made = new_campaign(session)
    send_reminders(installation, "2026-12-26T12:00-08:00")
    mark_all_sent(installation)
    return made


def move(
    installation: Installation, deadline: str = "2027-01-05", moment: str = NOON
) -> ToldExtension:
    with installation.sessions.begin() as session:
        campaign = find_campaign(session, "winter")
        request = DeadlineRequest(deadline, REASON, "sam")
        return extend_and_tell(session, campaign, request, at(moment), DOMAIN)


def told(installation: Installation) -> list[OutboxMessage]:
    return [one for one in sent_emails(installation) if one.kind == "extension"]


def begin(installation: Installation, message: OutboxMessage, moment: datetime) -> bool:
    """Let a worker claim and begin the message."""
    with installation.sessions.begin() as session:
        row = session.get_one(OutboxMessage, message.id)
        row.state, row.attempts, row.lease_until = "sending", 1, moment + timedelta(minutes=10)
        session.flush()
        claim: EmailClaim = claim_of(row)
        return bulk_claims.begin_bulk(session, claim, moment, SendTerms())


def test_those_who_were_told_the_old_end_are_told_the_new_one_at_once(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "new@example.org")
    assert move(installation).told == 3
    first = told(installation)[0]
    assert (first.recipient, first.name, first.locale) == ("Ana@example.org", "Ana", "es")
    assert (first.timezone, first.bulk, first.step_id) == ("America/Denver", True, None)
    assert first.next_attempt_at == at(NOON)
    assert first.expires_at == at("2027-01-06T00:00-08:00")
    assert first.details == {"told": "2027-01-01T08:00:00+00:00"}


def test_those_who_gave_left_or_were_erased_are_not_told(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        donate(session, winter, "ANA@example.org", "processing")
        session.add(Suppression(email="ben@example.org", reason="unsubscribed"))
        session.execute(
            text("UPDATE outbox_message SET recipient = '' WHERE recipient = 'cleo@example.org'")
        )
    assert move(installation).told == 0


def test_those_who_give_or_leave_while_it_waits_are_not_told(
    installation: Installation, winter: Campaign
) -> None:
    move(installation)
    with installation.sessions.begin() as session:
        donate(session, winter, "ANA@example.org", "paid")
        session.add(Suppression(email="ben@example.org", reason="complained"))
    begun = {one.recipient: begin(installation, one, at(NOON)) for one in told(installation)}
    assert begun == {"Ana@example.org": False, "ben@example.org": False, "cleo@example.org": True}


def test_a_repeated_extension_and_later_runs_tell_nobody_twice(
    installation: Installation, winter: Campaign
) -> None:
    move(installation)
    assert move(installation).told == 0
    assert "extension/extension" not in counts(send_reminders(installation, NOON))
    assert len(told(installation)) == 3


def test_at_night_it_waits_for_the_morning(installation: Installation, winter: Campaign) -> None:
    night = "2026-12-28T22:00-08:00"
    move(installation, moment=night)
    ana, ben, _ = told(installation)
    assert not begin(installation, ana, at(night))
    assert not begin(installation, ben, at(night))
    waiting = [one.next_attempt_at for one in told(installation)[:2]]
    assert waiting == [at("2026-12-29T09:00-07:00"), at("2026-12-29T09:00-08:00")]
    assert begin(installation, ana, waiting[0])


def test_a_run_tells_those_whose_appeal_was_just_being_sent(
    installation: Installation, winter: Campaign
) -> None:
    """The extension did not see their email; what it named is kept with it."""
    with installation.sessions.begin() as session:
        subscribe(session, "late@example.org")
    move(installation)
    with installation.sessions.begin() as session:
        for end, email in ((winter.deadline, "late"), (at("2027-01-06T00:00-08:00"), "right")):
            named = extension_notices.named_end(end)
            subscribe(session, f"{email}-told@example.org")
            row = OutboxMessage(
                kind="appeal",
                subject_key=email,
                campaign_id=winter.id,
                recipient=f"{email}-told@example.org",
                details={"end": named},
                message_id=f"<{email}>",
                begun_at=at(NOON) + timedelta(seconds=2),
            )
            session.add(row)
    send_reminders(installation, "2026-12-28T12:05-08:00")
    assert addresses(installation, "extension")[-1] == "late-told@example.org"
    assert len(told(installation)) == 4


def test_an_email_says_which_end_it_named(installation: Installation, winter: Campaign) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "dora@example.org")
    send_reminders(installation, NOON)
    (dora,) = [one for one in sent_emails(installation) if one.recipient.startswith("dora")]
    assert begin(installation, dora, at(NOON))
    (kept,) = [one for one in sent_emails(installation) if one.id == dora.id]
    assert kept.details["end"] == "2027-01-01T08:00:00+00:00"


def test_a_text_written_before_the_deadline_moved_is_written_again(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions.begin() as session:
        subscribe(session, "dora@example.org")
    send_reminders(installation, "2026-12-24T12:00-08:00")
    message = sent_emails(installation)[-1]
    message.timezone = None
    with installation.sessions.begin() as session:
        old = SendTerms(deadline=winter.deadline - timedelta(days=1))
        assert not bulk_claims.begin_bulk(session, claim_of(message), at(NOON), old)


def test_of_two_extensions_at_once_only_the_second_is_told(
    installation: Installation, winter: Campaign
) -> None:
    move(installation)
    second = move(installation, "2027-01-08", "2026-12-28T12:10-08:00")
    assert second.told == 3
    moment = at("2026-12-28T12:11-08:00")
    begun = [begin(installation, one, moment) for one in told(installation)]
    assert begun == [False] * 3 + [True] * 3
    assert "moved again" in told(installation)[0].last_error
    # They never read of the first one.
    assert {one.details["told"] for one in told(installation)[3:]} == {"2027-01-01T08:00:00+00:00"}


def test_each_extension_is_told_if_the_one_before_was_read(
    installation: Installation, winter: Campaign
) -> None:
    move(installation)
    for one in told(installation):
        assert begin(installation, one, at(NOON))
    assert move(installation, "2027-01-08", "2026-12-30T12:00-08:00").told == 3
    assert told(installation)[-1].details["told"] == "2027-01-06T08:00:00+00:00"


def test_after_the_deadline_passed_the_reopening_is_told(
    installation: Installation, winter: Campaign
) -> None:
    assert move(installation, moment="2027-01-02T12:00-08:00").told == 3


def test_nobody_gets_a_step_within_hours_of_the_news(
    installation: Installation, winter: Campaign
) -> None:
    move(installation, "2027-01-01", "2026-12-31T12:00-08:00")
    assert counts(send_reminders(installation, "2026-12-31T12:05-08:00")) == {}
    for one in told(installation):
        assert begin(installation, one, at("2026-12-31T12:06-08:00"))
    # The two-days email would be due; it waits until the last one is eight hours old.
    shown = []
    for minute in ("05", "06"):
        moment = at(f"2026-12-31T20:{minute}-08:00")
        with installation.sessions.begin() as session:
            shown.append(counts(countdown.queue_due(session, winter.id, moment, DOMAIN, cap=9)))
    assert shown == [{}, {"two_days/appeal": 2}]


def test_the_cap_does_not_hold_back_the_news_but_counts_it(
    installation: Installation, winter: Campaign
) -> None:
    for moment in ("29T12:00", "30T12:00"):
        with installation.sessions.begin() as session:
            campaign = find_campaign(session, "winter")

            countdown.queue_due(session, campaign.id, at(f"2026-12-{moment}-08:00"), DOMAIN, cap=9)
        mark_all_sent(installation)
    move(installation, moment="2026-12-30T15:00-08:00")
    begun_at = at("2026-12-30T15:01-08:00")
    assert [begin(installation, one, begun_at) for one in told(installation)] == [True] * 3
    assert counts(send_reminders(installation, "2026-12-31T12:00-08:00")) == {}


def test_closing_early_is_not_an_extension(installation: Installation, winter: Campaign) -> None:
    with installation.sessions.begin() as session:
        campaign = find_campaign(session, "winter")
        move_back = DeadlineRequest("2026-12-29", REASON, "sam")
        with pytest.raises(ExtensionRefused):
            extend_and_tell(session, campaign, move_back, at(NOON), DOMAIN)
    assert told(installation) == []


def test_a_campaign_that_never_moved_tells_nobody(
    installation: Installation, winter: Campaign
) -> None:
    with installation.sessions() as session:
        assert extension_notices.count_due(session, winter, at(NOON)) == 0
