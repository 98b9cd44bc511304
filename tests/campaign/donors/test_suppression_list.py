"""The list of suppressed addresses: filters, pages, counts."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from campaign.donors.keyset_paging import PAGE, Cursor
from campaign.donors.suppression_list import (
    SuppressionFilters,
    count_by_reason,
    find_suppressions,
)
from campaign.models import Campaign, Subscriber, Suppression, SuppressionReason
from tests.support.subscribers import subscribe

NOON = datetime(2026, 12, 2, 12, tzinfo=UTC)


@pytest.fixture
def entries(session: Session, campaign: Campaign) -> None:
    subscribe(session, "Ana@example.org")
    rows = [
        ("ana@example.org", "unsubscribed", None, NOON - timedelta(days=1)),
        ("ana@example.org", "bounced", campaign.id, NOON),
        ("ben@example.org", "refused", None, NOON + timedelta(hours=1)),
    ]
    for email, reason, campaign_id, at in rows:
        session.add(Suppression(email=email, reason=reason, campaign_id=campaign_id, created_at=at))
        session.flush()


@pytest.mark.usefixtures("entries")
@pytest.mark.parametrize(
    ("filters", "reasons"),
    [
        ({}, ["refused", "bounced", "unsubscribed"]),
        ({"address": " ANA@example.org "}, ["bounced", "unsubscribed"]),
        ({"address": "ana"}, []),
        ({"reason": SuppressionReason.refused}, ["refused"]),
        ({"reason": SuppressionReason.complained}, []),
        ({"since": NOON}, ["refused", "bounced"]),
        ({"since": NOON + timedelta(seconds=1)}, ["refused"]),
        ({"campaign_id": 0}, ["refused", "unsubscribed"]),
        ({"campaign_id": 1}, ["bounced"]),
        ({"campaign_id": 0, "address": "ana@example.org"}, ["unsubscribed"]),
    ],
)
def test_filters_find_the_entries_that_match(
    session: Session, campaign: Campaign, filters: dict[str, object], reasons: list[str]
) -> None:
    wanted = dict(filters)
    if wanted.get("campaign_id") == 1:
        wanted["campaign_id"] = campaign.id
    lines, _ = find_suppressions(session, SuppressionFilters(**wanted), Cursor())
    assert [line.reason for line in lines] == reasons


@pytest.mark.usefixtures("entries")
def test_an_entry_names_its_campaign_and_its_subscriber(
    session: Session, campaign: Campaign
) -> None:
    ben, one, every = find_suppressions(session, SuppressionFilters(), Cursor())[0]
    assert (every.campaign, one.campaign) == ("", campaign.title)
    known = session.query(Subscriber).one().id
    assert (every.subscriber_id, one.subscriber_id, ben.subscriber_id) == (known, known, None)


@pytest.mark.usefixtures("entries")
def test_every_reason_is_counted(session: Session) -> None:
    assert count_by_reason(session) == {
        "unsubscribed": 1,
        "bounced": 1,
        "complained": 0,
        "refused": 1,
        "imported": 0,
    }


def test_a_long_list_has_pages(session: Session) -> None:
    for number in range(PAGE + 1):
        session.add(Suppression(email=f"{number}@example.org", reason="bounced"))
    session.flush()
    first, keys = find_suppressions(session, SuppressionFilters(), Cursor())
    second, last = find_suppressions(session, SuppressionFilters(), Cursor(before=keys.older))
    assert (len(first), len(second), last.older) == (PAGE, 1, None)
