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


def test_a_row_without_a_reference_gets_one_from_its_content() -> None:
    blank, dearer = ROW.format(""), ROW.format("").replace("25", "26")
    first, second, other = references(f"{HEADER}\n{blank}\n{ROW.format('  ')}\n{dearer}")
    assert second == f"{first} 2"
    assert other not in (first, second)
    assert references(f"{HEADER},kind\n{blank},") == [first]
