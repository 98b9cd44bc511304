"""What links and sessions of donors have beyond those of staff: purposes, merged donors, and the token of forms."""

import hmac
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from campaign.auth.links import make_link
from campaign.auth.policies import DONOR_LINKS, DONORS
from campaign.auth.sessions import begin_session, find_session
from campaign.donations.canonical_donors import canonical_donor
from campaign.models import Donor, DonorLink, DonorLinkPurpose, DonorSession


@dataclass(frozen=True)
class Visitor:
    """Who has the page open: the row that speaks for the person now, and the secret of this browser."""

    donor: Donor
    secret: str


def make_donor_link(
    session: Session, donor: Donor, purpose: DonorLinkPurpose, email: str, at: datetime
) -> str:
    """A link of `donor`; its path below the site's address. `email` is the address that it confirms, else ''."""
    row = DonorLink(donor_id=donor.id, purpose=purpose.value, email=email)
    return make_link(session, DONOR_LINKS[purpose], row, at)


def begin_donor_session(session: Session, donor: Donor, at: datetime) -> str:
    """Open the page of `donor` in a browser; returns the cookie's secret."""
    return begin_session(session, DONORS, DonorSession(donor_id=donor.id), at)


def find_donor_session(session: Session, secret: str, at: datetime) -> Visitor | None:
    """Whose page `secret` opens, or None; notes that they were here.

    The session is of the row whose mailbox was shown: where a merge is undone, that speaks for itself again.
    """
    found = find_session(session, DONORS, secret, at)
    return None if found is None else Visitor(canonical_donor(session, found.person), secret)


def form_token(secret: str, key: str) -> str:
    """What every form of a session carries; made from its secret with `key`, so that no other site knows it."""
    return hmac.new(key.encode(), f"own page {secret}".encode(), "sha256").hexdigest()
