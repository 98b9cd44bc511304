"""One-time sign-in links: made, looked at, used once. Commands and the staff's views call this.

A link's secret has 256 random bits, so a plain digest of it is as good as the secret is for whoever reads the table.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.core.errors import LinkSpent
from campaign.core.secrets import digest_of, new_secret
from campaign.models import StaffLink, StaffMember

BY_COMMAND = timedelta(hours=24)
"""For a link that an admin or the command line makes and passes on."""
BY_MAIL = timedelta(minutes=15)
"""For a link that someone asks for at the sign-in page."""


@dataclass(frozen=True)
class MadeLink:
    """A new link: the only place where its secret stands."""

    secret: str
    expires_at: datetime

    @property
    def path(self) -> str:
        """Its address below the site's."""
        return f"/staff/sign-in/link/{self.secret}"


def make_link(
    session: Session, member: StaffMember, made_by: str, at: datetime, lifetime: timedelta
) -> MadeLink:
    """A link that signs `member` in, once, until `at` + `lifetime`."""
    made = MadeLink(new_secret(), at + lifetime)
    link = StaffLink(
        staff_id=member.id,
        digest=digest_of(made.secret),
        made_by=made_by,
        created_at=at,
        expires_at=made.expires_at,
    )
    session.add(link)
    session.flush()
    return made


def look_at_link(session: Session, secret: str, at: datetime) -> StaffMember:
    """Whom the link would sign in; it stays unused. Raises LinkSpent."""
    found = session.execute(
        select(StaffLink, StaffMember)
        .join(StaffMember, StaffMember.id == StaffLink.staff_id)
        .where(StaffLink.digest == digest_of(secret))
    ).one_or_none()
    if found is None:
        raise LinkSpent("This sign-in link is not known here; it may be incomplete.")
    link, member = found
    if link.used_at is not None:
        raise LinkSpent("This sign-in link was used before, and works only once.")
    if link.expires_at <= at:
        raise LinkSpent("This sign-in link has expired.")
    if not member.active:
        raise LinkSpent("This sign-in link no longer opens anything.")
    return member


def use_link(session: Session, secret: str, at: datetime) -> StaffMember:
    """Whom the link signs in; of two uses at once one gets in. Raises LinkSpent."""
    member = look_at_link(session, secret, at)
    taken = session.scalar(
        update(StaffLink)
        .where(StaffLink.digest == digest_of(secret), StaffLink.used_at.is_(None))
        .values(used_at=at)
        .returning(StaffLink.id)
    )
    if taken is None:
        raise LinkSpent("This sign-in link was used before, and works only once.")
    return member


def spend_links(session: Session, member: StaffMember, at: datetime) -> None:
    """Let no link open for `member` any longer."""
    session.execute(
        update(StaffLink)
        .where(StaffLink.staff_id == member.id, StaffLink.used_at.is_(None))
        .values(used_at=at)
    )
