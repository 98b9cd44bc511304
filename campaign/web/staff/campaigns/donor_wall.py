"""Donor wall moderation: review comments, remove and restore entries."""

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from campaign.campaigns.wall_moderation import PAGE, Decision, decide, list_entries
from campaign.core import clock
from campaign.core.errors import NotFound
from campaign.core.input_limits import LARGEST_KEY, read_key
from campaign.models import StaffRole
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.paging import pages

blueprint = staff_blueprint("wall", "/wall")

_DONE = {
    Decision.approve: "Comment approved. The donor wall shows it.",
    Decision.refuse: "The donor wall shows the name without the comment.",
    Decision.hide: "Entry removed from the donor wall.",
    Decision.show: "Entry restored to the donor wall.",
}


@blueprint.get("")
@needs(StaffRole.finance)
def index() -> ResponseReturnValue:
    """List the comments to review, or with `every=1` all entries, newest first."""
    every = request.args.get("every") == "1"
    with installation().sessions() as session:
        lines = list_entries(
            session,
            waiting=not every,
            before=read_key(request.args.get("before", "")),
            at_most=PAGE + 1,
        )
    older = lines[PAGE - 1].entry.donation_id if len(lines) > PAGE else None
    return render_template(
        "staff/wall.html",
        page_title="Donor wall",
        every=every,
        lines=lines[:PAGE],
        page=pages(None, older),
    )


@blueprint.post("/<int:donation_id>")
@needs(StaffRole.finance)
def decided(donation_id: int) -> ResponseReturnValue:
    """Approve or reject a comment, hide or show an entry."""
    try:
        decision = Decision(request.form.get("do", ""))
    except ValueError:
        abort(400)
    if donation_id > LARGEST_KEY:
        abort(404)
    try:
        with installation().sessions.begin() as session:
            comment = request.form.get("comment", "")
            decide(session, donation_id, decision, comment, actor(), clock.now())
        flash(_DONE[decision])
    except NotFound as error:
        flash(str(error))
    every = "1" if request.form.get("every") == "1" else None
    return redirect(url_for("wall.index", every=every), 303)
