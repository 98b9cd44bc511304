"""The browsers that are signed in. A session is a row; the cookie holds a secret, and the row its digest.

It ends after `IDLE` without a request, `LONGEST` after the sign-in, when its owner ends it, and at once when the
member is deactivated or gets another role.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from campaign.core.secrets import digest_of, new_secret
from campaign.models import StaffLink, StaffMember, StaffPasskey, StaffSession

AUTHENTICATOR = "authenticator"
"""What `StaffMember.tf_primary_method` says once an app is confirmed."""
IDLE = timedelta(hours=12)
LONGEST = timedelta(days=14)
_NOTED = timedelta(minutes=1)
"""How exactly `seen_at` is kept: a row is not written at every request."""
_LONGEST_BROWSER = 300
KEPT = timedelta(days=90)
"""How long it stays known from where someone was signed in, and that a link was made."""


@dataclass(frozen=True)
class SignedIn:
    """Who asks, from which of their sessions, and whether they have a second factor."""

    member: StaffMember
    session: StaffSession
    second_factor: bool


@dataclass(frozen=True)
class Browser:
    """What a browser says of itself, and where it is."""

    name: str
    address: str


def begin_session(
    session: Session, member: StaffMember, method: str, browser: Browser, at: datetime
) -> str:
    """Sign `member` in; what comes back is the cookie's secret. `method`: link, password, passkey, oidc; `+totp` …"""
    secret = new_secret()
    session.add(
        StaffSession(
            staff_id=member.id,
            digest=digest_of(secret),
            method=method,
            browser=browser.name[:_LONGEST_BROWSER],
            address=browser.address,
            created_at=at,
            seen_at=at,
            expires_at=at + LONGEST,
        )
    )
    member.signed_in_at = at
    session.flush()
    return secret


def purge_sessions(session: Session, at: datetime) -> int:
    """Delete sessions and links that have been over for a while; how many. The audit log remembers that they were."""
    return sum(
        len(session.execute(delete(one).where(one.expires_at < at - KEPT).returning(one.id)).all())
        for one in (StaffSession, StaffLink)
    )


def has_authenticator(member: StaffMember) -> bool:
    """Whether `member` has confirmed an authenticator app."""
    return member.tf_primary_method == AUTHENTICATOR and bool(member.tf_totp_secret)


def resume_session(session: Session, secret: str, at: datetime) -> SignedIn | None:
    """Who is signed in by `secret`, or None; notes that they were here."""
    found = session.execute(
        select(StaffSession, StaffMember, exists().where(StaffPasskey.staff_id == StaffMember.id))
        .join(StaffMember, StaffMember.id == StaffSession.staff_id)
        .where(
            StaffSession.digest == digest_of(secret),
            StaffSession.ended_at.is_(None),
            StaffSession.expires_at > at,
            StaffSession.seen_at > at - IDLE,
            StaffMember.active,
        )
    ).one_or_none()
    if found is None:
        return None
    here, member, passkey = found
    if at - here.seen_at > _NOTED:
        here.seen_at = at
    return SignedIn(member, here, passkey or has_authenticator(member))


def list_sessions(session: Session, member: StaffMember, at: datetime) -> Sequence[StaffSession]:
    """The sessions of `member` that stand, the latest seen first."""
    return session.scalars(
        select(StaffSession)
        .where(
            StaffSession.staff_id == member.id,
            StaffSession.ended_at.is_(None),
            StaffSession.expires_at > at,
            StaffSession.seen_at > at - IDLE,
        )
        .order_by(StaffSession.seen_at.desc(), StaffSession.id.desc())
    ).all()


def end_session(session: Session, member: StaffMember, session_id: int, at: datetime) -> bool:
    """End one session of `member`; False if there is none that stands."""
    ended = session.scalar(
        update(StaffSession)
        .where(
            StaffSession.id == session_id,
            StaffSession.staff_id == member.id,
            StaffSession.ended_at.is_(None),
        )
        .values(ended_at=at)
        .returning(StaffSession.id)
    )
    return ended is not None


def end_sessions(
    session: Session, member: StaffMember, at: datetime, *, but: int | None = None
) -> int:
    """End all sessions of `member`, but the one with the id `but`; how many those were."""
    ended = session.scalars(
        update(StaffSession)
        .where(
            StaffSession.staff_id == member.id,
            StaffSession.ended_at.is_(None),
            StaffSession.id != (but or 0),
        )
        .values(ended_at=at)
        .returning(StaffSession.id)
    ).all()
    return len(ended)
