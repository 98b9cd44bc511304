"""The email schedule of a campaign: when each step is due, its recipients and its text, with a preview."""

from dataclasses import dataclass

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from wtforms import BooleanField, SelectField, StringField, TextAreaField

from campaign.campaigns import schedule_edits
from campaign.campaigns.campaigns import find_campaign
from campaign.campaigns.schedule_edits import NO_EXPIRY, StepChange
from campaign.campaigns.step_names import step_name
from campaign.core import clock
from campaign.core.errors import StepInvalid
from campaign.core.i18n import languages, supported_locale
from campaign.core.outside_text import read_whole
from campaign.mailer.email_context import Sender
from campaign.mailer.render import RenderedEmail
from campaign.models import Campaign, CampaignStep, StaffRole, StepBasis
from campaign.outreach.recipient_counts import step_rows
from campaign.outreach.step_preview import preview_step_email
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.form_errors import put_faults
from campaign.web.staff.system.mail_preview import EMAIL_POLICY

blueprint = staff_blueprint("campaign_schedule", "/c/<slug>/schedule")

_COUNTED = (StepBasis.days_before, StepBasis.hours_before)


class StepForm(FlaskForm):
    """What staff can change of a step; `key` only for a new one."""

    class Meta:
        csrf = False

    key = StringField()
    before = StringField()
    unit = SelectField(choices=["days", "hours"], validate_choice=False)
    expires = StringField()
    enabled = BooleanField(default=True)
    locale = SelectField(choices=[], validate_choice=False)
    subject = StringField()
    opening = TextAreaField()


@dataclass(frozen=True)
class StepPreview:
    """The emails that a step's page shows beside its form: the default (`usual`) and the present one (`preview`)."""

    usual: RenderedEmail | None = None
    preview: RenderedEmail | None = None


@blueprint.get("")
@needs(StaffRole.viewer)
def index(slug: str) -> ResponseReturnValue:
    """List all steps in the order they are due."""
    at = clock.now()
    with installation().sessions() as session:
        campaign = find_campaign(session, slug)
        rows = step_rows(session, campaign, at, installation().settings.mail.email_cap)
    return render_template(
        "staff/campaigns/schedule.html",
        page_title="Email schedule",
        campaign=campaign,
        email_cap=installation().settings.mail.email_cap,
        rows=rows,
        at=at,
    )


@blueprint.route("/new", methods=["GET", "POST"])
@needs(StaffRole.admin)
def new(slug: str) -> ResponseReturnValue:
    """Add a custom step."""
    form = _form()
    with installation().sessions() as session:
        campaign = find_campaign(session, slug)
        if not form.is_submitted():
            return _page(campaign, None, form, StepPreview())
        key = (form.key.data or "").strip()
        try:
            schedule_edits.add_step(session, campaign, key, _change(form, counted=True), actor())
            session.commit()
        except StepInvalid as error:
            put_faults(form, {error.field: str(error)})
            return make_response(_page(campaign, None, form, StepPreview()), 422)
    flash(f"Step {key} added.")
    return redirect(url_for("campaign_schedule.index", slug=slug), 303)


@blueprint.route("/<key>", methods=["GET", "POST"])
@needs(StaffRole.admin)
def edit(slug: str, key: str) -> ResponseReturnValue:
    """Show one step's form, preview its email with unsaved changes, or save them."""
    form = _form()
    with installation().sessions() as session:
        campaign, step = _found(session, slug, key)
        if not form.is_submitted():
            _fill(form, step, supported_locale(request.args.get("locale", "en")))
            seen = _seen(session, campaign, step, form)
            return _page(campaign, step, form, seen)
        try:
            change = _change(form, counted=step.basis in _COUNTED)
            if request.form.get("do") == "preview":
                copy = schedule_edits.apply_to_copy(step, change)
                return _page(campaign, step, form, _seen(session, campaign, copy, form))
            schedule_edits.change_step(session, campaign, key, change, actor())
            session.commit()
        except StepInvalid as error:
            put_faults(form, {error.field: str(error)})
            return make_response(_page(campaign, step, form, StepPreview()), 422)
    flash(f"Step {key} saved.")
    return redirect(url_for("campaign_schedule.index", slug=slug), 303)


@blueprint.post("/<key>/preview")
@needs(StaffRole.admin)
def preview(slug: str, key: str) -> ResponseReturnValue:
    """Return the email as HTML, with unsaved changes."""
    form = _form()
    with installation().sessions() as session:
        campaign, step = _found(session, slug, key)
        try:
            copy = schedule_edits.apply_to_copy(step, _change(form, counted=step.basis in _COUNTED))
        except StepInvalid as error:
            put_faults(form, {error.field: str(error)})
            return make_response(_page(campaign, step, form, StepPreview()), 422)
        shown = _render_email(session, campaign, copy, form.locale.data)
    response = Response(shown.html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = EMAIL_POLICY
    return response


@blueprint.post("/<key>/remove")
@needs(StaffRole.admin)
def remove(slug: str, key: str) -> ResponseReturnValue:
    """Remove a custom step."""
    try:
        with installation().sessions.begin() as session:
            schedule_edits.remove_step(session, find_campaign(session, slug), key, actor())
    except StepInvalid as error:
        flash(str(error))
        return redirect(url_for("campaign_schedule.edit", slug=slug, key=key), 303)
    flash(f"Step {key} removed.")
    return redirect(url_for("campaign_schedule.index", slug=slug), 303)


def _found(session: Session, slug: str, key: str) -> tuple[Campaign, CampaignStep]:
    campaign = find_campaign(session, slug)
    return campaign, schedule_edits.find_known_step(session, campaign, key)


def _form() -> StepForm:
    form = StepForm()
    form.locale.choices = list(languages())
    form.locale.data = supported_locale(form.locale.data or "en")
    return form


def _fill(form: StepForm, step: CampaignStep, locale: str) -> None:
    own = step.texts.get(locale, {})
    form.before.data = str(step.offset) if step.basis in _COUNTED else ""
    form.unit.data = "hours" if step.basis == StepBasis.hours_before else "days"
    form.expires.data = str(step.expires_after or "")
    form.enabled.data = step.enabled
    form.locale.data = locale
    form.subject.data, form.opening.data = own.get("subject", ""), own.get("opening", "")


def _change(form: StepForm, *, counted: bool) -> StepChange:
    before = _number(form.before.data, "before", "Enter when the step is due:") if counted else None
    expires = form.expires.data.strip() if form.expires.data else ""
    return StepChange(
        days=before if form.unit.data != "hours" else None,
        hours=before if form.unit.data == "hours" else None,
        expires=_number(expires, "expires", "Enter when the step expires:")
        if expires
        else NO_EXPIRY,
        enabled=bool(form.enabled.data),
        locale=form.locale.data,
        subject=form.subject.data or "",
        opening=form.opening.data or "",
    )


def _number(text: str | None, field: str, what: str) -> int:
    number = read_whole((text or "").strip(), 999_999)
    if not number:
        raise StepInvalid(f"{what} a whole number, 1 or more.", field)
    return number


def _seen(session: Session, campaign: Campaign, step: CampaignStep, form: StepForm) -> StepPreview:
    bare = schedule_edits.apply_to_copy(step, StepChange())
    bare.texts = {}
    locale = form.locale.data
    usual = _render_email(session, campaign, bare, locale)
    return StepPreview(usual, _render_email(session, campaign, step, locale))


def _render_email(
    session: Session, campaign: Campaign, step: CampaignStep, locale: str
) -> RenderedEmail:
    here = installation()
    sender = Sender(here.settings.organization, here.address)
    return preview_step_email(session, campaign, step, sender, locale, clock.now())


def _page(campaign: Campaign, step: CampaignStep | None, form: StepForm, seen: StepPreview) -> str:
    return render_template(
        "staff/campaigns/schedule_step.html",
        page_title=f"Step: {step_name(campaign, step)}" if step else "New step",
        name=step_name(campaign, step) if step else "New step",
        campaign=campaign,
        step=step,
        form=form,
        seen=seen,
        counted=step is None or step.basis in _COUNTED,
        own_words=step is None or step.basis != StepBasis.after_end,
        default=step is not None and schedule_edits.is_default(step.key),
        languages=languages(),
    )
