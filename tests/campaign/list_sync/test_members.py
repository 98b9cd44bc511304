"""The rows of members: who lacks what at a service, one batch of subscribers after the other."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.list_sync import members
from campaign.list_sync.members import (
    record_added,
    record_departures,
    record_tags,
    waiting_members,
)
from campaign.list_sync.people import AddOutcome, Departure, SubscriberProfile, TagChange
from campaign.mailer.suppressions import is_suppressed, suppress
from campaign.models import (
    Campaign,
    DonationState,
    ListMember,
    ListServiceName,
    Suppression,
    SuppressionReason,
)
from tests.support.donors import add_donation, add_donor
from tests.support.subscribers import new_campaign, subscribe

AT = datetime(2026, 12, 22, 8, tzinfo=UTC)
MAILCHIMP, BREVO = ListServiceName.mailchimp, ListServiceName.brevo


def new_at(session: Session, service: ListServiceName = MAILCHIMP) -> list[str]:
    return [one.email for one in waiting_members(session, service, 0, AT).new]


def push(session: Session, *people: SubscriberProfile, **refused: str) -> None:
    accepted = {one.key: "7" for one in people if one.key not in refused}
    record_added(session, MAILCHIMP, people, AddOutcome(accepted, dict(refused)), AT)


def person(email: str, *tags: str) -> SubscriberProfile:
    return SubscriberProfile(email, "", "en", tags)


def test_each_service_has_its_own_members(session: Session) -> None:
    subscribe(session, "Ana@example.org")
    assert new_at(session) == ["Ana@example.org"]
    push(session, person("Ana@example.org"))
    assert new_at(session) == []
    assert new_at(session, BREVO) == ["Ana@example.org"]


def test_subscribers_come_in_chunks(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "CHUNK", 2)
    subscribe(session, *(f"r{number}@example.org" for number in range(5)))
    found, last_id = [], 0
    for _ in range(3):
        waiting = waiting_members(session, MAILCHIMP, last_id, AT)
        found += [one.email for one in waiting.new]
        last_id = waiting.last_id
    assert (found, last_id) == ([f"r{number}@example.org" for number in range(5)], 0)


@pytest.mark.parametrize(
    ("state", "tagged"),
    [
        (DonationState.paid, True),
        (DonationState.partially_refunded, True),
        (DonationState.processing, False),
        (DonationState.pending, False),
        (DonationState.refunded, False),
        (DonationState.dispute_lost, False),
    ],
)
def test_a_gift_that_remains_makes_a_donor(
    session: Session, campaign: Campaign, state: DonationState, tagged: bool
) -> None:
    subscribe(session, "Ana@example.org")
    donor = add_donor(session, "ana@Example.org")
    other = session.merge(new_campaign(session, slug="another"))
    for each in (campaign, campaign, other):
        add_donation(session, each, donor, state=state.value)
    [found] = waiting_members(session, MAILCHIMP, 0, AT).new
    tags = ("donor", *sorted(f"campaign:{one.slug}" for one in (campaign, other)))
    assert found.tags == (tags if tagged else ())


def test_tags_that_changed_are_told_with_what_they_were(
    session: Session, campaign: Campaign
) -> None:
    subscribe(session, "ana@example.org")
    push(session, person("ana@example.org"))
    add_donation(session, campaign, add_donor(session, "ana@example.org"), state="paid")
    [change] = waiting_members(session, MAILCHIMP, 0, AT).changed
    tags = ("donor", f"campaign:{campaign.slug}")
    assert change == TagChange("ana@example.org", "7", (), tags)
    record_tags(session, MAILCHIMP, [change])
    assert waiting_members(session, MAILCHIMP, 0, AT).changed == []


def test_a_refused_address_waits_a_week(session: Session) -> None:
    subscribe(session, "odd@example.org")
    push(session, person("odd@example.org"), **{"odd@example.org": "looks fake"})
    assert new_at(session) == []
    later = waiting_members(session, MAILCHIMP, 0, AT + timedelta(days=7, seconds=1))
    assert [one.email for one in later.new] == ["odd@example.org"]


def left(session: Session, email: str, reason: str, at: datetime | None = AT) -> int:
    departure = Departure(email, SuppressionReason(reason), at)
    return record_departures(session, MAILCHIMP, [departure], AT)


def test_a_departure_is_a_suppression_once_and_says_where(session: Session) -> None:
    subscribe(session, "ana@example.org")
    assert left(session, " Ana@example.org ", "unsubscribed") == 1
    assert left(session, "ana@example.org", "complained") == 0
    [row] = session.scalars(select(Suppression))
    assert (row.email, row.reason, row.detail) == (
        "ana@example.org",
        "unsubscribed",
        "at mailchimp",
    )
    assert left(session, "", "unsubscribed") == 0
    suppress(session, "ben@example.org", SuppressionReason.imported)
    assert left(session, "ben@example.org", "bounced") == 0, "it was suppressed before"


@pytest.mark.parametrize(
    ("reason", "at", "counts"),
    [
        ("unsubscribed", AT - timedelta(days=400), False),
        ("unsubscribed", AT, True),
        ("unsubscribed", None, True),
        ("bounced", AT - timedelta(days=400), True),
        ("complained", AT - timedelta(days=400), True),
    ],
)
def test_consent_lifts_an_earlier_unsubscribe_and_nothing_else(
    session: Session, reason: str, at: Any, counts: bool
) -> None:
    subscribe(session, "ana@example.org")  # on January 1, 2026
    assert left(session, "ana@example.org", reason, at) == counts
    assert is_suppressed(session, "ana@example.org") is counts
    assert new_at(session) == [], "and they are never added there again"
    [row] = session.scalars(select(ListMember))
    assert row.left_at == AT
