"""The browsers in which a donor has opened their page: short, since the computer may be anyone's.

A session is a row; the cookie holds a secret, and the row its digest. It ends after `IDLE` without a request, `LONGEST`
after it began, when the donor says so, and at once when the person is erased.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from campaign.auth.donor_links import KEPT, spend_links
from campaign.core.secrets import digest_of, new_secret
from campaign.donations.canonical_donors import speaking_row
from campaign.models import Donor, DonorSession

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=2)
_NOTED = timedelta(minutes=1)
"""How exactly `seen_at` is kept: a row is not written at every request."""


@dataclass(frozen=True)
class Visitor:
    """Who has the page open: the row that speaks for the person now, and the secret of this browser."""

    donor: Donor
    secret: str


def begin_session(session: Session, donor: Donor, at: datetime) -> str:
    """Open the page of `donor` in a browser; what comes back is its cookie's secret."""
    secret = new_secret()
    session.add(
        DonorSession(
            donor_id=donor.id,
            digest=digest_of(secret),
            created_at=at,
            seen_at=at,
            expires_at=at + LONGEST,
        )
    )
    session.flush()
    return secret


def purge_sessions(session: Session, at: datetime) -> int:
    """Delete those that have been over for a while; how many."""
    over = delete(DonorSession).where(DonorSession.expires_at < at - KEPT)
    return len(session.execute(over.returning(DonorSession.id)).all())


def resume_session(session: Session, secret: str, at: datetime) -> Visitor | None:
    """Whose page `secret` opens, or None; notes that they were here.

    The row is the one whose mailbox was shown: where a merge is undone, it speaks for itself again.
    """
    found = session.execute(
        select(DonorSession, Donor)
        .join(Donor, Donor.id == DonorSession.donor_id)
        .where(
            DonorSession.digest == digest_of(secret),
            DonorSession.ended_at.is_(None),
            DonorSession.expires_at > at,
            DonorSession.seen_at > at - IDLE,
            Donor.erased_at.is_(None),
        )
    ).one_or_none()
    if found is None:
        return None
    here, donor = found
    if at - here.seen_at > _NOTED:
        here.seen_at = at
    return Visitor(speaking_row(session, donor), secret)


def end_session(session: Session, secret: str, at: datetime) -> None:
    """End this one; repeating it changes nothing."""
    session.execute(
        update(DonorSession)
        .where(DonorSession.digest == digest_of(secret), DonorSession.ended_at.is_(None))
        .values(ended_at=at)
    )


def close_page(session: Session, donor: Donor, at: datetime) -> None:
    """Whoever has the page of `donor` open, or a link to it, must ask for a link anew: their address has changed."""
    spend_links(session, donor, at)
    session.execute(
        update(DonorSession)
        .where(DonorSession.donor_id == donor.id, DonorSession.ended_at.is_(None))
        .values(ended_at=at)
    )


def form_token(secret: str, key: str) -> str:
    """What every form of a session carries; made from its secret with `key`, so that no other site knows it."""
    return hmac.new(key.encode(), f"own page {secret}".encode(), "sha256").hexdigest()
