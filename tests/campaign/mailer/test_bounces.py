"""Recording bounces and spam complaints."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from campaign.core import clock
from campaign.mailer.bounces import ReportOutcome, find_message, record_bounce, record_complaint
from campaign.models import Campaign, OutboxMessage, Suppression
from campaign.runtime.context import Installation
from tests.support.campaign_emails import messages, queue_appeals


@pytest.fixture
def appeal(installation: Installation, campaign: Campaign) -> OutboxMessage:
    queue_appeals(installation, campaign, "Ana@example.org")
    return messages(installation)[0]


def bounce(
    installation: Installation, *, permanent: bool, detail: str = "5.1.1 gone"
) -> ReportOutcome:
    with installation.sessions.begin() as session:
        row = session.scalars(select(OutboxMessage)).one()
        return record_bounce(session, row, permanent=permanent, detail=detail, at=clock.now())


def suppressions(installation: Installation) -> list[tuple[str, str, str]]:
    with installation.sessions() as session:
        return [(s.email, s.reason, s.detail) for s in session.scalars(select(Suppression))]


def test_a_message_is_found_by_either_name_and_by_nothing_odd(
    installation: Installation, appeal: OutboxMessage
) -> None:
    with installation.sessions() as session:
        for tokens, ids in (([appeal.token], []), (["other", "\0\udcff"], [appeal.message_id])):
            found = find_message(session, tokens, ids)
            assert found is not None
            assert found.id == appeal.id
        assert find_message(session, [], []) is None
        assert find_message(session, [appeal.token.swapcase()], [""]) is None


def test_the_first_permanent_bounce_stays(
    installation: Installation, appeal: OutboxMessage
) -> None:
    assert bounce(installation, permanent=False, detail="4.4.1 slow") is ReportOutcome.new
    assert (messages(installation)[0].bounced_at, suppressions(installation)) == (None, [])
    detail = "5.1.1 <ana@example.org>:\n no\0such user"
    assert bounce(installation, permanent=True, detail=detail) is ReportOutcome.new
    first = messages(installation)[0]
    for permanent in (True, False):
        assert bounce(installation, permanent=permanent, detail="later") is ReportOutcome.known
    kept = messages(installation)[0]
    assert kept.bounced_at == first.bounced_at is not None
    assert kept.bounce == "5.1.1 <(address)>: no such user"
    assert suppressions(installation) == [("ana@example.org", "bounced", kept.bounce)]


def test_a_complaint_counts_once(installation: Installation, appeal: OutboxMessage) -> None:
    for expected in (ReportOutcome.new, ReportOutcome.known):
        with installation.sessions.begin() as session:
            row = session.scalars(select(OutboxMessage)).one()
            assert record_complaint(session, row, detail="abuse", at=clock.now()) is expected
    assert [one[:2] for one in suppressions(installation)] == [("ana@example.org", "complained")]


def test_an_erased_address_suppresses_nobody(
    installation: Installation, appeal: OutboxMessage
) -> None:
    with installation.sessions.begin() as session:
        session.get_one(OutboxMessage, appeal.id).recipient = ""
    assert bounce(installation, permanent=True) is ReportOutcome.forgotten
    with installation.sessions.begin() as session:
        row = session.scalars(select(OutboxMessage)).one()
        noted = record_complaint(session, row, detail="abuse", at=clock.now())
    assert noted is ReportOutcome.forgotten
    assert suppressions(installation) == []


def test_a_bounce_and_a_complaint_are_of_their_own_moment_and_for_all_campaigns(
    installation: Installation, appeal: OutboxMessage
) -> None:
    moment = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    with installation.sessions.begin() as session:
        row = session.get_one(OutboxMessage, appeal.id)
        record_complaint(session, row, detail="abuse, says ana@example.org", at=moment)
        assert row.bounced_at is None
        record_bounce(session, row, permanent=True, detail="5.1.1 " + "x" * 500, at=moment)
        assert row.bounced_at == moment
        assert row.bounce == "5.1.1 " + "x" * 494
        kept = session.scalars(select(Suppression)).one()
    assert (kept.email, kept.campaign_id, kept.reason) == ("ana@example.org", None, "complained")
    assert kept.detail == "2026-12-31: abuse, says (address)"


def test_a_passing_failure_is_noted_once_and_its_latest_words_are_kept(
    installation: Installation, appeal: OutboxMessage
) -> None:
    outcomes = [
        bounce(installation, permanent=False, detail=detail)
        for detail in ("4.4.1 slow", "4.4.1  slow", "4.2.2 full")
    ]
    assert outcomes == [ReportOutcome.new, ReportOutcome.known, ReportOutcome.new]
    row = messages(installation)[0]
    assert (row.bounce, row.bounced_at) == ("4.2.2 full", None)
    assert bounce(installation, permanent=True, detail="4.2.2 full") is ReportOutcome.new
    assert messages(installation)[0].bounced_at is not None


def test_a_bounce_of_an_address_that_left_for_one_campaign_suppresses_it_for_all(
    installation: Installation, campaign: Campaign, appeal: OutboxMessage
) -> None:
    with installation.sessions.begin() as session:
        own = Suppression(email="ana@example.org", campaign_id=campaign.id, reason="unsubscribed")
        session.add(own)
    assert bounce(installation, permanent=True) is ReportOutcome.new
    assert [one[1] for one in suppressions(installation)] == ["unsubscribed", "bounced"]


def test_a_report_that_names_two_messages_is_about_the_one_with_the_token(
    installation: Installation, campaign: Campaign, appeal: OutboxMessage
) -> None:
    queue_appeals(installation, campaign, "ben@example.org")
    other = messages(installation)[1]
    with installation.sessions() as session:
        found = find_message(session, [appeal.token], [other.message_id])
        assert found is not None
        assert found.id == appeal.id
