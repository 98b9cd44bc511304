"""What links and sessions of staff have beyond those of donors: who made a link, from where someone is signed in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.auth.links import make_link
from campaign.auth.policies import STAFF, StaffLinkKind
from campaign.auth.sessions import begin_session, find_session, is_open
from campaign.models import StaffLink, StaffMember, StaffSession

AUTHENTICATOR = "authenticator"
"""What `StaffMember.tf_primary_method` says once an app is confirmed."""
_LONGEST_BROWSER = 300


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


def make_staff_link(
    session: Session, member: StaffMember, made_by: str, at: datetime, kind: StaffLinkKind
) -> str:
    """A link that signs `member` in, once; its path below the site's address. `made_by` is for the record."""
    return make_link(session, kind, StaffLink(staff_id=member.id, made_by=made_by), at)


def begin_staff_session(
    session: Session, member: StaffMember, method: str, browser: Browser, at: datetime
) -> str:
    """Sign `member` in; returns the cookie's secret. `method`: link, password, passkey, oidc; `+totp` …"""
    row = StaffSession(
        staff_id=member.id,
        method=method,
        browser=browser.name[:_LONGEST_BROWSER],
        address=browser.address,
    )
    member.signed_in_at = at
    return begin_session(session, STAFF, row, at)


def find_staff_session(session: Session, secret: str, at: datetime) -> SignedIn | None:
    """Who is signed in by `secret`, or None; notes that they were here."""
    found = find_session(session, STAFF, secret, at)
    if found is None:
        return None
    second_factor = found.has_passkey or has_authenticator(found.person)
    return SignedIn(found.person, found.row, second_factor)


def has_authenticator(member: StaffMember) -> bool:
    """Whether `member` has confirmed an authenticator app."""
    return member.tf_primary_method == AUTHENTICATOR and bool(member.tf_totp_secret)


def list_staff_sessions(
    session: Session, member: StaffMember, at: datetime
) -> Sequence[StaffSession]:
    """The open sessions of `member`, the latest seen first."""
    return session.scalars(
        select(StaffSession)
        .where(StaffSession.staff_id == member.id, is_open(STAFF, at))
        .order_by(StaffSession.seen_at.desc(), StaffSession.id.desc())
    ).all()
