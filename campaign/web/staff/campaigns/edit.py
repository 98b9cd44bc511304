"""Edit a campaign's title, appeal and amounts, with a preview of the public page."""

from dataclasses import asdict
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, HiddenField, StringField, TextAreaField

from campaign.campaigns.campaigns import find_campaign
from campaign.campaigns.edit import CampaignFields, edit_campaign, fields_of, version
from campaign.campaigns.form_parsing import clean_markdown
from campaign.core import clock
from campaign.core.errors import ChangedMeanwhile, FieldsInvalid
from campaign.models import AuditEntry, Campaign, CampaignState, StaffRole
from campaign.web.appeal.page import appeal_html
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.form_errors import put_faults

LARGEST = 1_000_000
"""Maximum bytes of the form: enough for an appeal of LONGEST_APPEAL characters as a browser encodes it."""

blueprint = staff_blueprint("campaign_text", "/c/<slug>/edit", largest=LARGEST)

LABELS = {
    "title": "Title",
    "appeal": "Appeal text",
    "suggested": "Suggested amounts",
    "smallest": "Minimum amount",
    "goal": "Goal",
    "stretch_goal": "Stretch goal",
    "designation": "Designation",
    "starts": "Start",
    "ask_past_donors": "Also email past donors",
}


class TextForm(FlaskForm):
    """The fields of `CampaignFields`, and the `version` that the form showed."""

    class Meta:
        csrf = False

    title = StringField()
    appeal = TextAreaField()
    suggested = StringField()
    smallest = StringField()
    goal = StringField()
    stretch_goal = StringField()
    designation = StringField()
    starts = StringField()
    ask_past_donors = BooleanField()
    version = HiddenField()


@blueprint.route("", methods=["GET", "POST"])
@needs(StaffRole.admin)
def edit(slug: str) -> ResponseReturnValue:
    """Show the form, preview the changes, or save them."""
    form = TextForm()
    with installation().sessions() as session:
        campaign = find_campaign(session, slug)
        if not form.is_submitted():
            form = TextForm(formdata=None, data=asdict(fields_of(campaign)))
            form.version.data = version(campaign)
            return _page(campaign, form)
        try:
            if request.form.get("do") == "preview":
                shown = appeal_html(clean_markdown(form.appeal.data or ""))
                return _page(campaign, form, preview=shown)
            changed = edit_campaign(
                session, campaign, _typed(form), form.version.data or "", actor(), clock.now()
            )
            session.commit()
        except FieldsInvalid as error:
            put_faults(form, error.faults)
            return make_response(_page(campaign, form), 422)
        except ChangedMeanwhile as error:
            form.version.raw_data = [version(campaign)]
            form.version.data = version(campaign)
            page = _page(campaign, form, theirs=error.present, by=_last_editor(session, campaign))
            return make_response(page, 409)
    saved = ", ".join(LABELS[name].lower() for name in changed)
    flash(f"Saved: {saved}. The public page now shows it." if changed else "Nothing changed.")
    return redirect(url_for("campaigns.show", slug=slug), 303)


def _typed(form: TextForm) -> CampaignFields:
    typed: dict[str, Any] = {
        name: value or "" for name, value in form.data.items() if name in LABELS
    }
    typed["ask_past_donors"] = bool(form.ask_past_donors.data)
    return CampaignFields(**typed)


def _last_editor(session: Session, campaign: Campaign) -> AuditEntry | None:
    return session.scalar(
        select(AuditEntry)
        .where(AuditEntry.campaign_id == campaign.id, AuditEntry.action == "campaign.edited")
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )


def _page(
    campaign: Campaign,
    form: TextForm,
    *,
    preview: Markup | None = None,
    theirs: dict[str, str] | None = None,
    by: AuditEntry | None = None,
) -> str:
    return render_template(
        "staff/campaigns/edit.html",
        page_title="Edit text and amounts",
        campaign=campaign,
        form=form,
        preview=preview,
        theirs=theirs or {},
        by=by,
        labels=LABELS,
        upcoming=campaign.state(clock.now()) == CampaignState.upcoming,
    )
