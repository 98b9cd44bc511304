"""The audit log: actions of staff, and of donors on the donor page, recorded in the transaction that performs them."""

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.models import AuditEntry, StaffRole

LATEST = 50
"""The number of recent entries shown with a record."""


@dataclass(frozen=True)
class Actor:
    """Who performs an action: a staff member, the command line (`staff_id` None), or a donor (no role either)."""

    name: str
    role: StaffRole | None
    staff_id: int | None = None

    @classmethod
    def command_line(cls) -> "Actor":
        """Return the user who runs this command, as an admin: they have full access to the database anyway."""
        try:
            user = getpass.getuser()
        except (KeyError, OSError):
            user = "unknown"
        return cls(f"command line: {user}", StaffRole.admin)

    @classmethod
    def schedule(cls) -> "Actor":
        """Return the actor of scheduled jobs."""
        return cls("schedule", StaffRole.admin)

    @classmethod
    def donor(cls, donor_id: int) -> "Actor":
        """Return the donor as an actor, by id only: the log is kept after a donor is erased."""
        return cls(f"donor {donor_id}", None)


@dataclass(frozen=True)
class Subject:
    """The object of an action, with the key that its page's URL has: (`donation`, `don_…`), (`campaign`, slug)."""

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
    """Record that `actor` did `action` (`noun.verb`). `before` and `after` have what changed, JSON-compatible."""
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
    """Return the latest LATEST entries about these objects, newest first."""
    return session.scalars(
        select(AuditEntry)
        .where(AuditEntry.subject_kind == kind, AuditEntry.subject_key.in_(keys))
        .order_by(AuditEntry.id.desc())
        .limit(LATEST)
    ).all()
