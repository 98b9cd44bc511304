"""The values entered on the checkout page, their errors, and the payment instrument that they describe."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.stripe.errors import CardDeclined
from sandbox.stripe.objects.cards import (
    BANK_BY_NUMBER,
    BANK_ROUTING,
    CARD_BY_NUMBER,
    digits,
    passes_luhn,
)
from sandbox.stripe.rules.payment import Instrument

_NAMES = {
    "email": "email",
    "number": "card-number",
    "expiry": "card-expiry",
    "cvc": "card-cvc",
    "name": "card-name",
    "routing": "bank-routing",
    "account": "bank-account",
    "method": "method",
}
_FIELD_OF_CODE = {
    "expired_card": "card-expiry",
    "incorrect_cvc": "card-cvc",
}


@dataclass
class Entries:
    """The fields as entered. `errors` are by field name, or "form" for the whole form."""

    email: str = ""
    number: str = ""
    expiry: str = ""
    cvc: str = ""
    name: str = ""
    routing: str = ""
    account: str = ""
    method: str = "card"
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def bank(self) -> bool:
        return self.method == "bank"

    def fill(self, number: str) -> None:
        """Fill in a test card or account."""
        self.name = self.name or "Dana Donor"
        self.email = self.email or "dana@example.org"
        if number in CARD_BY_NUMBER:
            self.method, self.number, self.expiry = "card", _spaced(number), "12 / 34"
            self.cvc = "1234" if CARD_BY_NUMBER[number].brand == "amex" else "123"
        elif number in BANK_BY_NUMBER:
            self.method, self.routing, self.account = "bank", BANK_ROUTING, number

    def validate(self, now: datetime) -> dict[str, str]:
        if not re.fullmatch(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+", self.email):
            self.errors["email"] = "Enter an email address, like name@example.org."
        if not self.name.strip():
            self.errors["card-name"] = "Enter your name."
        self._validate_bank() if self.bank else self._validate_card(now)
        return self.errors

    def _validate_card(self, now: datetime) -> None:
        number = digits(self.number)
        if not re.fullmatch(r"[0-9]{12,19}", number) or not passes_luhn(number):
            self.errors["card-number"] = "Your card number is invalid."
        expiry = self._expiry()
        if expiry is None:
            self.errors["card-expiry"] = "Enter the expiration date as MM / YY."
        elif expiry < (now.year, now.month):
            self.errors["card-expiry"] = "Your card's expiration year is in the past."
        card = CARD_BY_NUMBER.get(number)
        length = 4 if card and card.brand == "amex" else 3
        if not re.fullmatch(rf"[0-9]{{{length}}}", self.cvc):
            self.errors["card-cvc"] = f"Enter the {length}-digit security code."

    def _validate_bank(self) -> None:
        if self.routing.strip() != BANK_ROUTING:
            self.errors["bank-routing"] = f"The test bank's routing number is {BANK_ROUTING}."
        if self.account.strip() not in BANK_BY_NUMBER:
            self.errors["bank-account"] = "This is not a test account."

    def _expiry(self) -> tuple[int, int] | None:
        found = re.fullmatch(r"\s*([0-9]{1,2})\s*/?\s*(?:20)?([0-9]{2})\s*", self.expiry)
        if not found or not 1 <= int(found[1]) <= 12:
            return None
        return 2000 + int(found[2]), int(found[1])

    def instrument(self) -> Instrument:
        if self.bank:
            return Instrument(self.account.strip(), self.email, self.name.strip(), bank=True)
        year, month = self._expiry() or (2034, 12)
        return Instrument(
            digits(self.number), self.email, self.name.strip(), exp_month=month, exp_year=year
        )

    def declined(self, refusal: CardDeclined) -> None:
        where = _FIELD_OF_CODE.get(refusal.code or "", "card-number")
        self.errors["form" if self.bank else where] = str(refusal)


def read(form: Mapping[str, str], email: str) -> Entries:
    """Return the fields of a posted form, with the session's email if none was entered."""
    found: dict[str, Any] = {key: form.get(name, "").strip()[:300] for key, name in _NAMES.items()}
    found["email"] = found["email"] or email
    found["method"] = "bank" if found["method"] == "bank" else "card"
    return Entries(**found)


def _spaced(number: str) -> str:
    return " ".join(number[place : place + 4] for place in range(0, len(number), 4))
