"""The forms of the donor page: parsed values and errors."""

from collections.abc import Iterator

import pytest
from flask import Flask

from campaign.core.errors import DonorInvalid
from campaign.core.i18n import languages
from campaign.donor_portal.profile import DonorDetails
from campaign.donors.corrections import LONGEST
from campaign.models import Donor
from campaign.web.portal.forms import (
    AddressForm,
    DetailsForm,
    faults,
    form_for,
    language_choices,
    read_details,
    read_email,
    refuse_details,
)


@pytest.fixture(autouse=True)
def _asked(app: Flask) -> Iterator[None]:
    with app.test_request_context("/me/details"):
        yield


def details(**changes: str) -> DetailsForm:
    typed = {"name": "Ana Reyes", "address": "1 Pier\r\nAstoria", "language": "en", **changes}
    return DetailsForm(formdata=None, data=typed)


def wrong(form: DetailsForm) -> set[str]:
    return {one["field_id"] for one in faults(form)}


def test_spaces_and_control_characters_are_cleaned_and_address_lines_stay() -> None:
    form = details(name="  Ana\t\x00 Reyes\n")
    assert read_details(form) == DonorDetails("Ana Reyes", "1 Pier\nAstoria", "en")
    assert form.name.data == "Ana Reyes"


@pytest.mark.parametrize("field", ["name", "address"])
def test_the_longest_value_fits_and_one_more_character_is_an_error(field: str) -> None:
    most = LONGEST[field]
    assert read_details(details(**{field: "x" * most})) is not None
    form = details(**{field: "x" * (most + 1)})
    assert read_details(form) is None
    (fault,) = faults(form)
    assert fault == {"field_id": field, "text": f"This is too long. Use at most {most} characters."}


@pytest.mark.parametrize("language", ["", "xx", "en-US", "EN"])
def test_only_an_available_language_is_accepted(language: str) -> None:
    form = details(language=language)
    assert read_details(form) is None
    assert wrong(form) == {"language"}


def test_every_language_is_offered_by_its_own_name_and_can_be_chosen() -> None:
    offered = dict(language_choices())
    assert len(offered) == len(languages())
    assert (offered["en"], offered["es"]) == ("English", "Español")
    for tag in offered:
        assert read_details(details(language=tag)) is not None


def test_all_errors_are_shown_together() -> None:
    form = details(name="x" * 5_000, address="x" * 5_000, language="xx")
    assert read_details(form) is None
    assert wrong(form) == {"name", "address", "language"}


def test_an_error_found_while_saving_is_shown_at_its_field() -> None:
    for field, beside in (("address", "address"), ("name", "name"), ("email", "name")):
        form = details()
        refuse_details(form, DonorInvalid("It cannot be.", field))
        assert wrong(form) == {beside}


def test_the_form_shows_the_donors_current_details() -> None:
    form = form_for(Donor(name="Ana", address="1 Pier", locale="es", email="ana@example.org"))
    assert (form.name.data, form.address.data, form.language.data) == ("Ana", "1 Pier", "es")
    assert form_for(Donor(name="", address="", locale="tlh")).language.data == "en"


@pytest.mark.parametrize("typed", ["", "ana", "ana@", "a b@example.org", "@example.org"])
def test_an_incomplete_address_is_an_error(typed: str) -> None:
    form = AddressForm(formdata=None, data={"email": typed})
    assert read_email(form) == ""
    assert [one["field_id"] for one in faults(form)] == ["email"]


def test_an_address_is_normalized() -> None:
    form = AddressForm(formdata=None, data={"email": " Ana@Example.org\x00 "})
    assert read_email(form).lower() == "ana@example.org"
    assert faults(form) == []
