"""Segments of subscribers: who is in each, and that they are updated by what people give."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.models import Campaign, Donor, GiftElsewhere, Giving, Subscriber
from campaign.outreach.giving_segments import (
    LAPSED_AFTER,
    GivingSegment,
    count_segments,
    giving_of,
    in_segment,
    update_segments,
)
from tests.support.donors import add_donation, add_donor, add_subscription
from tests.support.subscribers import subscribe

AT = now()
ANA = "Ana@example.org"
LONG_AGO = AT - LAPSED_AFTER
Fact = Callable[[Session, Campaign, Donor], object]


def gave(state: str = "paid", **changes: object) -> Fact:
    return lambda session, campaign, donor: add_donation(
        session, campaign, donor, state=state, **changes
    )


def pledged(frequency: str = "monthly", **changes: object) -> Fact:
    def add(session: Session, campaign: Campaign, donor: Donor) -> None:
        add_subscription(session, campaign, donor, **changes).frequency = frequency
        session.flush()

    return add


@pytest.mark.parametrize(
    ("facts", "giving"),
    [
        ([], Giving.never),
        ([gave("pending", paid_at=None, charged_at=None)], Giving.never),
        ([gave("processing", paid_at=None)], Giving.never),
        ([gave("refunded")], Giving.never),
        ([gave("dispute_lost")], Giving.never),
        ([gave(charged_at=AT)], Giving.recent),
        ([gave("partially_refunded")], Giving.recent),
        ([gave("disputed")], Giving.recent),
        ([gave(charged_at=LONG_AGO + timedelta(seconds=1))], Giving.recent),
        ([gave(charged_at=LONG_AGO)], Giving.lapsed),
        ([gave(charged_at=LONG_AGO), gave("refunded", charged_at=AT)], Giving.lapsed),
        ([gave(charged_at=LONG_AGO), gave(charged_at=AT)], Giving.recent),
        ([pledged()], Giving.monthly),
        ([gave(charged_at=LONG_AGO), pledged(state="paused")], Giving.monthly),
        ([gave(charged_at=LONG_AGO), pledged(state="past_due")], Giving.monthly),
        ([gave(charged_at=LONG_AGO), pledged(ended=True)], Giving.lapsed),
        ([gave(charged_at=LONG_AGO), pledged(frequency="yearly")], Giving.recent),
        ([pledged(frequency="yearly"), pledged()], Giving.monthly),
    ],
)
def test_a_subscriber_gives_as_their_gifts_say(
    session: Session, campaign: Campaign, facts: list[Fact], giving: Giving
) -> None:
    subscribe(session, ANA)
    donor = add_donor(session, ANA.upper())
    for fact in facts:
        fact(session, campaign, donor)
    (subscriber,) = session.scalars(select(Subscriber))
    assert giving_of(session, subscriber, AT) is giving
    update_segments(session, AT)
    session.refresh(subscriber)
    assert subscriber.giving == giving


@pytest.mark.parametrize(
    ("frequency", "ended_at", "giving"),
    [
        ("monthly", None, Giving.monthly),
        ("yearly", None, Giving.recent),
        ("one_time", None, Giving.never),
        ("monthly", AT, Giving.never),
    ],
)
def test_a_gift_that_another_system_still_charges_is_running(
    session: Session, frequency: str, ended_at: datetime | None, giving: Giving
) -> None:
    subscribe(session, ANA)
    donor = add_donor(session, "ana@example.org")
    gift = {"amount": 500, "currency": "usd", "frequency": frequency, "ended_at": ended_at}
    session.add(GiftElsewhere(system="givewp", external_id="7", donor_id=donor.id, **gift))
    session.flush()
    (subscriber,) = session.scalars(select(Subscriber))
    assert giving_of(session, subscriber, AT) is giving


@pytest.mark.parametrize("gives", ["kept", "merged", "sibling"])
@pytest.mark.parametrize("reads", ["kept", "merged", "sibling"])
def test_a_gift_of_any_merged_record_counts_for_each_of_its_addresses(
    session: Session, campaign: Campaign, gives: str, reads: str
) -> None:
    kept = add_donor(session, "kept@example.org")
    donors = {"kept": kept} | {
        name: add_donor(session, f"{name}@example.org", merged_into_id=kept.id)
        for name in ("merged", "sibling")
    }
    add_donation(session, campaign, donors[gives], charged_at=AT)
    subscribe(session, f"{reads}@example.org")
    (subscriber,) = session.scalars(select(Subscriber))
    assert giving_of(session, subscriber, AT) is Giving.recent
    assert update_segments(session, AT) == 1


def test_a_gift_of_someone_else_counts_for_nobody(session: Session, campaign: Campaign) -> None:
    subscribe(session, ANA)
    add_donation(session, campaign, add_donor(session, "ben@example.org"))
    add_donation(session, campaign, add_donor(session, ""))
    assert update_segments(session, AT) == 0


def test_gave_and_never_are_everyone_and_the_counts_agree_with_the_lists(
    session: Session, campaign: Campaign
) -> None:
    facts = {
        "never": [],
        "recent": [gave(charged_at=AT)],
        "lapsed": [gave(charged_at=LONG_AGO)],
        "monthly": [pledged()],
    }
    for name, each in facts.items():
        subscribe(session, f"{name}@example.org")
        donor = add_donor(session, f"{name}@example.org")
        for fact in each:
            fact(session, campaign, donor)
    assert update_segments(session, AT) == 3
    assert update_segments(session, AT) == 0
    counts = count_segments(session)
    assert counts == {"gave": 3, "monthly": 1, "lapsed": 1, "never": 1}
    for segment in GivingSegment:
        listed = select(func.count()).where(in_segment(segment, Subscriber.giving))
        assert session.scalar(listed) == counts[segment], segment


def test_counts_without_subscribers_are_zero(session: Session) -> None:
    assert count_segments(session) == dict.fromkeys(GivingSegment, 0)
