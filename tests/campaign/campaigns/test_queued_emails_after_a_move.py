"""A moved deadline changes exactly those emails of the campaign that are queued and not begun."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.campaigns import find_campaign
from campaign.campaigns.extensions import extend
from campaign.models import Campaign, CampaignStep, OutboxMessage
from campaign.runtime.context import Installation
from tests.support.subscribers import at, new_campaign

HOUR = timedelta(hours=1)
QUEUED_AT, EXPIRY = at("2026-12-30T12:00-08:00"), at("2026-12-31T00:00-08:00")
DUE, CLOSES = at("2027-01-04T00:00-08:00"), at("2027-01-05T00:00-08:00")
"""The window of the step two days before the new end."""


@pytest.fixture
def winter(session: Session) -> Campaign:
    return new_campaign(session)


def add(session: Session, campaign: Campaign, **values: Any) -> OutboxMessage:
    """Queue an appeal of the step `two_days`; `values` override."""
    step = session.scalars(
        select(CampaignStep.id).where(
            CampaignStep.campaign_id == campaign.id, CampaignStep.key == "two_days"
        )
    ).one()
    count = len(session.scalars(select(OutboxMessage.id)).all())
    wanted: dict[str, Any] = {
        "kind": "appeal",
        "subject_key": str(count),
        "campaign_id": campaign.id,
        "step_id": step,
        "recipient": f"reader{count}@example.org",
        "message_id": f"<{count}@example.org>",
        "bulk": True,
        "next_attempt_at": QUEUED_AT,
        "expires_at": EXPIRY,
    }
    row = OutboxMessage(**{**wanted, **values})
    session.add(row)
    session.flush()
    return row


def move(session: Session, deadline: str = "2027-01-05", moment: datetime = QUEUED_AT) -> None:
    extend(session, find_campaign(session, "winter"), deadline, "mail is late", "sam", moment)
    session.expire_all()


def times(row: OutboxMessage) -> tuple[datetime, datetime | None]:
    return row.next_attempt_at, row.expires_at


def test_what_is_queued_waits_for_its_step_and_a_retry_keeps_its_later_time(
    session: Session, winter: Campaign
) -> None:
    fresh = add(session, winter)
    claimed = add(session, winter, state="sending", lease_until=QUEUED_AT)
    soon = add(session, winter, attempts=1)
    late = add(session, winter, attempts=2, next_attempt_at=DUE + HOUR)
    early = add(session, winter, next_attempt_at=DUE + HOUR)
    move(session)
    assert [times(row) for row in (fresh, claimed, soon, late, early)] == [
        (DUE, CLOSES),
        (DUE, CLOSES),
        (DUE, CLOSES),
        (DUE + HOUR, CLOSES),
        (DUE, CLOSES),
    ]


def test_what_was_begun_or_is_finished_or_another_campaigns_stays_as_it_is(
    session: Session, winter: Campaign
) -> None:
    other = new_campaign(session, slug="other")
    rows = [
        add(session, winter, begun_at=QUEUED_AT, state="sending"),
        add(session, winter, state="sent", sent_at=QUEUED_AT),
        add(session, winter, state="failed"),
        add(session, winter, state="dropped"),
        add(session, winter, bulk=False),
        add(session, winter, step_id=None),
        add(session, other),
        add(session, other, kind="reminder", step_id=None),
        add(session, winter, kind="reminder", step_id=None, begun_at=QUEUED_AT),
        add(session, winter, kind="reminder", step_id=None, state="sent", sent_at=QUEUED_AT),
    ]
    move(session)
    assert [times(row) for row in rows] == [(QUEUED_AT, EXPIRY)] * len(rows)


def test_a_queued_reminder_comes_when_it_was_asked_for_and_expires_at_the_new_end(
    session: Session, winter: Campaign
) -> None:
    reminder = add(session, winter, kind="reminder", step_id=None)
    move(session)
    assert times(reminder) == (QUEUED_AT, at("2027-01-06T00:00-08:00"))


def test_only_queued_wrap_ups_of_the_campaign_are_deleted(
    session: Session, winter: Campaign
) -> None:
    other = new_campaign(session, slug="other")
    over = {"step_id": None, "expires_at": at("2027-01-08T00:00-08:00")}
    gone = [add(session, winter, kind=kind, **over) for kind in ("thank_you", "wrap_up")]
    kept = [
        add(session, winter, kind="appeal", **over),
        add(session, winter, kind="reminder", **over),
        add(session, other, kind="wrap_up", **over),
        add(session, other, kind="thank_you", **over),
    ]
    for kind in ("thank_you", "wrap_up"):
        kept += [
            add(session, winter, kind=kind, state="sending", **over),
            add(session, winter, kind=kind, begun_at=QUEUED_AT, **over),
            add(session, winter, kind=kind, state="sent", sent_at=QUEUED_AT, **over),
            add(session, winter, kind=kind, state="failed", **over),
        ]
    ids = {row.id for row in kept}
    assert ids.isdisjoint(row.id for row in gone)
    move(session, moment=at("2027-01-02T12:00-08:00"))
    assert set(session.scalars(select(OutboxMessage.id))) == ids


def test_a_worker_sees_the_new_times_once_they_are_committed(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        row = add(session, new_campaign(session))
        number = row.id
    with installation.sessions.begin() as session:
        move(session)
    with installation.sessions() as session:
        assert times(session.get_one(OutboxMessage, number)) == (DUE, CLOSES)
