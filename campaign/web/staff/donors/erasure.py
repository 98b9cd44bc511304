"""Erasing a donor's data: an admin confirms, then a worker does it."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from campaign.core import clock
from campaign.core.errors import ErasureRefused
from campaign.donations.canonical_donors import canonical_donor, find_donor
from campaign.models import StaffRole
from campaign.privacy.erasure_guard import require_erasable
from campaign.privacy.erasure_requests import approve_erasure, open_request
from campaign.privacy.personal_data_export import data_subject_of
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint

blueprint = staff_blueprint("donor_erasure", "/donors/<int:donor_id>/erase")


@blueprint.get("")
@needs(StaffRole.admin)
def ask(donor_id: int) -> ResponseReturnValue:
    """Show what will be erased and what is kept."""
    return _page(donor_id)


def _page(donor_id: int, fault: str = "") -> str:
    with installation().sessions() as session:
        donor = canonical_donor(session, find_donor(session, donor_id))
        return render_template(
            "staff/donors/erase.html",
            page_title="Erase this donor’s data",
            donor=donor,
            whose=data_subject_of(session, donor),
            asked=open_request(session, donor),
            fault=fault,
        )


@blueprint.post("")
@needs(StaffRole.admin)
def agree(donor_id: int) -> ResponseReturnValue:
    """Approve the erasure. Submitting twice approves it once."""
    at = clock.now()
    try:
        with installation().sessions.begin() as session:
            donor = canonical_donor(session, find_donor(session, donor_id))
            require_erasable(session, data_subject_of(session, donor), at)
            approve_erasure(session, donor, actor(), at)
    except ErasureRefused as error:
        return _page(donor_id, str(error)), 422
    flash("The data will be erased within minutes. The activity log records the erasure.")
    return redirect(url_for("donors.person", donor_id=donor_id), 303)
