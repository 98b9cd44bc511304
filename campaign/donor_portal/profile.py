"""Changes that donors make to their own details: name, mailing address, language and email address.

The audit log has the previous values, masked as always (see docs/decisions/012).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.auth.links import CheckedLink, LinkState, use_link
from campaign.auth.policies import DONOR_LINKS
from campaign.donations.canonical_donors import canonical_donor, donor_records
from campaign.donor_portal.emails import PortalNote, queue_note
from campaign.donors.corrections import Correction, correct_donor
from campaign.models import Donation, Donor, DonorLink, DonorLinkPurpose, Subscriber

_WITHOUT_SYNC = {"synchronize_session": False}


@dataclass(frozen=True)
class DonorDetails:
    """Details changed together: `address` is the mailing address with newlines, `locale` a language tag."""

    name: str
    address: str
    locale: str


def change_details(session: Session, donor: Donor, wanted: DonorDetails) -> None:
    """Save the details. Emails and pages use the new language from now on. Raises DonorInvalid."""
    actor = audit_log.Actor.donor(donor.id)
    correct_donor(session, donor.id, Correction(wanted.name, donor.email, wanted.address), actor)
    if wanted.locale != donor.locale:
        _change_language(session, donor, wanted.locale, actor)


def _change_language(session: Session, donor: Donor, locale: str, actor: audit_log.Actor) -> None:
    rows = donor_records(session, donor)
    ids = [row.id for row in rows]
    addresses = [row.email.lower() for row in rows if row.email]
    before = donor.locale
    for table, mine in (
        (Donor, Donor.id.in_(ids)),
        # Emails about a monthly gift use the language of its first donation.
        (Donation, Donation.donor_id.in_(ids)),
        (Subscriber, func.lower(Subscriber.email).in_(addresses)),
    ):
        session.execute(
            update(table).where(mine).values(locale=locale).execution_options(**_WITHOUT_SYNC)
        )
    session.refresh(donor)
    audit_log.record(
        session,
        actor,
        "donor.changed_language",
        audit_log.Subject("donor", str(donor.id)),
        before={"language": before},
        after={"language": locale},
    )


def confirm_address(
    session: Session, secret: str, mail_domain: str, at: datetime
) -> CheckedLink[Donor, DonorLink]:
    """Use the link and change the donor's address to the one it was sent to.

    Notifies the former address and closes open sessions. Returns the link and the canonical donor with the new
    address. Raises DonorKnown if another donor has the address, DonorInvalid if the record can no longer be corrected.
    """
    used = use_link(session, DONOR_LINKS[DonorLinkPurpose.address], secret, at)
    if used.link is None or used.person is None:
        return used
    donor = canonical_donor(session, used.person)
    former = donor.email
    wanted = Correction(donor.name, used.link.email, donor.address)
    correct_donor(session, donor.id, wanted, audit_log.Actor.donor(donor.id))
    if former.lower() != donor.email.lower():
        queue_note(session, donor, PortalNote.address_changed, former, mail_domain, at)
    return CheckedLink(LinkState.good, used.link, donor)
