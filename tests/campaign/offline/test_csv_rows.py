"""Reading lists of offline gifts from files, and reporting invalid rows."""

import codecs

import pytest

from campaign.core.csv_lists import RejectedLine
from campaign.core.errors import ListInvalid
from campaign.offline.csv_rows import COLUMNS, REQUIRED_COLUMNS, Row, read_rows

HEADER = ",".join(REQUIRED_COLUMNS)
ROW = "2026-12-03,,25,usd,Ana,,,,{}"


def rows(text: str, mark: bytes = b"", encoding: str = "utf-8") -> list[Row | RejectedLine]:
    return list(read_rows(mark + text.encode(encoding)))


def references(text: str) -> list[str]:
    return [one.gift.reference for one in rows(text) if isinstance(one, Row)]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (HEADER.replace(",amount", ""), "Missing: amount"),
        (f"{HEADER},color", "unknown: 'color'"),
        (f"{HEADER},code", "one appears twice"),
        ("", "Missing: received_on"),
    ],
)
def test_missing_and_unknown_columns_are_reported(header: str, words: str) -> None:
    with pytest.raises(ListInvalid, match=words):
        rows(header)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("mark", "encoding"), [(b"", "utf-8"), (codecs.BOM_UTF8, "utf-8"), (b"", "utf-16")]
)
def test_files_from_all_programs_are_read(
    delimiter: str, end: str, mark: bytes, encoding: str
) -> None:
    lines = (",".join(COLUMNS), '2026-12-03,,25,usd,"Ana""s",,"1 Main St\nReno",,7,cash,', "")
    text = end.join(lines).replace(",", delimiter)
    (row,) = rows(text, mark, encoding)
    assert isinstance(row, Row)
    assert (row.line, row.gift.name, row.gift.address) == (2, 'Ana"s', "1 Main St\nReno")
    assert (row.gift.reference, row.gift.kind) == ("7", "cash")


def test_an_open_quotation_mark_rejects_only_its_own_row() -> None:
    lines = [
        HEADER,
        ROW.format("1"),
        '2026-12-03,,25,usd,"Ben,,,,2',
        *(ROW.format(n) for n in range(3, 30)),
    ]
    found = rows("\n".join(lines))
    assert [one for one in found if isinstance(one, RejectedLine)] == [
        RejectedLine(3, "a quotation mark is not closed")
    ]
    assert len(found) == 29


def test_invalid_rows_are_reported_by_line() -> None:
    text = f"{HEADER}\n1,2\n\n,,,,,,,,\n2026-12-03,,25,usd,=SUM(A1),,,,4\na\0,,,,,,,,5"
    shown = [(one.line, one.reason) for one in rows(text) if isinstance(one, RejectedLine)]
    assert shown == [
        (2, "2 fields, but the header has 9"),
        (5, "name starts like a formula: '=SUM(A1)'"),
        (6, "received_on contains a control character"),
    ]
    (found,) = read_rows(f"{HEADER}\n".encode() + b"2026-12-03,,25,usd,Mu\xf1oz,,,,6")
    assert isinstance(found, RejectedLine)
    assert "name is not UTF-8" in found.reason


@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
@pytest.mark.parametrize("column", ["name", "email", "address", "reference", "description"])
def test_a_text_that_starts_like_a_formula_is_rejected(column: str, sign: str) -> None:
    fields = {"received_on": "2026-12-03", "amount": "25", "currency": "usd", "reference": "1"}
    line = ",".join({**fields, column: f"{sign}cmd"}.get(name, "") for name in COLUMNS)
    (found,) = rows(f"{','.join(COLUMNS)}\n{line}")
    assert found == RejectedLine(2, f"{column} starts like a formula: '{sign}cmd'")


def test_an_amount_may_be_negative_here_and_is_judged_with_the_entry() -> None:
    (found,) = rows(f"{HEADER}\n2026-12-03,,-25,usd,Ana,,,,1")
    assert isinstance(found, Row)
    assert found.gift.amount == "-25"


def test_a_row_has_at_most_ten_lines() -> None:
    for lines, whole in ((10, True), (11, False)):
        address = "\n".join(map(str, range(lines)))
        text = f'{HEADER}\n2026-12-03,,25,usd,Ana,,"{address}",,1'
        assert isinstance(rows(text)[0], Row) is whole


def test_each_field_of_a_row_is_read_and_the_campaign_is_the_lists() -> None:
    values = dict(zip(COLUMNS, "abcdefghijk", strict=True))
    text = f"{','.join(COLUMNS)}\n{','.join(values.values())}"
    (found,) = read_rows(text.encode(), "year-end")
    assert isinstance(found, Row)
    assert {name: getattr(found.gift, name) for name in COLUMNS} == values
    assert found.gift.campaign == "year-end"


@pytest.mark.parametrize("column", sorted({*COLUMNS} - {"reference"}))
def test_rows_that_differ_in_any_field_but_spacing_get_references_of_their_own(
    column: str,
) -> None:
    def line(**changes: str) -> str:
        usual = dict.fromkeys(COLUMNS, "x") | {"reference": ""}
        return ",".join((usual | changes).values())

    text = "\n".join([",".join(COLUMNS), line(), line(**{column: "y"}), line(**{column: " x "})])
    first, other, same = references(text)
    assert same == f"{first} 2"
    assert other not in (first, same)


def test_a_row_without_a_reference_gets_one_from_its_content() -> None:
    blank, dearer = ROW.format(""), ROW.format("").replace("25", "26")
    first, second, other = references(f"{HEADER}\n{blank}\n{ROW.format('  ')}\n{dearer}")
    assert second == f"{first} 2"
    assert other not in (first, second)
    assert references(f"{HEADER},kind\n{blank},") == [first]
