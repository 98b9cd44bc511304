"""All that is held about a donor, for themselves: what `campaign donor export` prints, without names of staff."""

from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.models import Donor
from campaign.privacy.personal_data_export import (
    PersonalData,
    collect_personal_data,
    data_subject_of,
)

_OF_STAFF = {"actor", "staff_id", "written_by", "requested_by", "entered_by"}


def export_personal_data(session: Session, donor: Donor) -> PersonalData:
    """As JSON can hold it; the taking stands in the audit log."""
    held = collect_personal_data(session, data_subject_of(session, donor))
    subject = audit_log.Subject("donor", str(donor.id))
    audit_log.record(session, audit_log.Actor.donor(donor.id), "donor.exported", subject)
    return {part: [_without_staff(row) for row in rows] for part, rows in held.items()}


def _without_staff(row: PersonalData | str) -> PersonalData | str:
    if isinstance(row, str):
        return row
    return {name: value for name, value in row.items() if name not in _OF_STAFF}
