"""Links and sessions of staff: who created a link, and where someone is signed in."""

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
"""The value of `StaffMember.tf_primary_method` once an app is confirmed."""
_LONGEST_BROWSER = 300


@dataclass(frozen=True)
class SignedIn:
    """The signed-in member, their session, and whether they have a second factor."""

    member: StaffMember
    session: StaffSession
    second_factor: bool


@dataclass(frozen=True)
class Browser:
    """A browser: its User-Agent (`name`) and IP address."""

    name: str
    address: str


def make_staff_link(
    session: Session, member: StaffMember, made_by: str, at: datetime, kind: StaffLinkKind
) -> str:
    """Create a one-time sign-in link for `member`; returns its path on the site. `made_by` is for the record."""
    return make_link(session, kind, StaffLink(staff_id=member.id, made_by=made_by), at)


def begin_staff_session(
    session: Session, member: StaffMember, method: str, browser: Browser, at: datetime
) -> str:
    """Sign `member` in; returns the cookie's secret.

    `method`: link, password, passkey or oidc, then the second factor, if any, as `+totp`, `+recovery` or `+passkey`.
    """
    row = StaffSession(
        staff_id=member.id,
        method=method,
        browser=browser.name[:_LONGEST_BROWSER],
        address=browser.address,
    )
    member.signed_in_at = at
    return begin_session(session, STAFF, row, at)


def find_staff_session(session: Session, secret: str, at: datetime) -> SignedIn | None:
    """Return who is signed in with `secret`, or None; updates `seen_at`."""
    found = find_session(session, STAFF, secret, at)
    if found is None:
        return None
    second_factor = found.has_passkey or has_authenticator(found.person)
    return SignedIn(found.person, found.row, second_factor)


def has_authenticator(member: StaffMember) -> bool:
    """Return whether `member` has confirmed an authenticator app."""
    return member.tf_primary_method == AUTHENTICATOR and bool(member.tf_totp_secret)


def list_staff_sessions(
    session: Session, member: StaffMember, at: datetime
) -> Sequence[StaffSession]:
    """Return the open sessions of `member`, most recently used first."""
    return session.scalars(
        select(StaffSession)
        .where(StaffSession.staff_id == member.id, is_open(STAFF, at))
        .order_by(StaffSession.seen_at.desc(), StaffSession.id.desc())
    ).all()
