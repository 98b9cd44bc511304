"""The books: where the accountant begins."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from campaign.models import StaffRole
from campaign.services.bookkeeping.comparisons import recent_runs
from campaign.views.context import installation
from campaign.views.staff.access import needs, staff_blueprint

blueprint: Blueprint = staff_blueprint("books", "/books")


@blueprint.get("")
@needs(StaffRole.finance)
def index() -> ResponseReturnValue:
    """What there is."""
    with installation().sessions() as session:
        runs = recent_runs(session)
    return render_template(
        "staff/books/index.html", page_title="Books", latest=runs[0] if runs else None
    )
