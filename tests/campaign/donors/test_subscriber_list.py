"""The list of subscribers: what a search finds, the filters, the pages, and the export."""

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from campaign.donors.keyset_paging import PAGE, Cursor
from campaign.donors.subscriber_list import (
    EXPORT_COLUMNS,
    SubscriberFilters,
    SubscriberStatus,
    export_subscribers,
    find_subscribers,
)
from campaign.mailer.suppressions import suppress
from campaign.models import Campaign, Subscriber, SuppressionReason
from campaign.outreach.giving_segments import GivingSegment
from tests.support.subscribers import subscribe, subscribe_many


@pytest.fixture
def people(session: Session, campaign: Campaign) -> None:
    """Ana gives monthly and unsubscribed; Ben lapsed and unsubscribed from one campaign; Céline never gave."""
    subscribe(session, "Ana@example.org", name="Ana Reyes")
    subscribe(session, "ben@news.example", name="Ben O'Neil", consent_source="book fair")
    subscribe(session, "celine@example.org", name="Céline Dubois", locale="es")
    for email, giving in (("Ana@example.org", "monthly"), ("ben@news.example", "lapsed")):
        session.execute(update(Subscriber).where(Subscriber.email == email).values(giving=giving))
    suppress(session, "ana@example.org", SuppressionReason.unsubscribed)
    suppress(session, "ben@news.example", SuppressionReason.bounced, campaign_id=campaign.id)


def found(session: Session, **filters: object) -> list[str]:
    lines, _ = find_subscribers(session, SubscriberFilters(**filters), Cursor())
    exported = [
        str(row["email"]) for row in export_subscribers(session, SubscriberFilters(**filters))
    ]
    names = [line.email.partition("@")[0].lower() for line in lines]
    assert [one.partition("@")[0].lower() for one in reversed(exported)] == names
    return names


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, ["celine", "ben", "ana"]),
        ({"text": " "}, ["celine", "ben", "ana"]),
        ({"text": "ANA@Example.org"}, ["ana"]),
        ({"text": "rey"}, ["ana"]),
        ({"text": "celi dub"}, ["celine"]),
        ({"text": "example"}, ["celine", "ben", "ana"]),
        ({"text": "ben@news"}, ["ben"]),
        ({"text": "nobody"}, []),
        ({"text": "…"}, []),
        ({"segment": GivingSegment.gave}, ["ben", "ana"]),
        ({"segment": GivingSegment.monthly}, ["ana"]),
        ({"segment": GivingSegment.lapsed}, ["ben"]),
        ({"segment": GivingSegment.never}, ["celine"]),
        ({"status": SubscriberStatus.suppressed}, ["ana"]),
        ({"status": SubscriberStatus.reachable}, ["celine", "ben"]),
        ({"segment": GivingSegment.gave, "status": SubscriberStatus.reachable}, ["ben"]),
        ({"segment": GivingSegment.gave, "text": "example.org"}, ["ana"]),
    ],
)
def test_a_search_and_filters_find_who_matches_and_the_export_has_the_same(
    session: Session, filters: dict[str, object], names: list[str]
) -> None:
    assert found(session, **filters) == names


@pytest.mark.usefixtures("people")
def test_a_row_shows_giving_and_why_no_emails_go_out(session: Session) -> None:
    celine, ben, ana = find_subscribers(session, SubscriberFilters(), Cursor())[0]
    assert (ana.giving, ana.suppressed) == ("monthly", "unsubscribed")
    assert (ben.giving, ben.suppressed, ben.consent_source) == ("lapsed", "", "book fair")
    assert (celine.giving, celine.locale) == ("never", "es")


@pytest.mark.usefixtures("people")
def test_the_export_has_all_columns(session: Session) -> None:
    ana = next(iter(export_subscribers(session, SubscriberFilters())))
    assert tuple(ana) == EXPORT_COLUMNS
    assert (ana["suppressed"], ana["giving"]) == ("unsubscribed", "monthly")


@pytest.mark.parametrize(
    "filters",
    [{}, {"text": "reader"}, {"segment": GivingSegment.never}, {"status": "reachable"}],
)
def test_pages_meet_without_a_gap_or_a_double(session: Session, filters: dict[str, str]) -> None:
    subscribe_many(session, 2 * PAGE + 7)
    wanted = SubscriberFilters(**filters)
    seen, cursor = [], Cursor()
    for _ in range(3):
        lines, keys = find_subscribers(session, wanted, cursor)
        seen += [line.id for line in lines]
        cursor = Cursor(before=keys.older)
    assert len(seen) == 2 * PAGE + 7
    assert seen == sorted(set(seen), reverse=True)
    assert keys.older is None
    lines, keys = find_subscribers(session, wanted, Cursor(after=keys.newer))
    assert [line.id for line in lines] == seen[PAGE : 2 * PAGE]
