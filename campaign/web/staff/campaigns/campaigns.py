"""Campaigns: list, create, and one page for each with what staff can do."""

from typing import Any

from flask import flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import BooleanField, StringField, TextAreaField

from campaign.campaigns.campaigns import find_campaign
from campaign.campaigns.creation import CampaignDraft, create
from campaign.campaigns.extensions import public_extensions
from campaign.campaigns.progress import Progress, read_progress
from campaign.core import clock
from campaign.core.errors import FieldsInvalid
from campaign.models import Campaign, CampaignState, StaffRole
from campaign.web.appeal.deadline_changes import present_extensions
from campaign.web.appeal.formatting import ending, present_countdown, present_progress
from campaign.web.appeal.matching_gifts import present_sponsors
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.form_errors import put_faults

blueprint = staff_blueprint("campaigns")


class NewCampaignForm(FlaskForm):
    """The fields of a new campaign. All but slug, currency and time zone can be changed later."""

    class Meta:
        csrf = False

    title = StringField()
    slug = StringField()
    goal = StringField()
    stretch_goal = StringField()
    starts = StringField()
    deadline = StringField()
    timezone = StringField()
    currency = StringField(default="usd")
    suggested = StringField()
    smallest = StringField()
    designation = StringField(default="General")
    ask_past_donors = BooleanField()
    appeal = TextAreaField()


@blueprint.get("/campaigns")
@needs(StaffRole.viewer)
def index() -> ResponseReturnValue:
    """List all campaigns, latest deadline first."""
    at = clock.now()
    with installation().sessions() as session:
        every = session.scalars(
            select(Campaign).order_by(Campaign.deadline.desc(), Campaign.id.desc())
        ).all()
        rows = [read_progress(session, campaign, at) for campaign in every]
    return render_template("staff/campaigns/index.html", page_title="Campaigns", rows=rows)


@blueprint.route("/campaigns/new", methods=["GET", "POST"])
@needs(StaffRole.admin)
def new() -> ResponseReturnValue:
    """Create a campaign."""
    form = NewCampaignForm()
    if not form.is_submitted():
        form.timezone.data = installation().settings.organization.timezone
        return _new_page(form)
    try:
        with installation().sessions.begin() as session:
            campaign = create(session, CampaignDraft(**_typed(form)), actor(), clock.now())
    except FieldsInvalid as error:
        put_faults(form, error.faults)
        return make_response(_new_page(form), 422)
    flash(f"Created “{campaign.title}”. Check its text and its email schedule before it opens.")
    return redirect(url_for("campaigns.show", slug=campaign.slug), 303)


def _typed(form: FlaskForm) -> dict[str, Any]:
    return {name: "" if value is None else value for name, value in form.data.items()}


def _new_page(form: NewCampaignForm) -> str:
    return render_template("staff/campaigns/new.html", page_title="New campaign", form=form)


@blueprint.get("/c/<slug>")
@needs(StaffRole.viewer)
def show(slug: str) -> ResponseReturnValue:
    """Show one campaign: status, deadline changes, and links to its pages."""
    with installation().sessions() as session:
        campaign = find_campaign(session, slug)
        progress = read_progress(session, campaign, clock.now())
        moved = present_extensions(campaign, public_extensions(session, campaign))
    return render_template(
        "staff/campaigns/show.html",
        page_title=campaign.title,
        campaign=campaign,
        progress=progress,
        shown=present_progress(progress, to_staff=True),
        countdown=present_countdown(progress),
        ending=ending(campaign),
        moved=moved,
        sponsors=present_sponsors(progress),
        possible=_possible(progress),
    )


def _possible(progress: Progress) -> set[str]:
    """Return the status changes that an admin can make now."""
    campaign, state = progress.campaign, progress.state
    if state == CampaignState.upcoming:
        return {"open", "extend"}
    if state == CampaignState.open:
        return {"extend", "close", "resume" if campaign.paused_at else "pause"}
    if campaign.is_final(progress.as_of):
        return set() if campaign.finalized_at else {"finalize"}
    return {"extend"}
