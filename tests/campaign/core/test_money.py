"""Amounts: parsed as people type them, formatted as they expect, never a float."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core import money
from campaign.core.errors import AmountInvalid

CURRENCIES = (
    "aed", "aud", "bgn", "bhd", "bif", "brl", "cad", "chf", "clp", "czk", "dkk", "eur", "gbp", "hkd", "huf", "inr",
    "isk", "jod", "jpy", "krw", "kwd", "mxn", "myr", "nok", "nzd", "omr", "pln", "ron", "sek", "sgd", "thb", "tnd",
    "ugx", "usd", "vnd", "xof",
)  # fmt: skip
UNCLEAR = [
    "abc", "-5", "0", "0.00", "0.001", "NaN", "nan", "inf", "-inf", "Infinity", "1e9", "1E2", "１２", "٢٥", "²5",
    "25,00", "1,00", "1,0000", "1,00,000", "10.000,00", "25.005", "1,000.5.0", ",250", "", " ", "$", ".", "$-5",
    "+25", "25 000", "25_000", "0x19", "25%", "€25", "25$25", "1/2", "½", "25\n25", "\0", "25\0", "25 dollars",
    "9" * 13, "9" * 5000, "1,234,567,890,123,456", "1234,567", ",000", "1,", "25.", "1,000,00",
]  # fmt: skip


@pytest.mark.parametrize("text", UNCLEAR)
def test_an_ambiguous_or_invalid_amount_is_rejected(text: str) -> None:
    with pytest.raises(AmountInvalid) as refused:
        money.parse_amount(text, "usd")
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("25", 2500),
        ("25.00", 2500),
        ("25.5", 2550),
        ("0.01", 1),
        (" 25 ", 2500),
        ("$25", 2500),
        ("$ 25", 2500),
        ("25 $", 2500),
        ("25 usd", 2500),
        ("USD 25", 2500),
        ("$1,000", 100_000),
        ("1,000.50", 100_050),
        ("12,345,678.90", 1_234_567_890),
        ("999999999", 99_999_999_900),
        ("9" * 12, int("9" * 12 + "00")),
        ("1,234,567,890,123", 123_456_789_012_300),
        ("999,999", 99_999_900),
        ("100,000", 10_000_000),
    ],
)
def test_amounts_are_read_as_people_type_them(text: str, minor: int) -> None:
    assert money.parse_amount(text, "usd") == minor


@pytest.mark.parametrize(
    "typed", ["1 000,50", "1\u00a0000,50", "1\u202f000,50", "1000,5", "1 000,50 €"]
)
def test_a_locale_that_groups_by_spaces_accepts_any_space(typed: str) -> None:
    assert money.parse_amount(typed, "eur", "fr") == 100_050


@pytest.mark.parametrize("typed", ["10 00,50", "1  000", "0 500", "1.000,50", "1,000.50"])
def test_a_space_in_the_wrong_place_is_refused(typed: str) -> None:
    with pytest.raises(AmountInvalid):
        money.parse_amount(typed, "eur", "fr")


@pytest.mark.parametrize(
    ("text", "locale", "minor"),
    [
        ("25,00", "es", 2500),
        ("1.000", "es", 100_000),
        ("1.000,50", "es", 100_050),
        ("25,00", "de", 2500),
        ("25,00 $", "fr", 2500),
    ],
)
def test_an_amount_is_read_in_the_locale_of_its_page(text: str, locale: str, minor: int) -> None:
    assert money.parse_amount(text, "usd", locale) == minor


@pytest.mark.parametrize(("text", "locale"), [("25.00", "es"), ("1,000", "es"), ("1.00", "de")])
def test_another_locales_amount_is_rejected(text: str, locale: str) -> None:
    with pytest.raises(AmountInvalid):
        money.parse_amount(text, "usd", locale)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("2500", "jpy", 2500),
        ("¥2,500", "jpy", 2500),
        ("25.50", "kwd", 25_500),
        ("25.500", "kwd", 25_500),
        ("2500", "isk", 250_000),
        ("2500.00", "isk", 250_000),
        ("25€", "eur", 2500),
        ("CA$25", "cad", 2500),
    ],
)
def test_a_currency_has_its_own_decimals(text: str, currency: str, minor: int) -> None:
    assert money.parse_amount(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "why"),
    [
        ("25.00", "jpy", "whole amounts only"),
        ("25.5", "jpy", "whole amounts only"),
        ("25.50", "isk", "whole amounts only"),
        ("25.555", "kwd", "at most two decimals"),
        ("25.5555", "kwd", "at most 3 digits after"),
        ("25.005", "usd", "at most 2 digits after"),
    ],
)
def test_too_many_decimals_are_refused_by_name(text: str, currency: str, why: str) -> None:
    with pytest.raises(AmountInvalid, match=why):
        money.parse_amount(text, currency)


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "written"),
    [
        (2500, "usd", "en", "$25"),
        (2550, "usd", "en", "$25.50"),
        (5_000_000, "usd", "en", "$50,000"),
        (1, "usd", "en", "$0.01"),
        (0, "usd", "en", "$0"),
        (-2500, "usd", "en", "-$25"),
        (2500, "jpy", "en", "¥2,500"),
        (2550, "eur", "en", "€25.50"),
        (123_450, "eur", "de", "1.234,50\u00a0€"),
    ],
)
def test_money_is_written_as_people_write_it(
    minor: int, currency: str, locale: str, written: str
) -> None:
    assert money.format_money(minor, currency, locale) == written


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [(2500, "usd", "25"), (2550, "usd", "25.50"), (100_000, "usd", "1000"), (25, "jpy", "25")],
)
def test_a_form_value_has_no_symbol(minor: int, currency: str, written: str) -> None:
    assert money.plain_amount(minor, currency) == written


@pytest.mark.parametrize(("text", "code"), [("usd", "usd"), (" EUR ", "eur"), ("Jpy", "jpy")])
def test_a_currency_is_a_lower_case_code(text: str, code: str) -> None:
    assert money.currency_code(text) == code


@pytest.mark.parametrize("text", ["", "dollars", "us", "zzz", "$", "usd\n1", "ｕｓｄ", "us1"])
def test_an_unknown_currency_is_rejected(text: str) -> None:
    with pytest.raises(AmountInvalid, match="is not a currency"):
        money.currency_code(text)


@pytest.mark.parametrize("currency", CURRENCIES)
def test_suggested_amounts_rise_between_the_smallest_and_the_largest_charge(currency: str) -> None:
    suggested = money.usual_suggestions(currency)
    assert suggested == sorted(set(suggested))
    assert money.usual_minimum(currency) <= suggested[0]
    assert suggested[-1] <= money.LARGEST_CHARGE
    for minor in suggested:
        assert money.parse_amount(money.plain_amount(minor, currency), currency) == minor


def test_the_usual_suggestions_in_dollars() -> None:
    assert money.usual_suggestions("usd") == [1000, 2500, 5000, 10_000, 25_000]


@given(
    st.integers(1, money.LARGEST_CHARGE),
    st.integers(0, 499).map(lambda thousandths: Decimal(thousandths) / 1000),
    st.integers(0, 1000),
)
def test_what_is_left_of_a_covered_gift_is_the_gift(amount: int, rate: Decimal, fixed: int) -> None:
    fee_cover = money.calculate_fee_cover(amount, rate, fixed, "usd")
    gross = amount + fee_cover
    fee = int((gross * rate).quantize(Decimal(1), rounding=ROUND_HALF_UP)) + fixed
    assert fee_cover >= 0
    assert amount - 1 <= gross - fee <= amount + 1


def test_the_cover_of_25_dollars() -> None:
    assert money.calculate_fee_cover(2500, Decimal("0.029"), 30, "usd") == 106


@pytest.mark.parametrize(("currency", "step"), [("isk", 100), ("kwd", 10)])
def test_a_covered_gift_can_be_charged(currency: str, step: int) -> None:
    assert (
        step * 255 + money.calculate_fee_cover(step * 255, Decimal("0.029"), 30, currency)
    ) % step == 0


def chargeable(currency: str, number: int) -> int:
    """`number` of the smallest amounts of `currency` that Stripe charges."""
    step = {"isk": 100, "ugx": 100}.get(currency) or 10 ** max(0, money.decimals(currency) - 2)
    return number * step


@given(st.sampled_from(CURRENCIES), st.integers(1, money.LARGEST_CHARGE))
def test_every_written_amount_is_read_back(currency: str, number: int) -> None:
    minor = chargeable(currency, number)
    assert money.parse_amount(money.plain_amount(minor, currency), currency) == minor
    assert money.parse_amount(money.format_money(minor, currency), currency) == minor


def read_or_refused(text: str) -> int | str:
    try:
        return money.parse_amount(text, "usd")
    except AmountInvalid as refused:
        return str(refused)


@given(st.text(max_size=20))
def test_any_text_is_a_positive_amount_or_rejected_with_a_message(text: str) -> None:
    found = read_or_refused(text)
    assert found if isinstance(found, str) else found > 0


@pytest.mark.parametrize("text", ["0,500", "0,025", "00,250"])
def test_a_group_that_begins_with_zero_is_refused(text: str) -> None:
    with pytest.raises(AmountInvalid):
        money.parse_amount(text, "usd")


@pytest.mark.parametrize("currency", ["cad", "aud", "nzd", "mxn"])
def test_a_dollar_sign_is_understood_in_every_dollar(currency: str) -> None:
    assert money.parse_amount("$25", currency) == 2500


@pytest.mark.parametrize(
    ("text", "currency", "locale", "minor"),
    [
        ("25 CA$", "cad", "en", 2500),
        ("CAD 25", "cad", "en", 2500),
        ("cad25", "cad", "en", 2500),
        ("US$25", "usd", "es", 2500),
        ("25 US$", "usd", "es", 2500),
        ("25,50 USD", "usd", "es", 2550),
        ("CA$25", "cad", "es", 2500),
        ("25 A$", "aud", "de", 2500),
        ("CHF 25", "chf", "en", 2500),
        ("25 £", "gbp", "en", 2500),
        ("￥2,500", "jpy", "ja", 2500),
    ],
)
def test_a_sign_or_code_may_be_on_either_side(
    text: str, currency: str, locale: str, minor: int
) -> None:
    assert money.parse_amount(text, currency, locale) == minor


@pytest.mark.parametrize("text", ["$25$", "25 eur", "EUR 25", "C$25", "A$25"])
def test_the_sign_of_another_currency_is_refused(text: str) -> None:
    with pytest.raises(AmountInvalid):
        money.parse_amount(text, "usd")


@pytest.mark.parametrize(
    ("text", "currency", "locale", "said"),
    [
        ("", "usd", "en", "Enter an amount, for example 25."),
        ("$", "usd", "en", "Enter an amount, for example 25."),
        ("abc", "usd", "en", "“abc” is not an amount we can read. Use digits, for example 25 or 25.50."),
        ("a" * 40, "usd", "en", f"“{'a' * 40}” is not an amount we can read. Use digits, for example 25 or 25.50."),
        ("a" * 41, "usd", "en", f"“{'a' * 39}…” is not an amount we can read. Use digits, for example 25 or 25.50."),
        ("25.5", "eur", "de", "“25.5” is not an amount we can read. Use digits, for example 25 or 25,50."),
        ("0", "usd", "en", "The amount must be more than zero."),
        ("0.00", "usd", "en", "The amount must be more than zero."),
        ("25.001", "usd", "en", "“25.001” has too many decimals: USD allows at most 2 digits after the “.”."),
        ("25,001", "eur", "de", "“25,001” has too many decimals: EUR allows at most 2 digits after the “,”."),
        ("25.1", "jpy", "en", "“25.1” has too many decimals: JPY allows whole amounts only."),
        ("25.123456", "usd", "en", "“25.123456” has too many decimals: USD allows at most 2 digits after the “.”."),
        ("25.1234567", "usd", "en", "“25.1234567” is not an amount we can read. Use digits, for example 25 or 25.50."),
    ],
)  # fmt: skip
def test_a_refusal_says_what_to_type(text: str, currency: str, locale: str, said: str) -> None:
    with pytest.raises(AmountInvalid) as refused:
        money.parse_amount(text, currency, locale)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "written"),
    [
        (25_500, "kwd", "en", "KWD\u00a025.500"),
        (25_000, "kwd", "en", "KWD\u00a025"),
        (2550, "chf", "en", "CHF\u00a025.50"),
        (2550, "cad", "en", "CA$25.50"),
        (250_000, "huf", "en", "HUF\u00a02,500"),
        (100_050, "usd", "es_US", "$1,000.50"),
        (100_000, "eur", "de", "1.000\u00a0€"),
        (5, "usd", "en", "$0.05"),
        (123_456_789, "usd", "en", "$1,234,567.89"),
        (-50, "usd", "en", "-$0.50"),
    ],
)
def test_a_code_is_set_apart_and_cents_are_written_only_if_there_are_any(
    minor: int, currency: str, locale: str, written: str
) -> None:
    assert money.format_money(minor, currency, locale) == written


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "written"),
    [
        (2550, "eur", "de", "25,50"),
        (2505, "usd", "en", "25.05"),
        (5, "usd", "en", "0.05"),
        (100_050, "usd", "es", "1000,50"),
        (2500, "eur", "de", "25"),
    ],
)
def test_a_form_value_has_the_decimal_sign_of_its_page(
    minor: int, currency: str, locale: str, written: str
) -> None:
    assert money.plain_amount(minor, currency, locale) == written
    assert money.parse_amount(written, currency, locale) == minor


def test_a_charge_has_at_most_eight_digits() -> None:
    assert len(str(money.LARGEST_CHARGE)) == 8
    assert len(str(money.LARGEST_CHARGE + 1)) == 9


@pytest.mark.parametrize(
    ("amount", "rate", "fixed", "cover"),
    [
        (2500, "0", 0, 0),
        (2500, "0", 30, 30),
        (1000, "0.029", 30, 61),  # 1030 / 0.971 = 1060.76
        (10_000, "0.029", 30, 330),  # 10030 / 0.971 = 10329.56
        (2, "0.2", 0, 1),  # half a cent is rounded up: 2 / 0.8 = 2.5
        (3, "0.2", 3, 5),  # 6 / 0.8 = 7.5
        (1, "0.2", 0, 0),  # 1 / 0.8 = 1.25
        (5, "0.2", 0, 1),  # 5 / 0.8 = 6.25
    ],
)
def test_covered_fees_are_rounded_to_the_nearest_cent(
    amount: int, rate: str, fixed: int, cover: int
) -> None:
    assert money.calculate_fee_cover(amount, Decimal(rate), fixed, "usd") == cover


def test_the_sign_of_a_currency_is_the_one_of_the_page() -> None:
    assert [money.symbol("usd", locale) for locale in ("en", "es", "fr_CA")] == [
        "$",
        "US$",
        "$\u00a0US",
    ]
    assert [money.symbol(currency) for currency in ("usd", "jpy", "kwd")] == ["$", "¥", "KWD"]


@pytest.mark.parametrize(
    ("rate", "currency", "other", "shown"),
    [
        ("1.37", "usd", "cad", "1.37"),
        ("1.495", "usd", "jpy", "149.5"),
        ("0.91", "jpy", "cad", "0.0091"),
        ("3.0759", "usd", "kwd", "0.30759"),
        ("0.1", "kwd", "jpy", "100"),
    ],
)
def test_a_rate_of_minor_units_becomes_one_of_whole_units(
    rate: str, currency: str, other: str, shown: str
) -> None:
    assert money.major_rate(Decimal(rate), currency, other) == Decimal(shown)


def test_an_amount_with_its_code_has_it_once() -> None:
    assert money.with_code(2_500, "usd") == "$25 USD"
    assert money.with_code(2_500, "kwd") == "KWD\u00a02.500"
