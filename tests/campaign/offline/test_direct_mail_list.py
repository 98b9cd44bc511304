"""A list of direct mail recipients: each row is read, or rejected by line."""

import codecs

import pytest

from campaign.core.csv_lists import RejectedLine
from campaign.core.errors import ListInvalid
from campaign.offline.direct_mail_list import DirectMailRecipient, read_recipients

HEADER = "name,number,institution,address"
Read = tuple[int, DirectMailRecipient] | RejectedLine


def read(*rows: str, header: str = HEADER, default: str = "en") -> list[Read]:
    return list(read_recipients("\n".join((header, *rows)).encode(), default))


def only(row: str, **options: str) -> DirectMailRecipient:
    (line,) = read(row, **options)
    assert not isinstance(line, RejectedLine), line
    return line[1]


def refused(row: str, header: str = HEADER) -> str:
    (found,) = read(row, header=header)
    assert isinstance(found, RejectedLine)
    assert found.line == 2
    return found.reason


def test_rows_keep_their_line_numbers_and_blank_ones_are_skipped() -> None:
    found = read("Ana,7,Prison,1 Road", "", "  ", "Bo,,Prison,", "Cy,,Prison,1 Road")
    assert [one.line if isinstance(one, RejectedLine) else one[0] for one in found] == [2, 5, 6]


def test_columns_in_any_order_and_files_from_all_programs_are_read() -> None:
    text = 'Address;Name;"Institution";LOCALE;number\r\n 1  Road | Umatilla |;Luz Pen\u0303a;Casa;es-MX;\r\n'
    expected = (2, DirectMailRecipient("Luz Pe\u00f1a", "", "Casa", ("1 Road", "Umatilla"), "es"))
    for raw in (codecs.BOM_UTF8 + text.encode(), text.encode("utf-16")):
        assert list(read_recipients(raw)) == [expected]


def test_a_row_without_a_language_has_the_campaigns_language() -> None:
    assert only("Ana,,Casa,1 Road", default="es").locale == "es"
    header = f"{HEADER},locale"
    assert only("Ana,,Casa,1 Road,", header=header, default="es").locale == "es"
    assert only("Ana,,Casa,1 Road,en_GB", header=header, default="es").locale == "en"


def test_a_file_that_lacks_a_column_is_rejected() -> None:
    for raw in (b"", b"name,number,address\nAna,7,1 Road"):
        with pytest.raises(ListInvalid, match=r"Missing: .*institution"):
            list(read_recipients(raw))


def test_a_window_line_fits_40_characters_and_a_long_name_moves_the_number_to_its_own_line() -> (
    None
):
    name = "A" * 33
    assert only(f"{name},SID 1,Prison,1 Road").window == [f"{name}, SID 1", "Prison", "1 Road"]
    assert only(f"{name}B,SID 1,Prison,1 Road").window == [f"{name}B", "SID 1", "Prison", "1 Road"]
    assert only(f"{'A' * 40},,Prison,1 Road").window[0] == "A" * 40
    assert refused(f"{'A' * 41},,Prison,1 Road").endswith(
        "longer than the 40 characters that fit the window"
    )
    assert refused(f"Ana,{'7' * 41},Prison,1 Road").startswith(repr("7" * 41))


def test_the_window_has_five_lines_and_a_long_name_takes_two() -> None:
    assert len(only("Ana,7,Prison,a|b|c").window) == 5
    assert refused("Ana,7,Prison,a|b|c|d") == "the address has 6 lines, but only 5 fit the window"
    assert (
        refused(f"{'A' * 39},SID 1,Prison,a|b|c")
        == "the address has 6 lines, but only 5 fit the window"
    )


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (" ,7,Prison,1 Road", "name is missing"),
        ("Ana,7,,1 Road", "institution is missing"),
        ("Ana,7,Prison, | ", "address is missing"),
        ("Ana,=7,Prison,1 Road", "number starts like a formula: '=7'"),
        ("Ana,7,@Prison,1 Road", "institution starts like a formula: '@Prison'"),
        ("Ana,7,Pri\u202eson,1 Road", "institution contains a control character"),
        ('"Ana,7,Prison,1 Road', "a quotation mark is not closed on the same line"),
        ("Ana,7,Prison,1 Road,en", "5 fields, but the header has 4 columns"),
    ],
)
def test_rows_that_cannot_be_mailed_are_reported(row: str, words: str) -> None:
    assert refused(row) == words


def test_one_person_is_listed_once_however_the_name_is_typed() -> None:
    found = read("Ana,7,Prison,1 Road", "ANA , 7,prison,2 Road", "Ana,8,Prison,1 Road")
    assert found[1] == RejectedLine(3, "the same person is already on line 2")
    assert not isinstance(found[2], RejectedLine)
