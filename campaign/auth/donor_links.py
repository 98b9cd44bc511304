"""One-time links to a donor's own page: made when their letter is written, looked at, used once.

A link's secret has 256 random bits, so a plain digest of it is as good as the secret is for whoever reads the table.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from campaign.core.secrets import digest_of, new_secret
from campaign.models import Donor, DonorLink, DonorLinkPurpose

LIFETIMES = {
    DonorLinkPurpose.open: timedelta(minutes=15),
    DonorLinkPurpose.address: timedelta(hours=1),
}
PATHS = {DonorLinkPurpose.open: "/me/link/", DonorLinkPurpose.address: "/me/address/"}
KEPT = timedelta(days=1)
"""How long it stays known that a link was used or has expired, so that its page can say which."""


class LinkState(StrEnum):
    """What a link would do."""

    good = "good"
    used = "used"
    expired = "expired"
    unknown = "unknown"


@dataclass(frozen=True)
class Looked:
    """A link that was looked at or used: `donor` and `email` (see `DonorLink`) are there where it is good."""

    state: LinkState
    donor: Donor | None = None
    email: str = ""


def make_link(
    session: Session, donor: Donor, purpose: DonorLinkPurpose, email: str, at: datetime
) -> str:
    """A link of `donor`; its path below the site's address, which is the only place where its secret stands."""
    secret = new_secret()
    session.add(
        DonorLink(
            donor_id=donor.id,
            purpose=purpose.value,
            digest=digest_of(secret),
            email=email,
            created_at=at,
            expires_at=at + LIFETIMES[purpose],
        )
    )
    session.flush()
    return PATHS[purpose] + secret


def look_at_link(session: Session, secret: str, purpose: DonorLinkPurpose, at: datetime) -> Looked:
    """What the link would do; it stays unused."""
    found = session.execute(
        select(DonorLink, Donor)
        .join(Donor, Donor.id == DonorLink.donor_id)
        .where(DonorLink.digest == digest_of(secret), DonorLink.purpose == purpose.value)
    ).one_or_none()
    if found is None or found[1].erased_at is not None:
        return Looked(LinkState.unknown)
    link, donor = found
    if link.used_at is not None:
        return Looked(LinkState.used)
    if link.expires_at <= at:
        return Looked(LinkState.expired)
    return Looked(LinkState.good, donor, link.email)


def use_link(session: Session, secret: str, purpose: DonorLinkPurpose, at: datetime) -> Looked:
    """Use it up; of two uses at once one finds it good."""
    looked = look_at_link(session, secret, purpose, at)
    if looked.state is not LinkState.good:
        return looked
    taken = session.scalar(
        update(DonorLink)
        .where(DonorLink.digest == digest_of(secret), DonorLink.used_at.is_(None))
        .values(used_at=at)
        .returning(DonorLink.id)
    )
    return looked if taken is not None else Looked(LinkState.used)


def spend_links(session: Session, donor: Donor, at: datetime) -> None:
    """Let no link of `donor` open anything any longer."""
    session.execute(
        update(DonorLink)
        .where(DonorLink.donor_id == donor.id, DonorLink.used_at.is_(None))
        .values(used_at=at)
    )


def purge_links(session: Session, at: datetime) -> int:
    """Delete those that have been over for a while; how many."""
    over = delete(DonorLink).where(DonorLink.expires_at < at - KEPT)
    return len(session.execute(over.returning(DonorLink.id)).all())
