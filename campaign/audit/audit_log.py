"""The audit log: everything that staff do, and donors on their own page, written in the transaction that does it."""

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.models import AuditEntry, StaffRole

LATEST = 50
"""Entries of the audit log on a page; the log itself has all."""


@dataclass(frozen=True)
class Actor:
    """Who does something: a member of staff, or who sits at the command line (`staff_id` is None there).

    Or a donor on their own page, who has no role either.
    """

    name: str
    role: StaffRole | None
    staff_id: int | None = None

    @classmethod
    def command_line(cls) -> "Actor":
        """Whoever runs this command; they hold the database's address, so nothing is closed to them."""
        try:
            user = getpass.getuser()
        except (KeyError, OSError):
            user = "unknown"
        return cls(f"command line: {user}", StaffRole.admin)

    @classmethod
    def schedule(cls) -> "Actor":
        """The house itself, on its schedule."""
        return cls("schedule", StaffRole.admin)

    @classmethod
    def donor(cls, donor_id: int) -> "Actor":
        """The donor with that number; the log, which outlives them, knows them by nothing else."""
        return cls(f"donor {donor_id}", None)


@dataclass(frozen=True)
class Subject:
    """What something is done to, named as its page's address names it: (`donation`, `don_…`), (`campaign`, slug)."""

    kind: str
    key: str
    campaign_id: int | None = None


def record(
    session: Session,
    actor: Actor,
    action: str,
    subject: Subject,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Append that `actor` did `action` (`noun.verb`). `before` and `after` hold what changed, as JSON can."""
    entry = AuditEntry(
        staff_id=actor.staff_id,
        actor=actor.name,
        action=action,
        subject_kind=subject.kind,
        subject_key=subject.key,
        campaign_id=subject.campaign_id,
        before=dict(before or {}),
        after=dict(after or {}),
    )
    session.add(entry)
    session.flush()
    return entry


def list_entries_about(session: Session, kind: str, keys: Sequence[str]) -> Sequence[AuditEntry]:
    """What staff did to these things, the latest first."""
    return session.scalars(
        select(AuditEntry)
        .where(AuditEntry.subject_kind == kind, AuditEntry.subject_key.in_(keys))
        .order_by(AuditEntry.id.desc())
        .limit(LATEST)
    ).all()
