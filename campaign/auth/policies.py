"""How links and sessions differ between their two audiences, staff and donors.

`auth.links` and `auth.sessions` implement the rules and take one of these policies; `auth.staff` and `auth.donors`
have what only one audience needs.
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
    """Who links and sessions are for, which tables store them, and for how long.

    `admitted`: a condition on `person`; a person who no longer meets it is signed out at once. `hides_barred`: a link
    of such a person is reported as unknown, instead of as one that no longer works. `has_passkey`: a condition on
    `person`, read along with a session.

    A session ends `idle` after its last request or `longest` after it began, whichever is earlier. Expired rows of
    both tables are kept for `kept`, so that their history can be shown.
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
    """A kind of one-time link. Its address is the site's, `path` and the secret.

    A link works for `lifetime`, and only if `matches`, a condition on its row, is true.
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
    # The record of where someone was signed in and that a link was created; the audit log keeps it longer.
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
    # Short, since the computer may be shared.
    idle=timedelta(minutes=30),
    longest=timedelta(hours=2),
    kept=timedelta(days=1),
)

StaffLinkKind = LinkKind[StaffMember, StaffLink, StaffSession]
DonorLinkKind = LinkKind[Donor, DonorLink, DonorSession]

STAFF_LINK: StaffLinkKind = LinkKind(STAFF, "/staff/sign-in/link/", timedelta(hours=24), true())
"""A sign-in link that an admin or the command line creates and passes on."""
STAFF_LINK_BY_EMAIL: StaffLinkKind = replace(STAFF_LINK, lifetime=timedelta(minutes=15))
"""A sign-in link requested on the sign-in page."""

DONOR_LINKS: dict[DonorLinkPurpose, DonorLinkKind] = {
    purpose: LinkKind(DONORS, path, lifetime, DonorLink.purpose == purpose.value)
    for purpose, path, lifetime in (
        (DonorLinkPurpose.open, "/me/link/", timedelta(minutes=15)),
        (DonorLinkPurpose.address, "/me/address/", timedelta(hours=1)),
    )
}
"""`open` opens the donor page; `address` confirms the email address that it was sent to."""
