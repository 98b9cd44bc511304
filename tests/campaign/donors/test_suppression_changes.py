"""Staff undo one suppression with a reason, or all refusals since a moment."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor
from campaign.core.errors import NotFound, SuppressionChangeRefused
from campaign.core.input_limits import LARGEST_KEY
from campaign.donors.suppression_changes import (
    get_suppression,
    preview_refused,
    undo_refused,
    undo_suppression,
)
from campaign.mailer.suppressions import SUPPRESSED
from campaign.models import AuditEntry, Campaign, OutboxMessage, StaffRole, Suppression
from campaign.runtime.context import Installation

FAY = Actor("fay@harbor-ledger.example", StaffRole.admin)
NOON = datetime(2026, 12, 2, 12, tzinfo=UTC)


def entry(
    session: Session,
    email: str,
    reason: str = "refused",
    at: datetime = NOON,
    campaign_id: int | None = None,
) -> int:
    row = Suppression(email=email, reason=reason, campaign_id=campaign_id, created_at=at)
    session.add(row)
    session.flush()
    return row.id


def left(session: Session) -> list[str]:
    return sorted(session.scalars(select(Suppression.email)))


def test_undoing_one_entry_leaves_the_others_of_the_address(
    session: Session, campaign: Campaign
) -> None:
    first = entry(session, "ana@example.org", "unsubscribed", campaign_id=campaign.id)
    second = entry(session, "ana@example.org", "bounced")
    gone = undo_suppression(session, first, " asked  by phone ", FAY)
    assert (gone.email, gone.campaign) == ("ana@example.org", campaign.title)
    assert list(session.scalars(select(Suppression.id))) == [second]
    (logged,) = session.scalars(select(AuditEntry))
    assert (logged.action, logged.subject_key) == ("suppression.removed", "a…@e….org")
    assert logged.before == {"suppressed": "unsubscribed", "campaign": campaign.title}
    assert logged.after == {"reason": "asked by phone"}


def test_what_a_refusal_dropped_can_be_sent_again_once_it_is_undone(session: Session) -> None:
    one = entry(session, "ana@example.org")
    dropped = OutboxMessage(
        kind="appeal",
        subject_key="1",
        message_id="<1>",
        recipient="Ana@example.org",
        bulk=True,
        state="dropped",
        last_error=SUPPRESSED,
    )
    session.add(dropped)
    session.flush()
    undo_suppression(session, one, "their server is back", FAY)
    session.refresh(dropped)
    assert dropped.state == "failed"


@pytest.mark.parametrize("reason", ["", "  ", "a\0b", "x" * 301])
def test_without_a_reason_nothing_is_undone(session: Session, reason: str) -> None:
    one = entry(session, "ana@example.org")
    with pytest.raises(SuppressionChangeRefused):
        undo_suppression(session, one, reason, FAY)
    with pytest.raises(SuppressionChangeRefused):
        undo_refused(session, NOON, 1, reason, FAY)
    assert left(session) == ["ana@example.org"]


def test_an_entry_that_is_gone_is_not_found(session: Session) -> None:
    for number in (999, LARGEST_KEY + 1):
        with pytest.raises(NotFound):
            get_suppression(session, number)
    with pytest.raises(NotFound):
        undo_suppression(session, 999, "asked", FAY)


def test_refusals_since_a_moment_are_undone_together(session: Session) -> None:
    entry(session, "before@example.org", at=NOON - timedelta(seconds=1))
    entry(session, "bounced@example.org", "bounced")
    for email in ("ana@example.org", "ben@example.org"):
        entry(session, email)
    assert preview_refused(session, NOON, 1) == (2, ["ben@example.org"])
    assert undo_refused(session, NOON, 2, "our relay’s fault", FAY) == 2
    assert left(session) == ["before@example.org", "bounced@example.org"]
    (logged,) = session.scalars(select(AuditEntry))
    assert logged.action == "suppressions.removed"
    assert logged.after == {
        "since": "2026-12-02T12:00+00:00",
        "number": 2,
        "reason": "our relay’s fault",
    }


def test_a_number_that_changed_since_staff_saw_it_is_not_undone(
    installation: Installation, session: Session
) -> None:
    entry(session, "ana@example.org")
    entry(session, "ben@example.org")
    session.commit()
    with (
        pytest.raises(SuppressionChangeRefused, match="There are 2 now, not 1"),
        installation.sessions.begin() as other,
    ):
        undo_refused(other, NOON, 1, "our fault", FAY)
    assert left(session) == ["ana@example.org", "ben@example.org"]
