"""The forms of the donor page, parsed as people type them, with an error next to each invalid field."""

from typing import Any

from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from wtforms import EmailField, SelectField, StringField, TextAreaField

from campaign.core.csv_lists import read_address
from campaign.core.errors import DonorInvalid
from campaign.core.i18n import get_language, languages
from campaign.donor_portal.profile import DonorDetails
from campaign.donors.corrections import LONGEST
from campaign.models import Donor
from campaign.web.forms import clean
from campaign.web.language import page_language, translate_error

INCOMPLETE = lazy_gettext("Enter a complete email address, like name@example.org.")


class AddressForm(FlaskForm):
    """An email address. The blueprints check the origin, and the CSRF token if a donor is signed in."""

    class Meta:
        csrf = False

    email = EmailField()


class DetailsForm(FlaskForm):
    """The donor's details, checked likewise."""

    class Meta:
        csrf = False

    name = StringField()
    address = TextAreaField()
    language = SelectField(validate_choice=False)


def read_email(form: AddressForm) -> str:
    """Return the normalized address, or '' after adding an error to the field."""
    try:
        return read_address(clean(form.email.data))
    except ValueError:
        form.email.errors = [str(INCOMPLETE)]
        return ""


def read_details(form: DetailsForm) -> DonorDetails | None:
    """Return the normalized details, or None after adding an error to each invalid field."""
    form.name.data = " ".join(clean(form.name.data).split())
    form.address.data = clean(form.address.data, lines=True)
    for name in ("name", "address"):
        if len(form[name].data) > LONGEST[name]:
            too_long = page_language().gettext("This is too long. Use at most %(most)s characters.")
            form[name].errors = [too_long % {"most": LONGEST[name]}]
    if form.language.data not in {tag for tag, _ in language_choices()}:
        form.language.errors = [page_language().gettext("Choose a language from the list.")]
    if faults(form):
        return None
    return DonorDetails(form.name.data, form.address.data, form.language.data)


def refuse_details(form: DetailsForm, error: DonorInvalid) -> None:
    """Add an error that was found while saving to its field."""
    field = form.address if error.field == "address" else form.name
    field.errors = [translate_error(error)]


def form_for(donor: Donor) -> DetailsForm:
    """Return the form filled with the donor's current details."""
    tag = get_language(donor.locale).locale
    return DetailsForm(formdata=None, name=donor.name, address=donor.address, language=tag)


def language_choices() -> list[tuple[str, str]]:
    """List each language as (tag, its own name)."""
    return [(get_language(one).locale, get_language(one).native_name) for one in languages()]


def faults(*forms: FlaskForm) -> list[dict[str, Any]]:
    """List the errors of all fields, for the error summary."""
    return [
        {"field_id": field.name, "text": text}
        for form in forms
        for field in form
        for text in field.errors
    ]
