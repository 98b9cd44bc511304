"""Matching gifts of a campaign: list with totals, add a sponsor, end a matching gift."""

from typing import Any

from flask import flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import StringField

from campaign.campaigns.campaigns import find_campaign
from campaign.campaigns.form_parsing import deadline_text, local_text
from campaign.campaigns.matching_gifts import (
    MatchingGiftFields,
    add_matching_gift,
    end_matching_gift,
)
from campaign.campaigns.progress import MatchingStatus, read_progress
from campaign.core import clock
from campaign.core.errors import FieldsInvalid
from campaign.models import Campaign, StaffRole
from campaign.web.appeal.matching_gifts import offer_text
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.form_errors import put_faults

blueprint = staff_blueprint("matching", "/c/<slug>/matching")


class MatchingForm(FlaskForm):
    """The fields of `MatchingGiftFields`."""

    class Meta:
        csrf = False

    sponsor = StringField()
    pool = StringField()
    ratio = StringField(default="100")
    starts = StringField()
    ends = StringField()


@blueprint.get("")
@needs(StaffRole.viewer)
def index(slug: str) -> ResponseReturnValue:
    """List the matching gifts and what each has matched."""
    with installation().sessions() as session:
        campaign = find_campaign(session, slug)
    form = MatchingForm(formdata=None)
    form.starts.data = local_text(
        max(clock.now().replace(second=0, microsecond=0), campaign.starts_at), campaign.zone
    )
    form.ends.data = deadline_text(campaign.deadline, campaign.zone)
    return _page(campaign, form)


@blueprint.post("")
@needs(StaffRole.admin)
def add(slug: str) -> ResponseReturnValue:
    """Add a sponsor."""
    form = MatchingForm()
    typed: dict[str, Any] = {name: value or "" for name, value in form.data.items()}
    with installation().sessions() as session:
        campaign = find_campaign(session, slug)
        try:
            gift = add_matching_gift(
                session, campaign, MatchingGiftFields(**typed), actor(), clock.now()
            )
            session.commit()
        except FieldsInvalid as error:
            put_faults(form, error.faults)
            return make_response(_page(campaign, form), 422)
    flash(
        f"Added {gift.sponsor}. The public page shows the match during its period, while money remains."
    )
    return redirect(url_for("matching.index", slug=slug), 303)


@blueprint.post("/<int:matching_id>/end")
@needs(StaffRole.admin)
def end(slug: str, matching_id: int) -> ResponseReturnValue:
    """End a matching gift; gifts from now on are not matched."""
    with installation().sessions.begin() as session:
        gift = end_matching_gift(session, find_campaign(session, slug), matching_id, actor())
    flash(f"Ended the matching gift of {gift.sponsor}. Earlier gifts stay matched.")
    return redirect(url_for("matching.index", slug=slug), 303)


def _page(campaign: Campaign, form: MatchingForm) -> str:
    at = clock.now()
    with installation().sessions() as session:
        progress = read_progress(session, campaign, at)
    return render_template(
        "staff/campaigns/matching.html",
        page_title="Matching gifts",
        campaign=campaign,
        rows=[(one, offer_text(campaign, one), _state(one, campaign)) for one in progress.matching],
        matched=progress.matched,
        form=form,
        closed=campaign.deadline <= at,
    )


def _state(one: MatchingStatus, campaign: Campaign) -> str:
    at = clock.now()
    if at < one.gift.starts_at and one.gift.ended_at is None:
        return "upcoming"
    if at >= min(one.until, campaign.deadline):
        return "ended"
    return "open" if one.remaining else "used up"
