"""The donation form: the contract's fields, parsed as people type them, with an error next to each invalid field."""

import unicodedata

from email_validator import EmailNotValidError, validate_email
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    EmailField,
    Field,
    HiddenField,
    SelectField,
    StringField,
    TextAreaField,
)

from campaign.models import Frequency
from campaign.web.language import page_language

_NO = (False, "", "false", "False", "0", "no", "off")


def clean(text: str | None, *, lines: bool = False) -> str:
    """Return `text` without control characters, which neither an email header nor PostgreSQL can hold."""
    kept = (
        character if (lines and character == "\n") or unicodedata.category(character) != "Cc" else " "
        for character in (text or "").replace("\r\n", "\n")
    )  # fmt: skip
    return "".join(kept).strip()


class GiftForm(FlaskForm):
    """The form on the appeal page.

    It has no CSRF token: the page is the same for every reader, and the form only leads to Stripe. Instead,
    `web.giving.donate` checks where the form was posted from.
    """

    class Meta:
        csrf = False

    amount = StringField()
    amount_other = StringField()
    frequency = SelectField(
        choices=[frequency.value for frequency in Frequency],
        default=Frequency.one_time.value,
        validate_choice=False,
    )
    email = EmailField()
    name = StringField()
    cover_fees = BooleanField(false_values=_NO)
    subscribe = BooleanField(false_values=_NO)
    tribute_kind = SelectField(choices=["", "honor", "memory"], default="", validate_choice=False)
    tribute_name = StringField()
    card = SelectField(choices=["", "email", "post"], default="", validate_choice=False)
    card_name = StringField()
    card_email = EmailField()
    card_address = TextAreaField()
    card_message = TextAreaField()
    card_from = StringField()
    comment = TextAreaField()
    wall = BooleanField(false_values=_NO)
    wall_place = StringField()
    wall_comment = BooleanField(false_values=_NO)
    anonymous = BooleanField(false_values=_NO)
    shared = BooleanField(false_values=_NO)
    code = HiddenField()
    attempt = HiddenField()
    reviewed = HiddenField()
    rendered = HiddenField()
    website = StringField()

    def complain(self, field: Field, text: str) -> None:
        """Add an error to `field`."""
        field.errors = [*field.errors, text]

    def limited(self, field: Field, most: int, *, lines: bool = False) -> str:
        """Return the cleaned text of `field`; adds an error if it is longer than `most` characters."""
        text = clean(field.data, lines=lines)
        if len(text) > most:
            sentence = page_language().gettext(
                "This is %(length)s characters long; the limit is %(most)s."
            )
            self.complain(field, sentence % {"length": len(text), "most": most})
        return text

    @property
    def complaints(self) -> list[tuple[str, str]]:
        """Return (field name, error) pairs in the form's order, for the error summary."""
        return [(field.name, text) for field in self for text in field.errors]

    @property
    def language(self) -> str:
        """The form's language, so that the response is in the same one."""
        return page_language().locale


def read_email(form: GiftForm, field: Field, missing: str, *, strict: bool) -> str | None:
    """Return the email address in `field`, or None and add an error to the field: `missing` if it is empty.

    `strict` rejects addresses at test domains, to which a live installation can never send email.
    """
    typed = clean(field.data)
    if not typed:
        form.complain(field, missing)
        return None
    try:
        found = validate_email(
            typed, check_deliverability=False, allow_smtputf8=False, test_environment=not strict
        )
    except EmailNotValidError:
        form.complain(
            field,
            page_language().gettext("Enter a complete email address, like name@example.org."),
        )
        return None
    return found.ascii_email or found.normalized
