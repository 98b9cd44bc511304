"""What a donor wishes: letters about campaigns, agreed to or ended on their own page; the donor wall, left there."""

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
    """Whether appeals go to a donor's address: they do; they don't; they cannot, since it failed or complained."""

    wanted = "wanted"
    unwanted = "unwanted"
    impossible = "impossible"


def appeal_preference(session: Session, donor: Donor) -> AppealPreference:
    """How it stands for the address that the donor has now."""
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
    """They agreed, beside the words `wording`. What they had ended themselves is lifted; a bounce is not."""
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
    """No more appeals to any address of the person."""
    addresses = {row.email for row in donor_records(session, donor)} - {""}
    new = [suppress(session, one, SuppressionReason.unsubscribed) for one in sorted(addresses)]
    if any(new):
        _record(session, donor, "donor.unsubscribed")


def leave_wall(session: Session, donor: Donor, gift: Donation) -> None:
    """Their name stands on the donor wall no longer for this gift of theirs; repeating it changes nothing."""
    if remove_wall_entry(session, gift):
        _record(session, donor, "donor.left_wall")


def _record(session: Session, donor: Donor, action: str) -> None:
    subject = audit_log.Subject("donor", str(donor.id))
    audit_log.record(session, audit_log.Actor.donor(donor.id), action, subject)
