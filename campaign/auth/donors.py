"""Links and sessions of donors: link purposes, merged donors, and the form token."""

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
    """A signed-in donor: their canonical donor record, and the secret of this browser's session."""

    donor: Donor
    secret: str


def make_donor_link(
    session: Session, donor: Donor, purpose: DonorLinkPurpose, email: str, at: datetime
) -> str:
    """Create a link for `donor`; returns its path on the site. `email` is the address that it confirms, else ''."""
    row = DonorLink(donor_id=donor.id, purpose=purpose.value, email=email)
    return make_link(session, DONOR_LINKS[purpose], row, at)


def begin_donor_session(session: Session, donor: Donor, at: datetime) -> str:
    """Begin a session for `donor`; returns the cookie's secret."""
    return begin_session(session, DONORS, DonorSession(donor_id=donor.id), at)


def find_donor_session(session: Session, secret: str, at: datetime) -> Visitor | None:
    """Return the donor whose session `secret` names, or None; updates when they were last seen.

    The session belongs to the donor whose email was confirmed; if a merge is undone, it opens that donor's page again.
    """
    found = find_session(session, DONORS, secret, at)
    return None if found is None else Visitor(canonical_donor(session, found.person), secret)


def form_token(secret: str, key: str) -> str:
    """Return the CSRF token of a session's forms: derived from its secret with `key`, so other sites cannot know it."""
    return hmac.new(key.encode(), f"own page {secret}".encode(), "sha256").hexdigest()
