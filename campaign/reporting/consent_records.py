"""Consents as staff see them: what each says, and the gifts whose donor checked the box."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.audit.activity import LoggedAction, read_activity
from campaign.donations.consents import SOURCE as DONATION_FORM
from campaign.donor_portal.preferences import SOURCE as DONOR_PAGE
from campaign.models import Donation, Donor, Subscriber

_SOURCE_NAMES = {DONATION_FORM: "donation form", DONOR_PAGE: "donor page"}


@dataclass(frozen=True)
class CheckedBox:
    """A gift whose donor checked the box for campaign emails, with the label they saw."""

    public_id: str
    created_at: datetime
    wording: str
    state: str


@dataclass(frozen=True)
class ConsentRecord:
    """The consent of one address. `evidence` are the gifts with the box checked, `log` what staff did, newest first."""

    subscriber: Subscriber
    evidence: Sequence[CheckedBox]
    log: Sequence[LoggedAction]

    @property
    def source(self) -> str:
        """Return where they agreed, as staff call it."""
        return _SOURCE_NAMES.get(self.subscriber.consent_source, self.subscriber.consent_source)


def read_consents(session: Session, addresses: Sequence[str]) -> list[ConsentRecord]:
    """Return the consents of these addresses, oldest first."""
    found = session.scalars(
        select(Subscriber)
        .where(func.lower(Subscriber.email).in_([one.lower() for one in addresses]))
        .order_by(Subscriber.id)
    )
    return [
        ConsentRecord(
            one,
            _checked(session, one.email),
            read_activity(session, "subscriber", [str(one.id)]),
        )
        for one in found.all()
    ]


def _checked(session: Session, email: str) -> Sequence[CheckedBox]:
    rows = session.execute(
        select(Donation.public_id, Donation.created_at, Donation.consent_wording, Donation.state)
        .join(Donor, Donor.id == Donation.donor_id)
        .where(
            Donor.email != "",
            func.lower(Donor.email) == email.lower(),
            Donation.consent_wording != "",
        )
        .order_by(Donation.created_at.desc(), Donation.id.desc())
    )
    return [CheckedBox(*row) for row in rows]
