"""Sessions: a browser that is signed in, for staff and donors alike.

A session is a row; the cookie holds a secret, and the row its digest. It ends after its audience's `idle` time without
a request, its `longest` time after it began, when its owner ends it, when their way in changes (`revoke_access`), and
at once when they may no longer enter.
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
"""How exactly `seen_at` is kept: a row is not written at every request."""


@dataclass(frozen=True)
class OpenSession(Generic[Person, SessionRow]):
    """A session that has not ended, whose it is, and whether they have a passkey."""

    row: SessionRow
    person: Person
    has_passkey: bool


def begin_session(
    session: Session,
    audience: Audience[Person, LinkRow, SessionRow],
    row: SessionRow,
    at: datetime,
) -> str:
    """Save `row`, which says whose it is, as a new session; returns the cookie's secret."""
    secret = new_secret()
    row.digest = digest_of(secret)
    row.created_at = row.seen_at = at
    row.expires_at = at + audience.longest
    session.add(row)
    session.flush()
    return secret


def is_open(audience: Audience[Person, LinkRow, SessionRow], at: datetime) -> ColumnElement[bool]:
    """In a query: sessions that nobody has ended and that are neither too old nor unused for too long."""
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
    """The open session that `secret` names, or None; notes that its owner was here."""
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
    """End the session that `secret` names; False if there is none, or it was ended before."""
    return _end(session, audience, at, audience.sessions.digest == digest_of(secret)) > 0


def end_session_by_id(
    session: Session,
    audience: Audience[Person, LinkRow, SessionRow],
    person: Person,
    session_id: int,
    at: datetime,
) -> bool:
    """End one session of `person`; False if they have none with this id, or it was ended before."""
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
    """End all sessions of `person`, except the one with the id `but`; returns how many those were."""
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
    """Their way in has changed: revoke all links of `person`, and end all sessions but the one with the id `but`."""
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
    """Delete those that expired long enough ago; returns how many."""
    over = delete(audience.sessions).where(audience.sessions.expires_at < at - audience.kept)
    return len(session.execute(over.returning(audience.sessions.id)).all())
