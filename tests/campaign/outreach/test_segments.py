"""Segments before exclusions: each address once, with the best data available."""

from typing import Any

import pytest
from sqlalchemy import Subquery, select
from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.models import Campaign, OutboxMessage
from campaign.outreach import segments
from tests.support.donors import add_donation, add_donor
from tests.support.subscribers import donate, new_campaign, subscribe


@pytest.fixture
def winter(session: Session) -> Campaign:
    return new_campaign(session, ask_past_donors=True)


@pytest.fixture
def summer(session: Session) -> Campaign:
    return new_campaign(session, slug="summer")


def people(session: Session, found: Subquery) -> list[tuple[str, str, str, str | None]]:
    """email, name, locale and time zone of each, by address."""
    query = select(found.c.email, found.c.name, found.c.locale, found.c.timezone)
    return sorted(tuple(row) for row in session.execute(query))


def test_past_donors_are_asked_only_by_a_campaign_that_asks_them(
    session: Session, winter: Campaign, summer: Campaign
) -> None:
    subscribe(session, "ana@example.org", name="Ana")
    donate(session, winter, "here@example.org", "paid")
    for state in ("paid", "refunded", "pending", "processing"):
        donate(session, summer, f"{state}@example.org", state)
    add_donation(session, summer, add_donor(session, ""))
    emails = [one[0] for one in people(session, segments.appeal_recipients(winter))]
    assert emails == ["ana@example.org", "paid@example.org", "refunded@example.org"]
    assert people(session, segments.appeal_recipients(summer)) == [
        ("ana@example.org", "Ana", "en", None)
    ]


def test_a_subscriber_who_gave_before_is_asked_once_as_subscriber(
    session: Session, winter: Campaign, summer: Campaign
) -> None:
    donate(session, summer, "ana@example.org", "paid")
    subscribe(session, "ANA@example.org", name="Anita", locale="es", timezone="Europe/Madrid")
    assert people(session, segments.appeal_recipients(winter)) == [
        ("ANA@example.org", "Anita", "es", "Europe/Madrid")
    ]


def test_thanked_donors_have_a_remaining_gift_in_this_campaign(
    session: Session, winter: Campaign, summer: Campaign
) -> None:
    for state in ("processing", "paid", "partially_refunded"):
        donate(session, winter, f"{state}@example.org", state)
    for state in ("pending", "refunded", "disputed", "dispute_lost"):
        donate(session, winter, f"{state}@example.org", state)
    donate(session, winter, "paid@example.org", "paid", attempt="again")
    donate(session, summer, "other@example.org", "paid")
    add_donation(session, winter, add_donor(session, ""))
    emails = [one[0] for one in people(session, segments.thank_you_recipients(winter))]
    assert emails == [
        "paid@example.org",
        "partially_refunded@example.org",
        "processing@example.org",
    ]


def test_a_giver_is_addressed_as_the_subscriber_where_that_says_more(
    session: Session, winter: Campaign
) -> None:
    for name in ("ana", "ben", "cy"):
        donate(session, winter, f"{name}@example.org", "paid")
    subscribe(session, "Ana@example.org", name="Anita", locale="es", timezone="Europe/Madrid")
    subscribe(session, "ben@example.org", locale="es")
    assert people(session, segments.thank_you_recipients(winter)) == [
        ("ana@example.org", "Anita", "es", "Europe/Madrid"),
        ("ben@example.org", "Ana Reyes", "es", None),
        ("cy@example.org", "Ana Reyes", "en", None),
    ]


def test_asked_people_are_those_sent_an_appeal_of_this_campaign(
    session: Session, winter: Campaign, summer: Campaign
) -> None:
    def sent_email(number: int, recipient: str, **changes: Any) -> None:
        wanted = {"kind": "appeal", "campaign_id": winter.id, "state": "sent", "sent_at": now()}
        session.add(
            OutboxMessage(
                subject_key=str(number),
                recipient=recipient,
                message_id=f"<{number}@example.org>",
                bulk=True,
                **{**wanted, **changes},
            )
        )
        session.flush()

    sent_email(1, "ana@example.org", name="Before", locale="en")
    sent_email(2, "ANA@example.org", name="Latest", locale="es")
    sent_email(3, "waits@example.org", state="queued", sent_at=None)
    sent_email(4, "dropped@example.org", state="dropped", sent_at=None)
    sent_email(5, "reminded@example.org", kind="reminder")
    sent_email(6, "other@example.org", campaign_id=summer.id)
    sent_email(7, "")
    assert people(session, segments.wrap_up_recipients(winter)) == [
        ("ANA@example.org", "Latest", "es", None)
    ]


def test_of_many_who_gave_before_each_is_asked_as_subscriber(
    session: Session, winter: Campaign, summer: Campaign
) -> None:
    emails = [f"reader{number:02}@example.org" for number in range(40)]
    for email in emails:
        donate(session, summer, email, "paid")
        subscribe(session, email.upper(), name="As subscriber")
    found = people(session, segments.appeal_recipients(winter))
    assert [(email, name) for email, name, _, _ in found] == [
        (email.upper(), "As subscriber") for email in emails
    ]
