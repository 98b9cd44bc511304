"""Staff add a subscriber by hand, and unsubscribe one who asked."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor
from campaign.core.errors import SubscriberInvalid, SuppressionChangeRefused
from campaign.donors.subscriber_changes import (
    LONGEST_REMARK,
    NewSubscriber,
    add_by_hand,
    unsubscribe_on_request,
)
from campaign.models import AuditEntry, Campaign, StaffRole, Subscriber, Suppression
from tests.support.subscribers import subscribe

ZONE = ZoneInfo("America/Los_Angeles")
AT = datetime(2026, 12, 2, 6, 30, tzinfo=UTC)
"""Still December 1 in Los Angeles."""
FAY = Actor("fay@harbor-ledger.example", StaffRole.finance)
TYPED: dict[str, Any] = {"email": "Ana@Example.org", "consent_source": "by phone"}


def add(session: Session, **changes: Any) -> Subscriber:
    return add_by_hand(session, NewSubscriber(**{**TYPED, **changes}), ZONE, AT, FAY)


def log(session: Session) -> AuditEntry:
    return session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()


def test_what_was_entered_is_the_consent(session: Session) -> None:
    added = add(
        session,
        name="  Ana   Reyes ",
        locale="es",
        timezone="America/Denver",
        consent_on="2026-11-05",
        consent_wording="Send me news\r\nabout your campaigns. ",
    )
    assert (added.email, added.name, added.locale) == ("Ana@example.org", "Ana Reyes", "es")
    assert (added.timezone, added.consent_source) == ("America/Denver", "by phone")
    assert added.consent_at == datetime(2026, 11, 5, 8, tzinfo=UTC)
    assert added.consent_wording == "Send me news\nabout your campaigns."


def test_the_log_says_who_added_whom_without_the_address(session: Session) -> None:
    added = add(session, name="Ana Reyes")
    entry = log(session)
    assert (entry.action, entry.subject_key) == ("subscriber.added", str(added.id))
    assert entry.after["consent_on"] == "2026-12-01"
    assert "Ana" not in str(entry.after)
    assert "Ana@" not in str(entry.after)


@pytest.mark.parametrize("day", ["", "2026-12-01"])
def test_consent_of_today_is_dated_now(session: Session, day: str) -> None:
    assert add(session, consent_on=day).consent_at == AT


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("email", ""),
        ("email", "ana@"),
        ("email", "a\0na@example.org"),
        ("name", "x" * 201),
        ("name", "a\0b"),
        ("consent_source", "  "),
        ("consent_source", "x" * 201),
        ("consent_wording", "x" * 2001),
        ("consent_on", "2026-12-02"),
        ("consent_on", "1989-12-31"),
        ("consent_on", "yesterday"),
        ("timezone", "Mars/Olympus"),
        ("locale", "xx"),
    ],
)
def test_a_field_that_is_wrong_is_named(session: Session, field: str, text: str) -> None:
    with pytest.raises(SubscriberInvalid) as refused:
        add(session, **{field: text})
    assert list(refused.value.faults) == [field]
    assert session.scalars(select(Subscriber)).all() == []


def test_a_known_subscriber_keeps_the_first_consent(session: Session) -> None:
    subscribe(session, "ana@example.ORG")
    with pytest.raises(SubscriberInvalid) as refused:
        add(session)
    (known,) = session.scalars(select(Subscriber))
    assert (refused.value.known_id, known.consent_source) == (known.id, "form")


def test_unsubscribing_stops_all_or_one_campaign_and_is_logged(
    session: Session, campaign: Campaign
) -> None:
    subscriber = add(session)
    assert unsubscribe_on_request(session, subscriber, campaign, "", FAY)
    assert unsubscribe_on_request(session, subscriber, None, " by phone\n", FAY)
    assert not unsubscribe_on_request(session, subscriber, None, "again", FAY)
    one, every = session.scalars(select(Suppression).order_by(Suppression.id))
    assert (one.campaign_id, one.detail) == (campaign.id, "by staff")
    assert (every.campaign_id, every.detail) == (None, "by staff: by phone")
    assert {one.email, one.reason} == {"ana@example.org", "unsubscribed"}
    entry = log(session)
    assert (entry.action, entry.subject_key) == ("suppression.added", "A…@e….org")
    assert entry.after == {"campaign": "all", "how": "by phone"}


@pytest.mark.parametrize("how", ["a\0b", "x" * (LONGEST_REMARK + 1)])
def test_a_remark_that_cannot_be_kept_is_refused(session: Session, how: str) -> None:
    with pytest.raises(SuppressionChangeRefused) as refused:
        unsubscribe_on_request(session, add(session), None, how, FAY)
    assert refused.value.field == "how"
    assert session.scalars(select(Suppression)).all() == []
