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
from tests.support.stripe import Facts


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


def test_the_longest_due_are_claimed_first_and_receipts_never(
    installation: Installation, campaign: Campaign
) -> None:
    at = clock.now()
    minute = timedelta(minutes=1)
    for name, late in (("second", 1), ("first", 2), ("third", 0)):
        queue_appeals(
            installation, campaign, f"{name}@example.org", next_attempt_at=at - late * minute
        )
    receipt = {"kind": "receipt", "bulk": False, "next_attempt_at": at - 9 * minute}
    queue_appeals(installation, campaign, "receipt@example.org", **receipt)
    with installation.sessions.begin() as session:
        batch = bulk_claims.claim_bulk(session, at, 2)
    assert [one.recipient for one in batch.claims] == ["first@example.org", "second@example.org"]
    rows = {row.recipient.partition("@")[0]: row for row in messages(installation)}
    assert [rows[name].state for name in ("first", "second", "third", "receipt")] == [
        "sending", "sending", "queued", "queued",
    ]  # fmt: skip
    assert rows["first"].lease_until == rows["first"].next_attempt_at == at + outbox.LEASE


def test_one_that_its_worker_began_is_failed_even_when_it_has_expired(
    installation: Installation, campaign: Campaign
) -> None:
    at = clock.now()
    begun = {"next_attempt_at": at, "begun_at": at, "state": "sending", "lease_until": at}
    queue_appeals(installation, campaign, "ana@example.org", expires_at=at, **begun)
    queue_appeals(installation, campaign, "ben@example.org", **begun)
    with installation.sessions.begin() as session:
        batch = bulk_claims.claim_bulk(session, at, 10)
    assert (batch.claims, batch.settled, batch.empty) == ([], 2, False)
    for row in messages(installation):
        assert (row.state, row.lease_until, row.begun_at) == ("failed", None, at)
        assert row.last_error == (
            f"the worker that was sending it died: {bulk_claims.MAY_HAVE_ARRIVED}"
        )


def pause(installation: Installation, campaign: Campaign) -> None:
    with installation.sessions.begin() as session:
        paused = session.get_one(Campaign, campaign.id)
        paused.paused_at, paused.pause_reason = clock.now(), "we test"


@pytest.mark.parametrize(
    ("kind", "expires", "state"),
    [
        ("appeal", timedelta(hours=1), "queued"),
        ("appeal", timedelta(minutes=15), "dropped"),
        ("thank_you", timedelta(hours=1), "sending"),
    ],
)
def test_while_a_campaign_is_paused_what_asks_is_put_off_and_costs_no_try(
    installation: Installation,
    campaign: Campaign,
    paid: Facts,
    kind: str,
    expires: timedelta,
    state: str,
) -> None:
    pause(installation, campaign)
    at = clock.now()
    # Ana has given: she is thanked. Ben is asked.
    to = "ana@example.org" if kind == "thank_you" else "ben@example.org"
    queue_appeals(
        installation, campaign, to, kind=kind, next_attempt_at=at, expires_at=at + expires
    )
    claim = claim_one(installation, at)
    with installation.sessions.begin() as session:
        begins = bulk_claims.begin_bulk(session, claim, at)
    row = next(one for one in messages(installation) if one.bulk)
    assert (begins, row.state) == (state == "sending", state)
    assert row.begun_at == (at if begins else None)
    if state == "queued":
        assert (row.next_attempt_at, row.attempts) == (at + timedelta(minutes=15), 0)
        assert (row.lease_until, row.last_error) == (None, None)
    if state == "dropped":
        assert "a pause" in (row.last_error or "")


@pytest.mark.parametrize(
    ("kind", "dropped"), [("appeal", True), ("wrap_up", True), ("thank_you", False)]
)
def test_between_claim_and_sending_a_gift_stops_what_asks_and_not_the_thanks(
    installation: Installation, campaign: Campaign, paid: Facts, kind: str, dropped: bool
) -> None:
    at = clock.now()
    queue_appeals(installation, campaign, "ANA@example.org", kind=kind, next_attempt_at=at)
    claim = claim_one(installation, at)
    with installation.sessions.begin() as session:
        assert bulk_claims.begin_bulk(session, claim, at) is not dropped
    row = next(one for one in messages(installation) if one.bulk)
    reason = "They have given to this campaign in the meantime." if dropped else None
    assert (row.state, row.last_error) == ("dropped" if dropped else "sending", reason)


def test_a_refused_address_is_suppressed_for_all_campaigns_with_what_the_server_said(
    installation: Installation, campaign: Campaign
) -> None:
    queue_appeals(installation, campaign, "Ana@example.org")
    at = clock.now()
    refused = MailRefused("550 5.1.1 " + "x" * 1_000, recipient=True)
    end(installation, claim_one(installation, at), refused, at)
    with installation.sessions() as session:
        kept = session.scalars(select(Suppression)).one()
    assert (kept.email, kept.campaign_id, kept.reason) == ("ana@example.org", None, "refused")
    assert kept.detail == "550 5.1.1 " + "x" * 990


def test_an_unknown_outcome_keeps_the_moment_at_which_it_was_begun(
    installation: Installation, campaign: Campaign
) -> None:
    queue_appeals(installation, campaign, "ana@example.org")
    at = clock.now()
    claim = claim_one(installation, at)
    with installation.sessions.begin() as session:
        assert bulk_claims.begin_bulk(session, claim, at)
    row = end(installation, claim, MailUnknown("x" * 2_000), at)
    assert (row.state, row.begun_at) == ("failed", at)
    assert len(row.last_error or "") == 1_000


def test_a_delayed_email_may_be_begun_again(installation: Installation, campaign: Campaign) -> None:
    queue_appeals(installation, campaign, "ana@example.org")
    at = clock.now()
    claim = claim_one(installation, at)
    with installation.sessions.begin() as session:
        assert bulk_claims.begin_bulk(session, claim, at)
    row = end(installation, claim, MailDelayed("451"), at)
    assert (row.state, row.begun_at) == ("queued", None)
    again = claim_one(installation, row.next_attempt_at)
    with installation.sessions.begin() as session:
        assert bulk_claims.begin_bulk(session, again, row.next_attempt_at)
