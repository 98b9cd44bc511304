"""Tables as people have them: any delimiter and line end, quoted lines, and single bad rows that stay single."""

import tracemalloc
from pathlib import Path

import pytest

from campaign.core.csv_lists import RejectedLine
from campaign.core.errors import ListInvalid
from campaign.moving.tables import LONGEST_ROW, MOST_LINES, Table, TableRow, open_table


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "list.csv"


def opened(file: Path, content: str | bytes, single: str = "") -> Table:
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_table(file, single=single)


def rows(table: Table) -> list[tuple[int, list[str]]]:
    found = list(table.rows())
    assert all(isinstance(row, TableRow) for row in found), found
    return [(row.line, list(row.cells.values())) for row in found if isinstance(row, TableRow)]


def refusals(table: Table) -> list[tuple[int, str]]:
    return [(row.line, row.reason) for row in table.rows() if isinstance(row, RejectedLine)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(file: Path, delimiter: str, end: str) -> None:
    lines = [
        ["email", "name"],
        ["a@reader.test", '"Bo, Jr; | the ""first"""'],
        ["b@reader.test", ""],
    ]
    table = opened(file, end.join(delimiter.join(line) for line in lines) + end)
    assert (table.delimiter, table.columns) == (delimiter, ("email", "name"))
    expected = [(2, ["a@reader.test", 'Bo, Jr; | the "first"']), (3, ["b@reader.test", ""])]
    assert rows(table) == expected
    assert rows(table) == expected, "it can be read again"


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;", "sep=;;;"])
def test_excels_first_line_names_the_delimiter(file: Path, first: str) -> None:
    table = opened(file, f"{first}\nemail;name, as written\na@reader.test;Bo\n")
    assert table.columns == ("email", "name, as written")
    assert rows(table) == [(3, ["a@reader.test", "Bo"])]


def test_commas_within_cells_do_not_hide_the_semicolons(file: Path) -> None:
    table = opened(file, "email;name (last, first, title)\na@reader.test;Bo, Ana\n")
    assert table.delimiter == ";"


def test_names_of_columns_are_trimmed_and_unique(file: Path) -> None:
    table = opened(file, '\n\n  Email \u00a0,"First\n Name",email,,\na@reader.test,Bo,,,\n')
    assert table.columns == ("Email", "First Name", "email (2)", "column 4", "column 5")
    assert rows(table) == [(5, ["a@reader.test", "Bo", "", "", ""])]


def test_rows_of_several_lines_keep_the_line_that_they_start_on(file: Path) -> None:
    table = opened(file, 'a,b\r\n1,"x\r\ny\r\n\r\nz"\r\n\r\n,\r\n2,w\r\n\r\n\x1a')
    assert rows(table) == [(2, ["1", "x\ny\n\nz"]), (8, ["2", "w"])]


def test_a_row_with_too_many_or_too_few_cells_is_refused_alone(file: Path) -> None:
    table = opened(file, "a,b,c\n1,2\n1,2,3,4\n1,2,3,,\n4,5,6\n")
    assert refusals(table) == [
        (2, "2 cells, but the header has 3 columns"),
        (3, "4 cells, but the header has 3 columns"),
    ]
    good = [row.line for row in table.rows() if isinstance(row, TableRow)]
    assert good == [4, 5]


@pytest.mark.parametrize("rest", [0, 3, MOST_LINES + 50])
def test_an_open_quotation_mark_takes_one_row_with_it(file: Path, rest: int) -> None:
    table = opened(file, 'a,b\n1,"open\n' + "2,good\n" * rest)
    assert refusals(table) == [(2, "a quotation mark is not closed")]
    assert len([row for row in table.rows() if isinstance(row, TableRow)]) == rest


def test_a_quotation_mark_in_the_wrong_place_takes_one_row_with_it(file: Path) -> None:
    table = opened(file, 'a,b\n1,"x"y\n2,5" pipe\n3,"ok"\n')
    assert refusals(table) == [(2, "a quotation mark is in the wrong place")]
    assert [row.line for row in table.rows() if isinstance(row, TableRow)] == [3, 4]


def test_endless_lines_and_binary_rubbish_are_refused_by_line(file: Path) -> None:
    endless = b"1," + b"x" * (3 * LONGEST_ROW) + b"\n"
    table = opened(
        file, b"a,b\n" + endless + b"2,n\0ul\n" + "3,é\n4,ú\n".encode() + b"5,\xe9\n6,ok\n"
    )
    assert [line for line, _ in refusals(table)] == [2, 3, 6]
    assert [reason[:20] for _, reason in refusals(table)] == [
        "longer than 100,000 ", "contains a NUL chara", "not in the encoding ",
    ]  # fmt: skip
    assert [row.line for row in table.rows() if isinstance(row, TableRow)] == [4, 5, 7]


def test_a_plain_list_of_addresses_needs_no_header(file: Path) -> None:
    table = opened(file, "a@reader.test\nb@reader.test\n", single="email")
    assert table.columns == ("email",)
    assert rows(table) == [(1, ["a@reader.test"]), (2, ["b@reader.test"])]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("a@reader.test,Bo\n", "must name the columns"),
        (",".join(map(str, range(1001))), "more than 1000 columns"),
        ('a,"b\n' + "x\n" * 300, "header .line 1. cannot be read"),
    ],
)
def test_a_file_that_is_no_table_is_one_error(file: Path, content: str, words: str) -> None:
    with pytest.raises(ListInvalid, match=words):
        opened(file, content)


def test_a_file_that_is_not_there_is_said(file: Path) -> None:
    with pytest.raises(ListInvalid, match="Cannot read the file"):
        open_table(file)


def test_a_long_file_takes_no_more_memory_than_a_short_one(file: Path) -> None:
    def peak(count: int) -> int:
        table = opened(file, "email,name\n" + "someone@reader.test,Some One\n" * count)
        tracemalloc.start()
        assert sum(1 for _ in table.rows()) == count
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    assert peak(5000) < peak(500) + 100_000
