"""The last check before an email is sent: its claim, whether it is still wanted, and its outcome."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from campaign.core import clock
from campaign.core.errors import MailDelayed, MailRefused, MailUnknown
from campaign.emails import bulk_claims
from campaign.mailer import outbox
from campaign.models import Campaign, OutboxMessage, Reminder, Suppression
from campaign.runtime.context import Installation
from tests.support.campaign_emails import messages, queue_appeals, readers


def states(installation: Installation) -> list[str]:
    return [row.state for row in messages(installation)]


def claim_one(installation: Installation, at: datetime) -> outbox.EmailClaim:
    with installation.sessions.begin() as session:
        [claim] = bulk_claims.claim_bulk(session, at, 10).claims
    return claim


def end(
    installation: Installation, claim: outbox.EmailClaim, error: Exception | None, at: datetime
) -> OutboxMessage:
    with installation.sessions.begin() as session:
        bulk_claims.record_outcome(session, claim, error, at)
    [row] = messages(installation)
    return row


def test_what_expires_between_claim_and_sending_is_dropped(
    mailing: Installation, campaign: Campaign
) -> None:
    queue_appeals(mailing, campaign, "ana@example.org")
    with mailing.sessions.begin() as session:
        [claim] = bulk_claims.claim_bulk(session, clock.now(), 10).claims
    assert claim.expires_at is not None
    with mailing.sessions.begin() as session:
        assert not bulk_claims.begin_bulk(session, claim, claim.expires_at)
    assert states(mailing) == ["dropped"]


def test_a_worker_whose_lease_ended_starts_nothing(
    mailing: Installation, campaign: Campaign
) -> None:
    queue_appeals(mailing, campaign, "ana@example.org")
    at = clock.now()
    with mailing.sessions.begin() as session:
        [slow] = bulk_claims.claim_bulk(session, at, 10).claims
    with mailing.sessions.begin() as session:
        assert not bulk_claims.begin_bulk(session, slow, at + outbox.LEASE)
    with mailing.sessions.begin() as session:
        [second] = bulk_claims.claim_bulk(session, at + outbox.LEASE, 10).claims
        assert not bulk_claims.begin_bulk(session, slow, at + outbox.LEASE)
        assert bulk_claims.begin_bulk(session, second, at + outbox.LEASE)


def test_two_concurrent_workers_claim_different_emails_up_to_their_limit(
    installation: Installation, campaign: Campaign
) -> None:
    ids = queue_appeals(installation, campaign, *readers(5))
    at = clock.now()
    with installation.sessions() as one, installation.sessions() as two:
        first, second = (bulk_claims.claim_bulk(each, at, 3) for each in (one, two))
        assert (len(first.claims), len(second.claims), first.settled) == (3, 2, 0)
        assert {claim.id for claim in first.claims + second.claims} == set(ids)
        assert {claim.attempts for claim in first.claims} == {1}
        one.commit()
        two.commit()
    with installation.sessions.begin() as session:
        assert bulk_claims.claim_bulk(session, at, 3).empty


def test_an_email_is_too_late_from_its_expiry_and_one_not_due_stays(
    installation: Installation, campaign: Campaign
) -> None:
    at = clock.now()
    moment = timedelta(microseconds=1)
    queue_appeals(installation, campaign, "late@example.org", next_attempt_at=at, expires_at=at)
    queue_appeals(
        installation, campaign, "last@example.org", next_attempt_at=at, expires_at=at + moment
    )
    queue_appeals(installation, campaign, "next@example.org", next_attempt_at=at + moment)
    with installation.sessions.begin() as session:
        batch = bulk_claims.claim_bulk(session, at, 10)
    assert ([one.recipient for one in batch.claims], batch.settled) == (["last@example.org"], 1)
    assert not batch.empty
    assert states(installation) == ["dropped", "sending", "queued"]
    assert messages(installation)[0].last_error == bulk_claims.TOO_LATE


def test_an_email_is_started_once_and_not_if_it_became_unwanted_after_the_claim(
    installation: Installation, campaign: Campaign
) -> None:
    queue_appeals(installation, campaign, "ana@example.org")
    at = clock.now()
    claim = claim_one(installation, at)
    with installation.sessions() as session:
        session.add(Suppression(email="ana@example.org", reason="unsubscribed"))
        session.flush()
        assert not bulk_claims.begin_bulk(session, claim, at)
        session.rollback()
        assert bulk_claims.begin_bulk(session, claim, at)
        assert not bulk_claims.begin_bulk(session, claim, at)


@pytest.mark.parametrize(
    ("error", "state", "shown", "suppressed"),
    [
        (None, "sent", None, False),
        (MailRefused("550 policy"), "failed", "550 policy", False),
        (MailRefused("550 unknown", recipient=True), "failed", "550 unknown", True),
        (MailUnknown("cut"), "failed", f"{bulk_claims.MAY_HAVE_ARRIVED}: cut", False),
        (MailDelayed("451 later"), "queued", "451 later", False),
        (ValueError("odd"), "queued", "ValueError('odd')", False),
        (MailRefused("x" * 2_000), "failed", "x" * 1_000, False),
    ],
)
def test_the_state_of_an_email_follows_from_the_outcome_of_the_attempt(
    installation: Installation,
    campaign: Campaign,
    error: Exception | None,
    state: str,
    shown: str | None,
    *,
    suppressed: bool,
) -> None:
    queue_appeals(installation, campaign, "ana@example.org")
    at = clock.now()
    claim = claim_one(installation, at)
    row = end(installation, claim, error, at)
    assert (row.state, row.last_error, row.lease_until) == (state, shown, None)
    assert (row.sent_at is not None) == (state == "sent")
    with installation.sessions() as session:
        assert (session.scalar(select(Suppression.id)) is not None) == suppressed


def test_an_email_to_one_person_with_unknown_outcome_is_retried(
    installation: Installation, campaign: Campaign
) -> None:
    queue_appeals(installation, campaign, "ana@example.org", bulk=False, kind="receipt")
    at = clock.now()
    with installation.sessions.begin() as session:
        [claim] = outbox.claim_messages(session, at, 10)
    row = end(installation, claim, MailUnknown("cut"), at)
    assert (row.state, row.last_error) == ("queued", "cut")


def test_a_worker_that_lost_its_claim_changes_nothing(
    installation: Installation, campaign: Campaign
) -> None:
    queue_appeals(installation, campaign, "ana@example.org")
    at = clock.now()
    slow = claim_one(installation, at)
    later = at + outbox.LEASE
    claim_one(installation, later)
    for error in (None, MailRefused("550 policy"), MailUnknown("cut"), MailDelayed("451")):
        row = end(installation, slow, error, later)
        assert (row.state, row.attempts, row.last_error) == ("sending", 2, None)
    with installation.sessions.begin() as session:
        bulk_claims.drop(session, slow, "unwanted")
    assert states(installation) == ["sending"]


def test_an_expired_reminder_is_erased_with_its_address(
    installation: Installation, campaign: Campaign
) -> None:
    at = clock.now()
    with installation.sessions.begin() as session:
        reminder = Reminder(
            campaign_id=campaign.id, email="ana@example.org", choice="tomorrow", due_at=at
        )
        session.add(reminder)
        session.flush()
        number = reminder.id
    queue_appeals(
        installation,
        campaign,
        "ana@example.org",
        kind="reminder",
        subject_key=str(number),
        step_id=None,
        next_attempt_at=at,
        expires_at=at,
    )
    with installation.sessions.begin() as session:
        assert bulk_claims.claim_bulk(session, at, 10).settled == 1
        assert session.get(Reminder, number) is None
    [row] = messages(installation)
    assert (row.state, row.recipient, row.name) == ("dropped", "", "")
