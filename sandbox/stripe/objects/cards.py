"""Stripe's test cards and bank accounts, and what each one does. Used by the payment rules and the page.

https://docs.stripe.com/testing
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """A test card. `after` names what follows a successful charge; `renewals` is how later charges fail."""

    number: str
    label: str
    brand: str = "visa"
    decline: tuple[str, str | None, str] | None = None
    challenge: bool = False
    after: str | None = None
    refunds: str | None = None
    renewals: tuple[str, str | None, str] | None = None
    blocked: bool = False


@dataclass(frozen=True)
class BankAccount:
    """A test bank account. `failure` is the (code, message) of a returned debit."""

    number: str
    label: str
    failure: tuple[str, str] | None = None


def _declined(decline_code: str, message: str) -> tuple[str, str, str]:
    return ("card_declined", decline_code, message)


_DECLINED = "Your card was declined."
_AUTHENTICATION = _declined("authentication_required", "Your card requires authentication.")

CARDS = (
    Card("4242424242424242", "Succeeds"),
    Card("5555555555554444", "Succeeds (Mastercard)", "mastercard"),
    Card("378282246310005", "Succeeds (American Express)", "amex"),
    Card("4000002500003155", "3-D Secure on the first payment", challenge=True),
    Card("4000002760003184", "3-D Secure always", challenge=True, renewals=_AUTHENTICATION),
    Card("4000000000000002", "Declined", decline=_declined("generic_decline", _DECLINED)),
    Card(
        "4000000000009995",
        "Declined: insufficient funds",
        decline=_declined("insufficient_funds", "Your card has insufficient funds."),
    ),
    Card(
        "4000000000000069",
        "Declined: expired",
        decline=("expired_card", "expired_card", "Your card has expired."),
    ),
    Card(
        "4000000000000127",
        "Declined: wrong security code",
        decline=("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."),
    ),
    Card(
        "4000000000000119",
        "Declined: error at the bank",
        decline=(
            "processing_error",
            "processing_error",
            "An error occurred while processing your card. Try again in a little bit.",
        ),
    ),
    Card(
        "4100000000000019",
        "Blocked as fraud",
        decline=_declined("fraudulent", _DECLINED),
        blocked=True,
    ),
    Card(
        "4000000000000341",
        "Succeeds; renewals are declined",
        renewals=_declined("generic_decline", _DECLINED),
    ),
    Card("4000000000005423", "Succeeds; early fraud warning", after="fraud_warning"),
    Card("4000000000000259", "Succeeds; disputed as fraud", after="dispute_fraudulent"),
    Card("4000000000002685", "Succeeds; disputed, not received", after="dispute_not_received"),
    Card("4000000000001976", "Succeeds; inquiry", after="inquiry"),
    Card("4000000000005126", "Succeeds; refund fails later", refunds="fails"),
    Card("4000000000007726", "Succeeds; refund is pending first", refunds="pending"),
)

BANK_ROUTING = "110000000"
BANKS = (
    BankAccount("000123456789", "Settles after four business days"),
    BankAccount(
        "000111111116",
        "Returned: account closed",
        ("debit_not_authorized", "The customer's bank account has been closed."),
    ),
    BankAccount(
        "000222222227",
        "Returned: insufficient funds",
        (
            "insufficient_funds",
            "The customer's account has insufficient funds to cover this payment.",
        ),
    ),
)

CARD_BY_NUMBER = {card.number: card for card in CARDS}
BANK_BY_NUMBER = {bank.number: bank for bank in BANKS}


def digits(text: str) -> str:
    return "".join(part for part in text if part not in " -\u00a0")


def passes_luhn(number: str) -> bool:
    """Return whether the check digit is correct. https://en.wikipedia.org/wiki/Luhn_algorithm"""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
