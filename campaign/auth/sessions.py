"""Sessions: signed-in browsers, for staff and donors.

A session is a row; the cookie holds a secret, and the row its digest. It ends after the audience's `idle` time without
a request, `longest` after it began, when its owner ends it, when their sign-in method changes (`revoke_access`), and
at once when they may no longer sign in.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.orm import Session

from campaign.auth.links import revoke_links
from campaign.auth.policies import Audience, LinkRow, Person, SessionRow
from campaign.core.secrets import digest_of, new_secret

_NOTED = timedelta(minutes=1)
"""The precision of `seen_at`: the row is not written at every request."""


@dataclass(frozen=True)
class OpenSession(Generic[Person, SessionRow]):
    """An open session, its owner (`person`), and whether they have a passkey."""

    row: SessionRow
    person: Person
    has_passkey: bool


def begin_session(
    session: Session,
    audience: Audience[Person, LinkRow, SessionRow],
    row: SessionRow,
    at: datetime,
) -> str:
    """Save `row`, which names its owner, as a new session; returns the cookie's secret."""
    secret = new_secret()
    row.digest = digest_of(secret)
    row.created_at = row.seen_at = at
    row.expires_at = at + audience.longest
    session.add(row)
    session.flush()
    return secret


def is_open(audience: Audience[Person, LinkRow, SessionRow], at: datetime) -> ColumnElement[bool]:
    """Return the query condition for open sessions: not ended, not expired, not idle for too long."""
    sessions = audience.sessions
    return and_(
        sessions.ended_at.is_(None),
        sessions.expires_at > at,
        sessions.seen_at > at - audience.idle,
    )


def find_session(
    session: Session,
    audience: Audience[Person, LinkRow, SessionRow],
    secret: str,
    at: datetime,
) -> OpenSession[Person, SessionRow] | None:
    """Return the open session that `secret` names, or None; updates `seen_at`."""
    found = session.execute(
        select(audience.sessions, audience.person, audience.has_passkey)
        .join(audience.person, audience.person.id == audience.session_owner)
        .where(
            audience.sessions.digest == digest_of(secret), is_open(audience, at), audience.admitted
        )
    ).one_or_none()
    if found is None:
        return None
    row, person, has_passkey = found
    if at - row.seen_at > _NOTED:
        row.seen_at = at
    return OpenSession(row, person, has_passkey)


def end_session(
    session: Session, audience: Audience[Person, LinkRow, SessionRow], secret: str, at: datetime
) -> bool:
    """End the session that `secret` names; returns False if there is none or it had already ended."""
    return _end(session, audience, at, audience.sessions.digest == digest_of(secret)) > 0


def end_session_by_id(
    session: Session,
    audience: Audience[Person, LinkRow, SessionRow],
    person: Person,
    session_id: int,
    at: datetime,
) -> bool:
    """End one session of `person`; returns False if they have none with this id or it had already ended."""
    own = audience.session_owner == person.id
    return _end(session, audience, at, own, audience.sessions.id == session_id) > 0


def end_sessions(
    session: Session,
    audience: Audience[Person, LinkRow, SessionRow],
    person: Person,
    at: datetime,
    *,
    but: int | None = None,
) -> int:
    """End all sessions of `person` except the one with the id `but`; returns how many."""
    own = audience.session_owner == person.id
    return _end(session, audience, at, own, audience.sessions.id != (but or 0))


def revoke_access(
    session: Session,
    audience: Audience[Person, LinkRow, SessionRow],
    person: Person,
    at: datetime,
    *,
    but: int | None = None,
) -> None:
    """Revoke all links of `person` and end all sessions except `but` (an id), after a sign-in method has changed."""
    end_sessions(session, audience, person, at, but=but)
    revoke_links(session, audience, person, at)


def _end(
    session: Session,
    audience: Audience[Person, LinkRow, SessionRow],
    at: datetime,
    *which: ColumnElement[bool],
) -> int:
    sessions = audience.sessions
    ended = session.scalars(
        update(sessions)
        .where(sessions.ended_at.is_(None), *which)
        .values(ended_at=at)
        .returning(sessions.id)
    ).all()
    return len(ended)


def purge_sessions(
    session: Session, audience: Audience[Person, LinkRow, SessionRow], at: datetime
) -> int:
    """Delete sessions that expired more than `audience.kept` ago; returns how many."""
    over = delete(audience.sessions).where(audience.sessions.expires_at < at - audience.kept)
    return len(session.execute(over.returning(audience.sessions.id)).all())
