"""Marks on the review queue: made once, by whom and when, withdrawn, and recorded."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor
from campaign.core.errors import NotFound
from campaign.models import AuditEntry, StaffRole
from campaign.reporting.acknowledgments import (
    acknowledge,
    read_acknowledgments,
    withdraw_acknowledgment,
)

FAY = Actor("fay@harbor-ledger.example", StaffRole.finance)
ADA = Actor("ada@harbor-ledger.example", StaffRole.admin)
AT = datetime(2026, 12, 22, 8, tzinfo=UTC)


def noted(session: Session) -> list[tuple[str, str, str, str, dict[str, object]]]:
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [
        (one.actor, one.action, one.subject_kind, one.subject_key, one.before) for one in entries
    ]


@pytest.mark.parametrize(
    "kind",
    ["dispute", "warning", "refund", "event", "message", "late_entry", "unmatched", "erasure"],
)
def test_each_kind_of_item_is_marked_once_and_keeps_its_first_mark(
    session: Session, kind: str
) -> None:
    acknowledge(session, kind, "x_1", FAY, AT)
    acknowledge(session, kind, "x_1", ADA, AT + timedelta(hours=1))
    acknowledge(session, kind, "x_2", ADA, AT)
    found = read_acknowledgments(session)
    assert set(found) == {(kind, "x_1"), (kind, "x_2")}
    first = found[kind, "x_1"]
    assert (first.acknowledged_by, first.acknowledged_at) == (FAY.name, AT)
    assert noted(session) == [
        (FAY.name, "review.acknowledged", kind, "x_1", {}),
        (ADA.name, "review.acknowledged", kind, "x_2", {}),
    ]


def test_a_mark_is_withdrawn_alone_and_once(session: Session) -> None:
    for kind, key in (("dispute", "1"), ("dispute", "2"), ("refund", "1")):
        acknowledge(session, kind, key, FAY, AT)
    for _ in range(2):
        withdraw_acknowledgment(session, "dispute", "1", ADA)
    session.expire_all()
    assert set(read_acknowledgments(session)) == {("dispute", "2"), ("refund", "1")}
    assert noted(session)[3:] == [
        (ADA.name, "review.acknowledgment_withdrawn", "dispute", "1", {"by": FAY.name})
    ]


@pytest.mark.parametrize(
    ("kind", "key", "known"),
    [
        ("dispute", "x" * 200, True),
        ("dispute", "x" * 201, False),
        ("dispute", "", False),
        ("donor", "1", False),
        ("", "1", False),
    ],
)
def test_only_items_that_can_be_in_the_queue_are_marked(
    session: Session, kind: str, key: str, *, known: bool
) -> None:
    if known:
        acknowledge(session, kind, key, FAY, AT)
        withdraw_acknowledgment(session, kind, key, FAY)
        return
    for change in (
        lambda: acknowledge(session, kind, key, FAY, AT),
        lambda: withdraw_acknowledgment(session, kind, key, FAY),
    ):
        with pytest.raises(NotFound, match="no such item"):
            change()
    assert (read_acknowledgments(session), noted(session)) == ({}, [])
