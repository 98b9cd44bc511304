"""The donation form: the contract's fields, read as people type them, with an error beside each that is wrong."""

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
    """`text` without control characters, which neither a mail header nor PostgreSQL can hold."""
    kept = (
        character if (lines and character == "\n") or unicodedata.category(character) != "Cc" else " "
        for character in (text or "").replace("\r\n", "\n")
    )  # fmt: skip
    return "".join(kept).strip()


class GiftForm(FlaskForm):
    """The form of the appeal. No CSRF token: the page is the same for every reader and the form leads to Stripe only;
    an Origin check stands in `web.giving.donate`."""

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

    def complain(self, field: Field, text: str) -> None:
        """Put an error beside `field`."""
        field.errors = [*field.errors, text]

    def limited(self, field: Field, most: int, *, lines: bool = False) -> str:
        """What was typed into `field`, cleaned; an error beside it where it is longer than `most`."""
        text = clean(field.data, lines=lines)
        if len(text) > most:
            sentence = page_language().gettext(
                "This is %(length)s characters long; there is room for %(most)s."
            )
            self.complain(field, sentence % {"length": len(text), "most": most})
        return text

    @property
    def complaints(self) -> list[tuple[str, str]]:
        """(field name, error) in the form's order, for the summary."""
        return [(field.name, text) for field in self for text in field.errors]

    @property
    def language(self) -> str:
        """What the form is written in, so that its answer is too."""
        return page_language().locale


def read_email(form: GiftForm, field: Field, missing: str, *, strict: bool) -> str | None:
    """The address in `field`; None with the fault noted beside it, `missing` where it is empty.

    `strict` refuses addresses of test domains, which a live installation could never mail to.
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
            page_language().gettext(
                "This email address is not complete. It looks like name@example.org."
            ),
        )
        return None
    return found.ascii_email or found.normalized
