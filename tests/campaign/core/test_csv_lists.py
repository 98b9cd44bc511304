"""CSV files that people upload, from any program."""

import codecs

import pytest

from campaign.core.csv_lists import (
    InvalidLine,
    read_address,
    read_fields,
    read_header,
    read_lines,
)
from campaign.core.errors import ListInvalid

COLUMNS = ("email", "name", "locale")


@pytest.mark.parametrize(
    "raw",
    [
        "email\nZoë".encode(),
        "email\r\nZoë".encode(),
        "email\rZoë".encode(),
        codecs.BOM_UTF8 + "email\nZoë".encode(),
        "email\r\nZoë".encode("utf-16"),
        codecs.BOM_UTF16_BE + "email\nZoë".encode("utf-16-be"),
    ],
)
def test_a_file_has_the_same_lines_in_every_usual_encoding(raw: bytes) -> None:
    assert read_lines(raw) == [b"email", "Zoë".encode()]


def test_an_empty_file_is_one_empty_line_and_bad_bytes_affect_only_their_line() -> None:
    assert read_lines(b"") == [b""]
    assert read_lines(b"a\n\xff\nb\n") == [b"a", b"\xff", b"b", b""]
    with pytest.raises(ListInvalid, match="starts with a UTF-16 mark"):
        read_lines(codecs.BOM_UTF16_LE + b"abc")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_header_determines_the_delimiter(delimiter: str) -> None:
    line = delimiter.join([' "Email" ', "NAME", "locale"])
    assert read_header(line, ["email"], COLUMNS) == (delimiter, ["email", "name", "locale"])


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("name,locale", "must name the columns email,name. Missing: email."),
        ("", "Missing: email, name."),
        ("email,name,phone", "each once; unknown: 'phone'."),
        ("email,name,", "unknown: ''."),
        ("email,name,Email", "one appears twice."),
    ],
)
def test_an_invalid_header_says_what_is_missing(line: str, said: str) -> None:
    with pytest.raises(ListInvalid) as refused:
        read_header(line, ["email", "name"], COLUMNS)
    assert str(refused.value).endswith(said)


def test_the_error_can_list_optional_columns_too() -> None:
    with pytest.raises(ListInvalid, match=r"columns email,name,locale\. Missing: email"):
        read_header("name", ["email"], COLUMNS, named=COLUMNS)


def test_a_quoted_field_holds_the_delimiter_and_quotation_marks() -> None:
    fields = read_fields(b'ana@example.org;"Reyes; ""Ana""";', ";", COLUMNS)
    assert fields == {"email": "ana@example.org", "name": 'Reyes; "Ana"', "locale": ""}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"a,b", "2 fields, but the header has 3 columns"),
        (b"a,b,c,", "4 fields, but the header has 3 columns"),
        (b"", "0 fields, but the header has 3 columns"),
        (b'a,"b,c', "a quotation mark is not closed on the same line"),
        (b"a,Zo\xeb,c", "byte 5 is not UTF-8"),
    ],
)
def test_an_invalid_line_says_why(line: bytes, said: str) -> None:
    with pytest.raises(InvalidLine, match=said):
        read_fields(line, ",", COLUMNS)


def test_an_address_has_its_domain_in_lower_case() -> None:
    assert read_address("Ana.Reyes@Example.ORG") == "Ana.Reyes@example.org"
    for text, said in (
        ("", "no email"),
        ("ana", "'ana' is not an email address"),
        ("a@b@c", "a@b@c"),
    ):
        with pytest.raises(ValueError, match=said):
            read_address(text)


def test_a_comma_wins_where_a_header_has_as_many_semicolons() -> None:
    with pytest.raises(ListInvalid, match="unknown: 'name;locale'"):
        read_header("email,name;locale", ["email"], COLUMNS)
    assert read_header("email", ["email"], COLUMNS) == (",", ["email"])


@pytest.mark.parametrize(("delimiter", "line"), [(",", b"a,b"), (";", b"a;b"), ("\t", b"a\tb")])
def test_a_line_is_split_at_the_delimiter_of_its_header(delimiter: str, line: bytes) -> None:
    assert read_fields(line, delimiter, ("email", "name")) == {"email": "a", "name": "b"}
