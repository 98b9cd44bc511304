"""The appearance of a campaign: colors, organization, donor wall, thank-you text and visible progress."""

from dataclasses import asdict
from typing import Any

from flask import flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, StringField, TextAreaField

from campaign.campaigns.appearance import (
    AppearanceFields,
    appearance_of,
    edit_appearance,
    known_languages,
)
from campaign.campaigns.campaigns import find_campaign
from campaign.campaigns.translations import other_locales
from campaign.core.errors import FieldsInvalid
from campaign.core.i18n import get_language
from campaign.models import Campaign, StaffRole
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.form_errors import put_faults

blueprint = staff_blueprint("appearance", "/c/<slug>/appearance")

LABELS = {
    "accent_light": "accent color (light)",
    "accent_dark": "accent color (dark)",
    "organization_line": "organization line",
    "locale": "primary language",
    "thanks": "thank-you text",
    "wall_shown": "donor wall",
    "figures_hidden": "visibility of progress",
    "figures_from_percent": "visibility of progress",
}


class AppearanceForm(FlaskForm):
    """The fields of `AppearanceFields`."""

    class Meta:
        csrf = False

    accent_light = StringField()
    accent_dark = StringField()
    organization_line = StringField()
    locale = SelectField(validate_choice=False)
    thanks = TextAreaField()
    wall_shown = BooleanField()
    figures_hidden = BooleanField()
    figures_from_percent = StringField()


@blueprint.route("", methods=["GET", "POST"])
@needs(StaffRole.admin)
def edit(slug: str) -> ResponseReturnValue:
    """Show the form, or save the changes."""
    form = AppearanceForm()
    with installation().sessions() as session:
        campaign = find_campaign(session, slug)
        if not form.is_submitted():
            form = AppearanceForm(formdata=None, data=asdict(appearance_of(campaign)))
            return _page(campaign, form)
        try:
            changed = edit_appearance(session, campaign, _typed(form), actor())
            session.commit()
        except FieldsInvalid as error:
            put_faults(form, error.faults)
            return make_response(_page(campaign, form), 422)
    saved = ", ".join(dict.fromkeys(LABELS[name] for name in changed))
    flash(f"Saved: {saved}. The public page now shows it." if changed else "Nothing changed.")
    return redirect(url_for("campaigns.show", slug=slug), 303)


def _typed(form: AppearanceForm) -> AppearanceFields:
    typed: dict[str, Any] = {name: value or "" for name, value in form.data.items()}
    for name in ("wall_shown", "figures_hidden"):
        typed[name] = bool(typed[name])
    return AppearanceFields(**typed)


def _page(campaign: Campaign, form: AppearanceForm) -> str:
    form.locale.choices = [(one, get_language(one).native_name) for one in known_languages()]
    return render_template(
        "staff/campaigns/appearance.html",
        page_title="Appearance",
        campaign=campaign,
        form=form,
        languages=[(one, get_language(one).native_name) for one in other_locales(campaign)],
    )
