"""The donation form: the contract's fields, read as people type them, with an error beside each that is wrong."""

import unicodedata
from decimal import Decimal
from typing import Any

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

from campaign import money
from campaign.errors import AmountInvalid
from campaign.models import Campaign, Frequency
from campaign.services.consents import WORDING
from campaign.services.donations import Gift

OTHER = "other"
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
    an Origin check stands in `views.donate`."""

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
    anonymous = BooleanField(false_values=_NO)
    subscribe = BooleanField(false_values=_NO)
    comment = TextAreaField()
    tribute_kind = SelectField(choices=["", "honor", "memory"], default="", validate_choice=False)
    tribute_name = StringField()
    code = HiddenField()
    attempt = HiddenField()

    def complain(self, field: Field, text: str) -> None:
        """Put an error beside `field`."""
        field.errors = [*field.errors, text]

    @property
    def complaints(self) -> list[tuple[str, str]]:
        """(field name, error) in the form's order, for the summary."""
        return [(field.name, text) for field in self for text in field.errors]


def read_gift(
    form: GiftForm, campaign: Campaign, *, fee_rate: Decimal, fee_fixed: int, strict: bool
) -> Gift | None:
    """The gift that `form` describes, or None with every fault noted beside its field.

    `strict` refuses addresses of test domains, which a live installation could never mail to.
    """
    amount = _amount(form, campaign)
    email = _email(form, strict=strict)
    frequency = form.frequency.data or Frequency.one_time.value
    if frequency not in set(Frequency):
        form.complain(form.frequency, "Choose one time, monthly or yearly.")
    name = _limited(form, form.name, 200)
    comment = _limited(form, form.comment, 1000, lines=True)
    tribute = _tribute(form)
    if form.complaints or amount is None or email is None:
        return None
    cover = (
        money.fee_cover(amount, fee_rate, fee_fixed, campaign.currency)
        if form.cover_fees.data
        else 0
    )
    if amount + cover > money.LARGEST_CHARGE:
        form.complain(
            form.cover_fees, "With the fees, the sum is more than can be charged at once."
        )
        return None
    return Gift(
        email=email,
        amount=amount,
        frequency=frequency,
        attempt=clean(form.attempt.data),
        cover=cover,
        name=name,
        anonymous=bool(form.anonymous.data),
        comment=comment,
        tribute_kind=tribute[0],
        tribute_name=tribute[1],
        # Hidden, so its donor could not mend it: what is too long is cut.
        code=clean(form.code.data)[:64],
        consent_wording=WORDING if form.subscribe.data else "",
    )


def _amount(form: GiftForm, campaign: Campaign) -> int | None:
    chosen, typed = (form.amount.data or "").strip(), (form.amount_other.data or "").strip()
    try:
        if typed and chosen not in {"", OTHER} and not _same(chosen, typed, campaign.currency):
            raise AmountInvalid(f"You chose {chosen} and also typed {typed}. Keep one of the two.")
        amount = money.parse_amount(typed if chosen in {"", OTHER} else chosen, campaign.currency)
        _require_bounds(amount, campaign)
    except AmountInvalid as error:
        form.complain(form.amount, str(error))
        return None
    return amount


def _same(chosen: str, typed: str, currency: str) -> bool:
    try:
        return money.parse_amount(chosen, currency) == money.parse_amount(typed, currency)
    except AmountInvalid:
        return False


def _require_bounds(amount: int, campaign: Campaign) -> None:
    if amount < campaign.smallest_amount:
        smallest = money.format_money(campaign.smallest_amount, campaign.currency)
        raise AmountInvalid(f"The smallest amount our payment service takes is {smallest}.")
    if amount > money.LARGEST_CHARGE:
        largest = money.format_money(money.LARGEST_CHARGE, campaign.currency)
        raise AmountInvalid(
            f"The largest amount that can be charged at once is {largest}. For more, please write to us."
        )


def _email(form: GiftForm, *, strict: bool) -> str | None:
    typed = clean(form.email.data)
    if not typed:
        form.complain(form.email, "Enter your email address; the receipt goes there.")
        return None
    try:
        found = validate_email(
            typed, check_deliverability=False, allow_smtputf8=False, test_environment=not strict
        )
    except EmailNotValidError:
        form.complain(
            form.email, "This email address is not complete. It looks like name@example.org."
        )
        return None
    return found.ascii_email or found.normalized


def _limited(form: GiftForm, field: Any, most: int, *, lines: bool = False) -> str:
    text = clean(field.data, lines=lines)
    if len(text) > most:
        form.complain(field, f"This is {len(text)} characters long; there is room for {most}.")
    return text


def _tribute(form: GiftForm) -> tuple[str, str]:
    kind, name = form.tribute_kind.data or "", _limited(form, form.tribute_name, 200)
    if kind not in {"", "honor", "memory"}:
        form.complain(form.tribute_kind, "Choose in honor of, in memory of, or neither.")
    elif kind and not name:
        form.complain(form.tribute_name, "Enter the name of the person this gift is for.")
    elif name and not kind:
        form.complain(form.tribute_kind, "Choose whether it is in honor or in memory.")
    return kind, name
