"""What differs between the two audiences that links and sessions are for: staff and donors.

`auth.links` and `auth.sessions` hold the rules and are handed one of these policies; `auth.staff` and `auth.donors`
have what one audience alone needs.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, SQLColumnExpression, exists, false, true

from campaign.models import (
    Donor,
    DonorLink,
    DonorLinkPurpose,
    DonorSession,
    StaffLink,
    StaffMember,
    StaffPasskey,
    StaffSession,
)

Person = TypeVar("Person", StaffMember, Donor)
LinkRow = TypeVar("LinkRow", StaffLink, DonorLink)
SessionRow = TypeVar("SessionRow", StaffSession, DonorSession)


@dataclass(frozen=True, eq=False)
class Audience(Generic[Person, LinkRow, SessionRow]):
    """Who links and sessions are for, in which tables they are kept, and for how long.

    `admitted`: a condition on `person`; whoever no longer meets it is out at once. `hides_barred`: a link of such a
    person is answered as if it had never been made, instead of saying that it no longer opens anything.
    `has_passkey`: a condition on `person`, read along with a session.

    A session ends `idle` after its last request and `longest` after it began, whichever comes first. After they
    expired, rows of both tables stay for `kept`, so that what became of them can be told.
    """

    person: type[Person]
    admitted: ColumnElement[bool]
    hides_barred: bool
    has_passkey: ColumnElement[bool]
    links: type[LinkRow]
    link_owner: SQLColumnExpression[int]
    sessions: type[SessionRow]
    session_owner: SQLColumnExpression[int]
    idle: timedelta
    longest: timedelta
    kept: timedelta


@dataclass(frozen=True, eq=False)
class LinkKind(Generic[Person, LinkRow, SessionRow]):
    """A kind of one-time link: `path` (below the site's address) and the secret make its address.

    It works for `lifetime`, and only where `matches`, a condition on its row, holds.
    """

    audience: Audience[Person, LinkRow, SessionRow]
    path: str
    lifetime: timedelta
    matches: ColumnElement[bool]


STAFF = Audience(
    person=StaffMember,
    admitted=StaffMember.active.is_(True),
    hides_barred=False,
    has_passkey=exists().where(StaffPasskey.staff_id == StaffMember.id),
    links=StaffLink,
    link_owner=StaffLink.staff_id,
    sessions=StaffSession,
    session_owner=StaffSession.staff_id,
    idle=timedelta(hours=12),
    longest=timedelta(days=14),
    # From where someone was signed in, and that a link was made; the audit log remembers longer.
    kept=timedelta(days=90),
)

DONORS = Audience(
    person=Donor,
    admitted=Donor.erased_at.is_(None),
    hides_barred=True,
    has_passkey=false(),
    links=DonorLink,
    link_owner=DonorLink.donor_id,
    sessions=DonorSession,
    session_owner=DonorSession.donor_id,
    # Short, since the computer may be anyone's.
    idle=timedelta(minutes=30),
    longest=timedelta(hours=2),
    kept=timedelta(days=1),
)

StaffLinkKind = LinkKind[StaffMember, StaffLink, StaffSession]
DonorLinkKind = LinkKind[Donor, DonorLink, DonorSession]

STAFF_LINK: StaffLinkKind = LinkKind(STAFF, "/staff/sign-in/link/", timedelta(hours=24), true())
"""A sign-in link that an admin or the command line makes and passes on."""
STAFF_LINK_BY_EMAIL: StaffLinkKind = replace(STAFF_LINK, lifetime=timedelta(minutes=15))
"""The same, when someone asks for it at the sign-in page."""

DONOR_LINKS: dict[DonorLinkPurpose, DonorLinkKind] = {
    purpose: LinkKind(DONORS, path, lifetime, DonorLink.purpose == purpose.value)
    for purpose, path, lifetime in (
        (DonorLinkPurpose.open, "/me/link/", timedelta(minutes=15)),
        (DonorLinkPurpose.address, "/me/address/", timedelta(hours=1)),
    )
}
"""One that opens the donor's own page, and one that confirms the address to which it was sent."""
