"""Currencies, and the minimum and maximum charge in each.

https://docs.stripe.com/currencies: minimum amounts, zero-decimal and three-decimal currencies.
"""

from typing import Any

from sandbox.stripe.api.parameters import names, text
from sandbox.stripe.errors import Refused
from sandbox.stripe.state.settlement import Settlement

MAX_AMOUNT = 99_999_999
CURRENCIES = names(
    """usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp
    byn bzd cad cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd
    gnf gtq gyd hkd hnl htg huf idr ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp
    lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab
    pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std szl thb tjs
    tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xcg xof xpf yer zar zmw"""
)
MINIMUM = {
    "usd": 50,
    "aed": 200,
    "aud": 50,
    "bgn": 100,
    "brl": 50,
    "cad": 50,
    "chf": 50,
    "czk": 1500,
    "dkk": 250,
    "eur": 50,
    "gbp": 30,
    "hkd": 400,
    "huf": 17500,
    "inr": 50,
    "jpy": 50,
    "mxn": 1000,
    "myr": 200,
    "nok": 300,
    "nzd": 50,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "sgd": 50,
    "thb": 1000,
}
ZERO_DECIMAL = names("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf")
THREE_DECIMAL = names("bhd jod kwd omr tnd")
WHOLE_UNITS = names("isk ugx")
_SIGNS = {"usd": "$", "eur": "€", "gbp": "£", "cad": "CA$", "aud": "A$", "jpy": "¥"}


def currency(value: Any, path: str) -> str:
    """Check a currency parameter and return it in lower case. Stripe accepts capitals too."""
    found = text(10)(value, path).lower()
    if found not in CURRENCIES:
        raise Refused(f"Invalid currency: {found}", param=path)
    return found


def require_divisible(amount: int, code: str, param: str) -> None:
    """Require three-decimal amounts to end in 0, and amounts in ISK and UGX to end in 00."""
    step = 10 if code in THREE_DECIMAL else 100 if code in WHOLE_UNITS else 1
    if amount % step:
        raise Refused(f"Invalid amount: in {code} it must be a multiple of {step}.", param=param)


def require_chargeable(amount: int, code: str, param: str) -> None:
    """Require at least the currency's minimum and at most eight digits."""
    minimum = MINIMUM.get(code, 1)
    if amount < minimum:
        message = f"The total amount due must add up to at least {format_amount(minimum, code)}."
        raise Refused(message, code="amount_too_small", param=param)
    if amount > MAX_AMOUNT:
        message = f"The total amount due must be no more than {format_amount(MAX_AMOUNT, code)}."
        raise Refused(message, code="amount_too_large", param=param)


def require_settleable(amount: int, code: str, settlement: Settlement | None, param: str) -> None:
    """Require at least the settlement currency's minimum of a charge that is converted to it.

    https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
    """
    if settlement is None or not settlement.converts(code):
        return
    becomes, minimum = settlement.convert(amount, code), MINIMUM.get(settlement.currency, 1)
    if becomes < minimum:
        least = format_amount(minimum, settlement.currency)
        shown, converted = format_amount(amount, code), format_amount(becomes, settlement.currency)
        message = f"Amount must convert to at least {least}. {shown} converts to approximately {converted}."
        raise Refused(message, code="amount_too_small", param=param)


def format_amount(amount: int, code: str) -> str:
    """Format an amount in minor units for people: $25, $25.50, ¥2,500, 25.50 CHF."""
    places = 0 if code in ZERO_DECIMAL else 3 if code in THREE_DECIMAL else 2
    whole, rest = divmod(abs(amount), 10**places)
    figure = f"{whole:,}" + (f".{rest:0{places}}" if rest else "")
    sign = _SIGNS.get(code)
    minus = "−" if amount < 0 else ""
    return f"{minus}{sign}{figure}" if sign else f"{minus}{figure} {code.upper()}"
