"""Card testing: what is going on, and the switch that makes every attempt to give cost something."""

from datetime import timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from campaign.card_testing import siege
from campaign.core import clock
from campaign.core.errors import StaffRefused
from campaign.models import StaffRole
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint

blueprint = staff_blueprint("card_testing", "/card-testing")


@blueprint.get("")
@needs(StaffRole.finance)
def page() -> ResponseReturnValue:
    """Show the figures of the last ten minutes, hour and day, whether a siege is open, and earlier ones."""
    at = clock.now()
    with installation().sessions() as database:
        spans = [
            (name, siege.read_figures(database, at - span))
            for name, span in (
                ("Last 10 minutes", timedelta(minutes=10)),
                ("Last hour", timedelta(hours=1)),
                ("Last 24 hours", timedelta(days=1)),
            )
        ]
        return render_template(
            "staff/card_testing.html",
            page_title="Card testing",
            spans=spans,
            siege=siege.find_siege(database),
            sieges=siege.list_sieges(database),
        )


@blueprint.post("/start")
@needs(StaffRole.finance)
def start() -> ResponseReturnValue:
    """Begin a siege for everyone's attempts."""
    try:
        with installation().sessions.begin() as database:
            reason = request.form.get("reason", "")
            siege.begin_siege(database, reason, actor(), clock.now())
        flash("The protection is on.")
    except StaffRefused as error:
        flash(str(error))
    return redirect(url_for("card_testing.page"), 303)


@blueprint.post("/end")
@needs(StaffRole.finance)
def end() -> ResponseReturnValue:
    """End the siege."""
    try:
        with installation().sessions.begin() as database:
            siege.end_siege(database, actor(), clock.now())
        flash("The protection is off.")
    except StaffRefused as error:
        flash(str(error))
    return redirect(url_for("card_testing.page"), 303)
