"""One-time links for staff and donors: make, check without using, use once, revoke, purge.

Only a digest of the secret is stored. The secret has 256 random bits, so nobody can guess it from a plain digest.
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
    """The state of a link; `closed`: its owner may no longer sign in."""

    good = "good"
    used = "used"
    expired = "expired"
    closed = "closed"
    unknown = "unknown"


@dataclass(frozen=True)
class CheckedLink(Generic[Person, LinkRow]):
    """The result of checking or using a link. `link` and `person` (its owner) are set only if `state` is good."""

    state: LinkState
    link: LinkRow | None = None
    person: Person | None = None


def make_link(
    session: Session, kind: LinkKind[Person, LinkRow, SessionRow], row: LinkRow, at: datetime
) -> str:
    """Save `row`, which names its owner, as a new link.

    Returns its path on the site, the only place that contains the secret.
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
    """Return the state of the link without using it."""
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
    """Use the link. Of two uses at the same time, one gets `good` and the other `used`."""
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
    """Revoke all unused links of `person`."""
    session.execute(
        update(audience.links)
        .where(audience.link_owner == person.id, audience.links.used_at.is_(None))
        .values(used_at=at)
    )


def purge_links(
    session: Session, audience: Audience[Person, LinkRow, SessionRow], at: datetime
) -> int:
    """Delete links that expired more than `audience.kept` ago; returns how many."""
    over = delete(audience.links).where(audience.links.expires_at < at - audience.kept)
    return len(session.execute(over.returning(audience.links.id)).all())
