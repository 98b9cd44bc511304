"""Cells as people write them: text, addresses, yes and no, languages."""

import pytest

from campaign.moving.values import (
    name_beside_address,
    read_email,
    read_emails,
    read_language,
    read_text,
    read_yes,
)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("+Bo", "+Bo"),
        ("=HYPERLINK(1)", "=HYPERLINK(1)"),
        ("'=1+1", "=1+1"),
        ("'n Daal", "'n Daal"),
        ("  Ana \n Reyes ", "Ana Reyes"),
        ("Tom &amp; Ana", "Tom & Ana"),
    ],
)
def test_text_is_text_even_if_a_spreadsheet_would_run_it(cell: str, text: str) -> None:
    assert read_text(cell, 200) == text


def test_text_may_keep_its_lines() -> None:
    assert read_text("Keep \r\n going!", 200, lines=True) == "Keep\ngoing!"


@pytest.mark.parametrize(
    ("cell", "words"), [("a\x07b", "control character"), ("x" * 11, "longer than 10")]
)
def test_text_that_cannot_be_stored_says_why(cell: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_text(cell, 10)


@pytest.mark.parametrize(
    ("cell", "addresses"),
    [
        ("", []),
        (" d7@reader.test ", ["d7@reader.test"]),
        ("Bo <d6@reader.test>", ["d6@reader.test"]),
        ("<a@reader.test>", ["a@reader.test"]),
        ("mailto:a@reader.test?subject=x", ["a@reader.test"]),
        ("'a@reader.test'.", ["a@reader.test"]),
        ("a@READER.test,", ["a@reader.test"]),
        ("a@reader.test; b@reader.test", ["a@reader.test", "b@reader.test"]),
        ("a@reader.test,b@reader.test", ["a@reader.test", "b@reader.test"]),
        ("a@reader.test A@reader.test", ["a@reader.test"]),
        ("Bo, Jr <a@reader.test>, Al <b@reader.test>", ["a@reader.test", "b@reader.test"]),
        ("Bo <a@reader.test>; c@reader.test", ["a@reader.test", "c@reader.test"]),
    ],
)
def test_addresses_are_found_in_a_cell(cell: str, addresses: list[str]) -> None:
    assert read_emails(cell) == addresses


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("", "no email"),
        ("a@reader.test b@reader.test", "2 addresses in one cell: a@reader.test, b@reader.test"),
        ("ana", "'ana' is not an email address"),
        ("a@@reader.test", "not an email address"),
    ],
)
def test_one_address_is_needed(cell: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_email(cell)


def test_a_name_beside_an_address_is_a_name() -> None:
    assert name_beside_address('"Bo, Jr" <a@reader.test>') == "Bo, Jr"
    assert name_beside_address("a@reader.test") == ""


@pytest.mark.parametrize(
    ("cell", "yes"), [("Yes", True), ("true", True), ("1", True), ("", False), ("No", False)]
)
def test_yes_and_no(cell: str, yes: bool) -> None:
    assert read_yes(cell) is yes


def test_neither_yes_nor_no_is_refused() -> None:
    with pytest.raises(ValueError, match="neither yes nor no"):
        read_yes("maybe")


@pytest.mark.parametrize(
    ("cell", "language"),
    [
        ("", ""), ("en-US", "en"), ("EN", "en"), ("English", "en"), ("English (US)", "en"),
        ("pt-BR", "pt"), ("Portuguese, Brazil", "pt"), ("Español", "es"), ("inglés", "en"),
        ("es_MX.UTF-8", "es"), ("français", "fr"), ("zh-Hans-CN", "zh"),
    ],
)  # fmt: skip
def test_languages_by_code_and_by_name(cell: str, language: str) -> None:
    assert read_language(cell) == language


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="'Klingonish!' is not a language"):
        read_language("Klingonish!")
