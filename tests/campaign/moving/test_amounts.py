"""Amounts as people have them; whether a comma is thousands or decimals is never guessed."""

import pytest

from campaign.moving.amounts import AmountEvidence, DecimalMark, WrittenAmount, read_amount


@pytest.mark.parametrize(
    ("cell", "minor", "currency"),
    [
        ("25", 2500, ""),
        ("25.5", 2550, ""),
        ("$1,250.00", 125_000, ""),
        ("&#36;1,250.00", 125_000, ""),
        ("1.250,00", 125_000, ""),
        ("1 250,50 €", 125_050, "eur"),
        ("1'250.00", 125_000, ""),
        ("1,250,000", 125_000_000, ""),
        ("1,00,000.00", 10_000_000, ""),
        ("25.000000", 2500, ""),
        ("(25.00)", -2500, ""),
        ("($25.00)", -2500, ""),
        ("-$25.00", -2500, ""),
        ("$-25.00", -2500, ""),
        ("25.00-", -2500, ""),
        ("\u221225", -2500, ""),
        ("25 EUR", 2500, "eur"),
        ("USD 25.00", 2500, "usd"),
        ("US$25", 2500, "usd"),
        ("CA$25", 2500, "cad"),
        ("JPY 500", 500, "jpy"),
        ("0.00", 0, ""),
    ],
)
def test_an_amount_is_read(cell: str, minor: int, currency: str) -> None:
    assert read_amount(cell, "usd", None) == WrittenAmount(minor, currency)


@pytest.mark.parametrize(
    ("cell", "mark", "words"),
    [
        ("1,250", None, "thousands or decimals; choose which"),
        ("1.250", None, "thousands or decimals"),
        ("25.005", DecimalMark.point, "more decimals than USD has"),
        ("0.125", None, "more decimals"),
        ("25,00", DecimalMark.point, "not have a decimal point, as the other amounts do"),
        ("1.25E+03", None, "not an amount"),
        ("12,34,56", None, "not an amount"),
        ("1,2.3", None, "not an amount"),
        ("25 kr", None, "not an amount"),
        ("abc", None, "'abc' is not a currency"),
        ("9" * 30, None, "too large"),
        ("٢٥", None, "not an amount"),
    ],
)
def test_what_cannot_be_read_says_why(cell: str, mark: DecimalMark | None, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_amount(cell, "usd", mark)


@pytest.mark.parametrize(
    ("cell", "mark", "minor"),
    [("1,250", "point", 125_000), ("1.250", "comma", 125_000), ("1,250", "comma", 125)],
)
def test_a_person_or_the_file_decides(cell: str, mark: str, minor: int) -> None:
    assert read_amount(cell, "usd", DecimalMark(mark)) == WrittenAmount(minor, "")


def test_an_empty_cell_is_no_amount() -> None:
    assert read_amount(" ", "usd", None) is None


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["1,250", "25.00"], DecimalMark.point),
        (["1.250", "25,00"], DecimalMark.comma),
        (["1,250,000"], DecimalMark.point),
        (["1,250.00", "1.250,00"], None),
        (["1,250", "25", "", "n/a"], None),
    ],
)
def test_the_whole_file_is_the_evidence(cells: list[str], mark: DecimalMark | None) -> None:
    evidence = AmountEvidence()
    for cell in cells:
        evidence.see(cell)
    assert evidence.mark is mark
