"""Recording bounces and spam complaints."""

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
