"""One-time links: made, checked without being used, used once, revoked, purged. For staff and donors alike.

A link's secret has 256 random bits, so a plain digest of it is as good as the secret is for whoever reads the table.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from campaign.auth.policies import Audience, LinkKind, LinkRow, Person, SessionRow
from campaign.core.secrets import digest_of, new_secret


class LinkState(StrEnum):
    """What a link would do; `closed`: its person may no longer enter."""

    good = "good"
    used = "used"
    expired = "expired"
    closed = "closed"
    unknown = "unknown"


@dataclass(frozen=True)
class CheckedLink(Generic[Person, LinkRow]):
    """A link that was checked or used: its row, and whose it is, are there only where it is good."""

    state: LinkState
    link: LinkRow | None = None
    person: Person | None = None


def make_link(
    session: Session, kind: LinkKind[Person, LinkRow, SessionRow], row: LinkRow, at: datetime
) -> str:
    """Save `row`, which says whose it is, as a new link.

    Returns its path below the site's address, which is the only place where its secret stands.
    """
    secret = new_secret()
    row.digest = digest_of(secret)
    row.created_at = at
    row.expires_at = at + kind.lifetime
    session.add(row)
    session.flush()
    return kind.path + secret


def check_link(
    session: Session, kind: LinkKind[Person, LinkRow, SessionRow], secret: str, at: datetime
) -> CheckedLink[Person, LinkRow]:
    """What the link would do; it stays unused."""
    audience = kind.audience
    found = session.execute(
        select(audience.links, audience.person, audience.admitted)
        .join(audience.person, audience.person.id == audience.link_owner)
        .where(audience.links.digest == digest_of(secret), kind.matches)
    ).one_or_none()
    if found is None:
        return CheckedLink(LinkState.unknown)
    link, person, admitted = found
    if not admitted and audience.hides_barred:
        return CheckedLink(LinkState.unknown)
    if link.used_at is not None:
        return CheckedLink(LinkState.used)
    if link.expires_at <= at:
        return CheckedLink(LinkState.expired)
    return CheckedLink(LinkState.good, link, person) if admitted else CheckedLink(LinkState.closed)


def use_link(
    session: Session, kind: LinkKind[Person, LinkRow, SessionRow], secret: str, at: datetime
) -> CheckedLink[Person, LinkRow]:
    """Use it up; of two uses at once one finds it good."""
    checked = check_link(session, kind, secret, at)
    if checked.state is not LinkState.good:
        return checked
    links = kind.audience.links
    taken = session.scalar(
        update(links)
        .where(links.digest == digest_of(secret), links.used_at.is_(None))
        .values(used_at=at)
        .returning(links.id)
    )
    return checked if taken is not None else CheckedLink(LinkState.used)


def revoke_links(
    session: Session,
    audience: Audience[Person, LinkRow, SessionRow],
    person: Person,
    at: datetime,
) -> None:
    """Let no link of `person` open anything any longer."""
    session.execute(
        update(audience.links)
        .where(audience.link_owner == person.id, audience.links.used_at.is_(None))
        .values(used_at=at)
    )


def purge_links(
    session: Session, audience: Audience[Person, LinkRow, SessionRow], at: datetime
) -> int:
    """Delete those that expired long enough ago; returns how many."""
    over = delete(audience.links).where(audience.links.expires_at < at - audience.kept)
    return len(session.execute(over.returning(audience.links.id)).all())
