"""Amounts: parse what people type and format what they read. Amounts are integer minor units with an ISO 4217 code.

Currency codes are lower case. The only module that knows how many decimals a currency has. No floats.
"""

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from babel import Locale
from babel.numbers import (
    NumberPattern,
    format_currency,
    get_currency_symbol,
    get_decimal_symbol,
    get_group_symbol,
    parse_pattern,
)

from campaign.core.errors import AmountInvalid

# https://docs.stripe.com/currencies#zero-decimal
_ZERO_DECIMAL = frozenset(
    {"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga"}
    | {"pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"}
)
# https://docs.stripe.com/currencies#three-decimal: the last digit must be 0
_THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
# https://docs.stripe.com/currencies#special-cases: sent with two decimals that must be 00
_WHOLE_ONLY = frozenset(["isk", "ugx"])

# https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
# Only the default of a new campaign's smallest amount, which is a column and can be changed. Stripe makes the final
# decision.
_USUAL_MINIMUM = {
    "usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500,
    "dkk": 250, "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000,
    "myr": 200, "nok": 300, "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000,
}  # fmt: skip

LARGEST_CHARGE = 99_999_999
"""In minor units: a charge has at most eight digits."""

_CURRENCY = re.compile(r"[a-z]{3}\Z")


def currency_code(text: str) -> str:
    """Return `text` as a lower-case ISO 4217 code known to CLDR; raises AmountInvalid."""
    code = text.strip().lower()
    if not _CURRENCY.match(code) or code.upper() not in Locale("en").currencies:
        raise AmountInvalid(
            "%(typed)s is not a currency. Use an ISO 4217 code such as usd.", typed=repr(text)
        )
    return code


def decimals(currency: str) -> int:
    """Return the number of decimals of Stripe's minor unit of `currency`."""
    if currency in _ZERO_DECIMAL:
        return 0
    return 3 if currency in _THREE_DECIMAL else 2


def usual_minimum(currency: str) -> int:
    """Return the default smallest amount of a new campaign, in minor units."""
    return _USUAL_MINIMUM.get(currency) or int(10 ** decimals(currency))


def usual_suggestions(currency: str) -> list[int]:
    """Return the default suggested amounts in minor units: 10, 25, 50, 100 and 250 in a currency like the dollar."""
    unit = 10 ** decimals(currency)
    while unit * 10 < usual_minimum(currency) * 2:
        unit *= 10
    return [unit * step for step in (10, 25, 50, 100, 250)]


def parse_amount(text: str, currency: str, locale: str = "en") -> int:
    """Parse an amount as people in `locale` type it (`25`, `25.00`, `$1,000`); return minor units.

    Raises AmountInvalid for anything ambiguous or invalid: a decimal comma where commas group thousands, exponents,
    digits of other scripts, more decimals than the currency has, and zero or less.
    """
    bare = _without_symbol(text, currency, locale)
    if not bare:
        raise AmountInvalid("Enter an amount, for example 25.")
    group, point = get_group_symbol(locale), get_decimal_symbol(locale)
    # In locales that group with a thin space, people type an ordinary space.
    between = "[ \u00a0\u202f]" if group.isspace() else re.escape(group)
    grouped = rf"[1-9]\d{{0,2}}(?:{between}\d{{3}}){{1,4}}"
    whole = rf"(?P<whole>\d{{1,12}}|{grouped})"
    part = rf"(?:{re.escape(point)}(?P<part>\d{{1,6}}))?"
    found = re.fullmatch(whole + part, bare, re.ASCII)
    if found is None:
        raise AmountInvalid(
            "“%(typed)s” is not an amount we can read. Use digits, for example 25 or %(example)s.",
            typed=_shown(text),
            example=f"25{point}50",
        )
    cents = found["part"] or ""
    places = decimals(currency)
    if len(cents) > places:
        raise _too_many_decimals(text, currency, point)
    minor = int(re.sub(r"\D", "", found["whole"]) + cents.ljust(places, "0"))
    if minor == 0:
        raise AmountInvalid("The amount must be more than zero.")
    return _chargeable(minor, text, currency)


def _too_many_decimals(text: str, currency: str, point: str) -> AmountInvalid:
    values = {"typed": _shown(text), "currency": currency.upper()}
    if not decimals(currency):
        return AmountInvalid(
            "“%(typed)s” has too many decimals: %(currency)s allows whole amounts only.", **values
        )
    return AmountInvalid(
        "“%(typed)s” has too many decimals: %(currency)s allows at most %(most)s digits after the “%(point)s”.",
        **values,
        most=decimals(currency),
        point=point,
    )


def _chargeable(minor: int, text: str, currency: str) -> int:
    values = {"typed": _shown(text), "currency": currency.upper()}
    if currency in _WHOLE_ONLY and minor % 100:
        raise AmountInvalid("“%(typed)s”: %(currency)s allows whole amounts only.", **values)
    if currency in _THREE_DECIMAL and minor % 10:
        raise AmountInvalid("“%(typed)s”: %(currency)s allows at most two decimals.", **values)
    return minor


def _without_symbol(text: str, currency: str, locale: str) -> str:
    """Remove the currency sign or code from `text`, trying the longest first."""
    bare = text.strip()
    code = currency.upper()
    signs = {get_currency_symbol(code, locale), get_currency_symbol(code, "en"), code, code.lower()}
    signs |= {_narrow_sign(currency)}
    for sign in sorted(signs, key=lambda sign: (-len(sign), sign)):
        if bare.startswith(sign):
            return bare[len(sign) :].strip()
        if bare.endswith(sign):
            return bare[: -len(sign)].strip()
    return bare


def _narrow_sign(currency: str) -> str:
    """Return the sign that people use locally: `$` in Canada, where others write `CA$`."""
    sign = str(get_currency_symbol(currency.upper(), "en"))
    return sign[-1] if not sign[-1].isalpha() else sign


def _shown(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"


def symbol(currency: str, locale: str = "en") -> str:
    """Return the sign of `currency`: `$`."""
    return str(get_currency_symbol(currency.upper(), locale))


def to_decimal(minor: int, currency: str) -> Decimal:
    """Return the exact amount in major units."""
    return Decimal(minor).scaleb(-decimals(currency))


def major_rate(rate: Decimal, currency: str, other: str) -> Decimal:
    """Return the exchange rate of whole units for one of minor units: from dollars to yen, 149.5 for 1.495.

    `rate` is minor units of `other` for one minor unit of `currency`, as Stripe sends it.
    """
    return rate.scaleb(decimals(currency) - decimals(other))


def plain_amount(minor: int, currency: str, locale: str = "en") -> str:
    """Format the amount as a form value: `25`, `25.50`, without symbol or grouping. `parse_amount` can read it."""
    amount = to_decimal(minor, currency)
    if amount == amount.to_integral_value():
        return str(amount.to_integral_value())
    return str(amount).replace(".", get_decimal_symbol(locale))


@lru_cache(maxsize=4096)
def format_money(minor: int, currency: str, locale: str = "en") -> str:
    """Format the amount as people write it: `$25`, `$25.50`, `$1,000`. Zero decimals are left out."""
    amount = to_decimal(minor, currency)
    places = 0 if amount == amount.to_integral_value() else decimals(currency)
    return str(
        format_currency(
            amount,
            currency.upper(),
            format=_pattern(currency, places, locale),
            locale=_locale(locale),
            currency_digits=False,
        )
    )


def with_code(minor: int, currency: str) -> str:
    """Format the amount with its currency's code, for readers of several currencies: `$25 USD`, `KWD 25`."""
    written, code = format_money(minor, currency), currency.upper()
    return written if symbol(currency) == code else f"{written} {code}"


@lru_cache(maxsize=256)
def _locale(name: str) -> Locale:
    """Parse a locale once: staff tables have hundreds of amounts, and Babel would parse the name for each."""
    return Locale.parse(name)


@lru_cache(maxsize=256)
def _pattern(currency: str, places: int, locale: str) -> NumberPattern:
    pattern = str(_locale(locale).currency_formats["standard"].pattern)
    pattern = re.sub(r"\.0+", f".{'0' * places}" if places else "", pattern)
    if symbol(currency, locale)[-1].isalpha():
        # Put a space between a code and its number: KWD 25.
        pattern = pattern.replace("¤#", "¤\u00a0#")
    return parse_pattern(pattern)


def calculate_fee_cover(amount: int, rate: Decimal, fixed: int, currency: str) -> int:
    """Return what to add to `amount` so that `amount` remains after a fee of `rate` of the total plus `fixed`.

    gross = (amount + fixed) / (1 − rate), all in minor units, rounded half up, then up to a chargeable amount.
    """
    gross = (Decimal(amount) + fixed) / (1 - rate)
    whole = int(gross.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    step = 100 if currency in _WHOLE_ONLY else 10 if currency in _THREE_DECIMAL else 1
    return -(-whole // step) * step - amount
