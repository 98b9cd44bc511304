"""The organization's branding: accent colors, logo, masthead and footer, with a preview."""

from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import BooleanField, FileField, StringField, TextAreaField

from campaign.campaigns.branding import BrandingValues, read_branding
from campaign.campaigns.branding_edit import BrandingFields, edit_branding
from campaign.campaigns.colors import ACCENT, parse_accents
from campaign.campaigns.logos import MAX_BYTES
from campaign.core import clock
from campaign.core.errors import FieldsInvalid
from campaign.models import StaffRole
from campaign.web.context import installation
from campaign.web.staff.core.access import actor, needs, staff_blueprint
from campaign.web.staff.core.form_errors import put_faults
from campaign.web.theme import branding_cache, stylesheet_url

blueprint = staff_blueprint("branding", "/branding")

FORM_BYTES = 1_000_000
"""More than the largest logo, so that the error for a slightly larger one can name its size."""

LABELS = {
    "accent_light": "accent color (light)",
    "accent_dark": "accent color (dark)",
    "logo": "logo",
    "logo_alt": "alternative text",
    "masthead": "masthead",
    "footer": "footer",
    "wall_by_default": "donor wall of new campaigns",
}


class BrandingForm(FlaskForm):
    """The fields of `BrandingFields`."""

    class Meta:
        csrf = False

    accent_light = StringField()
    accent_dark = StringField()
    logo = FileField()
    logo_alt = StringField()
    without_logo = BooleanField()
    masthead = StringField()
    footer = TextAreaField()
    wall_by_default = BooleanField()


@blueprint.url_value_preprocessor
def _allow_a_picture(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Raise the size limit before the form is parsed for its CSRF token."""
    request.max_content_length = FORM_BYTES


@blueprint.route("", methods=["GET", "POST"])
@needs(StaffRole.admin)
def edit() -> ResponseReturnValue:
    """Show the form, preview the entered colors, or save the changes."""
    form = BrandingForm()
    with installation().sessions() as session:
        look = read_branding(session)
        if not form.is_submitted():
            return _page(_form_of(look), look)
        try:
            if request.form.get("do") == "preview":
                return _page(form, look, seen=_accents(form))
            changed = edit_branding(session, _typed(form), actor(), clock.now())
            session.commit()
        except FieldsInvalid as error:
            put_faults(form, error.faults)
            return make_response(_page(form, look), 422)
    branding_cache().forget()
    saved = ", ".join(LABELS[name] for name in changed)
    flash(f"Saved: {saved}. Public pages now show it." if changed else "Nothing changed.")
    return redirect(url_for("branding.edit"), 303)


def _accents(form: BrandingForm) -> tuple[str, str]:
    found = parse_accents(form.accent_light.data or "", form.accent_dark.data or "")
    return found or (ACCENT["light"], ACCENT["dark"])


def _form_of(look: BrandingValues) -> BrandingForm:
    light, dark = look.accents or ("", "")
    return BrandingForm(
        formdata=None,
        data={
            "accent_light": light,
            "accent_dark": dark,
            "logo_alt": look.logo_alt,
            "masthead": look.masthead,
            "footer": look.footer,
            "wall_by_default": look.wall_by_default,
        },
    )


def _typed(form: BrandingForm) -> BrandingFields:
    file = request.files.get("logo")
    return BrandingFields(
        accent_light=form.accent_light.data or "",
        accent_dark=form.accent_dark.data or "",
        logo=file.read() if file else b"",
        logo_alt=form.logo_alt.data or "",
        without_logo=bool(form.without_logo.data),
        masthead=form.masthead.data or "",
        footer=form.footer.data or "",
        wall_by_default=bool(form.wall_by_default.data),
    )


def _page(form: BrandingForm, look: BrandingValues, seen: tuple[str, str] | None = None) -> str:
    return render_template(
        "staff/branding.html",
        page_title="Branding",
        form=form,
        look=look,
        default=ACCENT,
        seen=stylesheet_url(seen),
        largest_kb=MAX_BYTES // 1000,
    )
