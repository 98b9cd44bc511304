"""Each currency that Stripe treats in its own way: its decimals, its minimum, and what a new campaign suggests."""

from decimal import Decimal

import pytest

from campaign.core import money
from campaign.core.errors import AmountInvalid

# https://docs.stripe.com/currencies#zero-decimal, #three-decimal and #special-cases
WITHOUT_DECIMALS = (
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf",
)  # fmt: skip
WITH_THREE = ["bhd", "jod", "kwd", "omr", "tnd"]
WHOLE_ONLY = ["isk", "ugx"]
# CLDR writes some of these without decimals; Stripe charges all of them in hundredths.
WITH_TWO = ["huf", "twd", "idr", "cop", "usd", "eur", "gbp", "cad", "aud", "mxn", "chf", "sek"]


@pytest.mark.parametrize("currency", WITHOUT_DECIMALS)
def test_a_currency_without_decimals_is_counted_in_units(currency: str) -> None:
    assert money.parse_amount("2500", currency) == 2500
    assert "2,500" in money.format_money(2500, currency)
    assert money.plain_amount(2500, currency) == "2500"
    assert money.to_decimal(2500, currency) == 2500
    for typed in ("25.0", "25.50"):
        with pytest.raises(AmountInvalid, match="whole amounts only"):
            money.parse_amount(typed, currency)
    assert money.calculate_fee_cover(2501, Decimal(0), 30, currency) == 30


@pytest.mark.parametrize("currency", WITH_THREE)
def test_a_currency_with_three_decimals_is_charged_in_hundredths(currency: str) -> None:
    assert money.parse_amount("25.5", currency) == 25_500
    assert money.parse_amount("25.120", currency) == 25_120
    assert money.plain_amount(25_500, currency) == "25.500"
    assert money.to_decimal(25_500, currency) == Decimal("25.5")
    assert money.format_money(25_500, currency).endswith("25.500")
    with pytest.raises(AmountInvalid, match=f"{currency.upper()} allows at most two decimals"):
        money.parse_amount("25.125", currency)
    assert money.calculate_fee_cover(2550, Decimal("0.029"), 30, currency) == 110


@pytest.mark.parametrize("currency", WHOLE_ONLY)
def test_a_currency_of_whole_amounts_is_sent_in_hundredths(currency: str) -> None:
    assert money.parse_amount("2500", currency) == 250_000
    assert "2,500" in money.format_money(250_000, currency)
    with pytest.raises(AmountInvalid, match=f"{currency.upper()} allows whole amounts only"):
        money.parse_amount("2500.01", currency)
    assert money.calculate_fee_cover(25_500, Decimal("0.029"), 30, currency) == 800


@pytest.mark.parametrize("currency", WITH_TWO)
def test_every_other_currency_has_hundredths(currency: str) -> None:
    assert money.parse_amount("25.5", currency) == 2550
    assert money.plain_amount(2550, currency) == "25.50"
    assert money.format_money(2550, currency).endswith("25.50")
    assert money.calculate_fee_cover(2551, Decimal(0), 30, currency) == 30


# https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts, as Stripe writes them; a currency that is not
# listed there begins with one unit.
STRIPES_MINIMUMS = (
    "USD 0.50, AED 2.00, AUD 0.50, BGN 1.00, BRL 0.50, CAD 0.50, CHF 0.50, CZK 15.00, DKK 2.50, EUR 0.50, GBP 0.30,"
    " HKD 4.00, HUF 175.00, INR 0.50, JPY 50, MXN 10, MYR 2, NOK 3.00, NZD 0.50, PLN 2.00, RON 2.00, SEK 3.00,"
    " SGD 0.50, THB 10, KWD 1.00, CLP 1, ISK 1, TWD 1.00"
)


def test_a_new_campaign_asks_for_at_least_what_stripe_charges() -> None:
    shown = dict(one.lower().split() for one in STRIPES_MINIMUMS.split(", "))
    wanted = {currency: money.parse_amount(amount, currency) for currency, amount in shown.items()}
    assert {currency: money.usual_minimum(currency) for currency in shown} == wanted


@pytest.mark.parametrize(
    ("currency", "suggested"),
    [
        ("jpy", [100, 250, 500, 1000, 2500]),
        ("clp", [10, 25, 50, 100, 250]),
        ("huf", [100_000, 250_000, 500_000, 1_000_000, 2_500_000]),
        ("czk", [10_000, 25_000, 50_000, 100_000, 250_000]),
        ("mxn", [10_000, 25_000, 50_000, 100_000, 250_000]),
        ("thb", [10_000, 25_000, 50_000, 100_000, 250_000]),
        ("hkd", [1000, 2500, 5000, 10_000, 25_000]),
        ("kwd", [10_000, 25_000, 50_000, 100_000, 250_000]),
    ],
)
def test_suggestions_are_at_least_twice_the_minimum(currency: str, suggested: list[int]) -> None:
    assert money.usual_suggestions(currency) == suggested


def test_every_currency_has_the_decimals_that_stripe_documents() -> None:
    shown = {0: WITHOUT_DECIMALS, 3: WITH_THREE, 2: (*WITH_TWO, *WHOLE_ONLY)}
    for places, currencies in shown.items():
        amounts = {currency: money.parse_amount("25", currency) for currency in currencies}
        assert amounts == dict.fromkeys(currencies, 25 * 10**places)


def test_a_currencys_code_is_understood_on_both_sides_and_in_both_cases() -> None:
    for typed in ("USD 25", "USD25", "25 USD", "25USD", "usd 25", "usd25", "25 usd", "25usd"):
        assert money.parse_amount(typed, "usd") == 2500, typed
    for typed in ("USD", "usd", "Usd 25", "USD 25 USD"):
        with pytest.raises(AmountInvalid):
            money.parse_amount(typed, "usd")


def test_what_was_typed_is_quoted_up_to_forty_characters() -> None:
    for typed, quoted in {"a" * 40: "a" * 40, "a" * 41: "a" * 39 + "…"}.items():
        with pytest.raises(AmountInvalid, match=f"“{quoted}” is not an amount"):
            money.parse_amount(typed, "usd")
