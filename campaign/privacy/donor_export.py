"""A donor's own copy of their data: the output of `campaign donor export` without the names of staff."""

from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.models import Donor
from campaign.privacy.personal_data_export import (
    PersonalData,
    collect_personal_data,
    data_subject_of,
)

_OF_STAFF = {
    "actor",
    "staff_id",
    "approved_by",
    "entered_by",
    "recorded_by",
    "requested_by",
    "written_by",
}


def export_personal_data(session: Session, donor: Donor) -> PersonalData:
    """Return the donor's data in JSON-compatible form, and record the export in the audit log."""
    data = collect_personal_data(session, data_subject_of(session, donor))
    subject = audit_log.Subject("donor", str(donor.id))
    audit_log.record(session, audit_log.Actor.donor(donor.id), "donor.exported", subject)
    return {part: [_without_staff(row) for row in rows] for part, rows in data.items()}


def _without_staff(row: PersonalData | str) -> PersonalData | str:
    if isinstance(row, str):
        return row
    return {name: value for name, value in row.items() if name not in _OF_STAFF}
