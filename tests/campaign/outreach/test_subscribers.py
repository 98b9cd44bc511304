"""Subscribers: the first consent is kept, case is ignored, and suppressions remain."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.mailer.suppressions import suppress
from campaign.models import Campaign, Subscriber, Suppression, SuppressionReason
from campaign.outreach.subscribers import (
    COLUMNS,
    Consent,
    ImportCounts,
    add_subscribers,
    list_subscribers,
    remove_subscriber,
)
from tests.support.subscribers import at

AGREED = at("2026-01-05T10:00Z")


def consent(email: str, source: str = "form") -> Consent:
    return Consent(email, "Ana", "es", "Europe/Madrid", source, "Email me", AGREED)


def test_the_first_consent_of_an_address_stays(session: Session) -> None:
    first = [consent("Zoe@example.org"), consent("ana@example.org")]
    assert add_subscribers(session, first) == ImportCounts(added=2)
    again = [consent("ANA@example.org", "list"), consent("ben@example.org", "list")]
    assert add_subscribers(session, again) == ImportCounts(added=1, known=1)
    found = dict(session.execute(select(Subscriber.email, Subscriber.consent_source)).all())
    assert found == {
        "ana@example.org": "form",
        "Zoe@example.org": "form",
        "ben@example.org": "list",
    }


def test_an_address_twice_in_one_list_is_one_person(session: Session) -> None:
    people = [consent("ana@example.org"), consent("ANA@example.org")]
    assert add_subscribers(session, people) == ImportCounts(added=1, known=1)


def test_a_suppressed_person_is_saved_counted_once_and_stays_suppressed(
    session: Session, campaign: Campaign
) -> None:
    suppress(session, "ana@example.org", SuppressionReason.unsubscribed)
    suppress(session, "ana@example.org", SuppressionReason.bounced, campaign_id=campaign.id)
    suppress(session, "ben@example.org", SuppressionReason.unsubscribed, campaign_id=campaign.id)
    people = [consent(f"{name}@Example.org") for name in ("Ana", "Ben", "Cy")]
    assert add_subscribers(session, people) == ImportCounts(added=3, suppressed=1)
    assert session.scalar(select(func.count()).select_from(Suppression)) == 3


def test_counts_add_up_and_an_empty_list_counts_nothing(session: Session) -> None:
    assert add_subscribers(session, []) == ImportCounts()
    assert ImportCounts(1, 2, 3) + ImportCounts(10, 20, 30) == ImportCounts(11, 22, 33)


def test_all_are_listed_in_the_order_in_which_they_came(session: Session) -> None:
    for email in ("zoe@example.org", "ana@example.org"):
        add_subscribers(session, [consent(email)])
    listed = list(list_subscribers(session))
    assert [one["email"] for one in listed] == ["zoe@example.org", "ana@example.org"]
    assert tuple(listed[0]) == COLUMNS
    assert listed[0]["consent_at"] == AGREED


def test_a_subscriber_is_removed_once_and_nothing_else_changes(session: Session) -> None:
    add_subscribers(session, [consent("Ana@example.org"), consent("ben@example.org")])
    suppress(session, "ana@example.org", SuppressionReason.unsubscribed)
    assert remove_subscriber(session, " ANA@example.org\n")
    assert not remove_subscriber(session, "ana@example.org")
    assert session.scalars(select(Subscriber.email)).all() == ["ben@example.org"]
    assert session.scalars(select(Suppression.email)).all() == ["ana@example.org"]
