"""A donor's preferences on the donor page: campaign emails and the donor wall."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.campaigns.donor_wall import remove_wall_entry
from campaign.donations.canonical_donors import donor_records
from campaign.mailer.suppressions import suppress
from campaign.models import Donation, Donor, Subscriber, Suppression, SuppressionReason

SOURCE = "own page"


class AppealPreference(StrEnum):
    """Whether campaign emails go to a donor's address; `impossible` after a bounce or a spam complaint."""

    wanted = "wanted"
    unwanted = "unwanted"
    impossible = "impossible"


def appeal_preference(session: Session, donor: Donor) -> AppealPreference:
    """Return the preference for the donor's current address."""
    email = donor.email.lower()
    reasons = set(
        session.scalars(
            select(Suppression.reason).where(
                Suppression.email == email, Suppression.campaign_id.is_(None)
            )
        )
    )
    if not email or reasons - {SuppressionReason.unsubscribed.value}:
        return AppealPreference.impossible
    agreed = session.scalar(select(exists().where(func.lower(Subscriber.email) == email)))
    return AppealPreference.wanted if agreed and not reasons else AppealPreference.unwanted


def subscribe_donor(session: Session, donor: Donor, wording: str, at: datetime) -> None:
    """Record the consent given to `wording` and lift the donor's own unsubscribe; bounces and complaints remain."""
    email = donor.email.lower()
    if not email or appeal_preference(session, donor) is not AppealPreference.unwanted:
        return
    agreed = {
        "consent_source": SOURCE,
        "consent_wording": wording,
        "consent_at": at,
        "locale": donor.locale,
    }
    session.execute(
        insert(Subscriber)
        .values(email=donor.email, name=donor.name, **agreed)
        .on_conflict_do_update(index_elements=[func.lower(Subscriber.email)], set_=agreed)
    )
    session.execute(
        delete(Suppression)
        .where(
            Suppression.email == email,
            Suppression.reason == SuppressionReason.unsubscribed.value,
        )
        .execution_options(synchronize_session=False)
    )
    _record(session, donor, "donor.subscribed")


def unsubscribe_donor(session: Session, donor: Donor) -> None:
    """Stop campaign emails to every address of the donor."""
    addresses = {row.email for row in donor_records(session, donor)} - {""}
    new = [suppress(session, one, SuppressionReason.unsubscribed) for one in sorted(addresses)]
    if any(new):
        _record(session, donor, "donor.unsubscribed")


def leave_wall(session: Session, donor: Donor, gift: Donation) -> None:
    """Remove the donor's name for this gift from the donor wall; repeating it changes nothing."""
    if remove_wall_entry(session, gift):
        _record(session, donor, "donor.left_wall")


def _record(session: Session, donor: Donor, action: str) -> None:
    subject = audit_log.Subject("donor", str(donor.id))
    audit_log.record(session, audit_log.Actor.donor(donor.id), action, subject)
