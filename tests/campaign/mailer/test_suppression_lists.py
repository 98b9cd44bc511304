"""Suppression lists: our own export and the exports of other services."""

import pytest

from campaign.core.csv_lists import RejectedLine
from campaign.core.errors import ListInvalid
from campaign.mailer.suppression_lists import COLUMNS, SuppressionRow, read_entries
from campaign.models import SuppressionReason

HEADER = ",".join(COLUMNS)


def rows(text: str) -> list[SuppressionRow]:
    found = list(read_entries(text.encode()))
    assert not [one for one in found if isinstance(one, RejectedLine)]
    return found  # type: ignore[return-value] # as was just seen


def refusals(text: str) -> dict[int, str]:
    return {
        one.line: one.reason for one in read_entries(text.encode()) if isinstance(one, RejectedLine)
    }


def test_a_bare_list_is_addresses_from_its_first_line_on() -> None:
    first, second = rows("ana@example.org\r\n\r\n  \r\nBen@Example.org\r\n")
    assert (first.line, first.email) == (1, "ana@example.org")
    assert (second.line, second.email, second.campaign, second.detail) == (
        4,
        "Ben@example.org",
        "",
        "",
    )
    assert first.reason is SuppressionReason.imported


def test_a_header_names_columns_in_any_order_and_others_are_passed_over() -> None:
    (row,) = rows('Name,"Reason", EMAIL\n"Reyes, Ana",bounced, ana@example.org\n')
    assert (row.line, row.email, row.reason) == (2, "ana@example.org", SuppressionReason.bounced)


def test_our_own_export_comes_back_without_its_apostrophes() -> None:
    text = f"{HEADER}\n'+ana@example.org,nine-days,unsubscribed,'=1+1,2026-12-22\n"
    (row,) = rows(text)
    assert (row.email, row.campaign, row.detail) == ("+ana@example.org", "nine-days", "=1+1")
    # An apostrophe that guards nothing is a letter; in another's list it always is.
    (row,) = rows(f"{HEADER}\n'ana@example.org,,,,\n")
    assert row.email == "'ana@example.org"
    (row,) = rows("email\n'+ana@example.org\n")
    assert row.email == "'+ana@example.org"


def test_each_bad_line_is_reported_with_its_fault_and_the_others_are_read() -> None:
    text = 'email,reason\nana,\nben@example.org,bored\ncy@example.org\n"dee,\neve@example.org,\n'
    found = refusals(text)
    assert list(found) == [2, 3, 4, 5]
    assert found[2].startswith("'ana' is not an email address")
    assert found[3].startswith("'bored' is not a valid reason; use unsubscribed, ")
    assert found[4] == "1 fields, but the header has 2"
    assert found[5] == "a quotation mark is not closed on the same line"
    taken = [one for one in read_entries(text.encode()) if isinstance(one, SuppressionRow)]
    assert [(one.line, one.email) for one in taken] == [(6, "eve@example.org")]


def test_a_detail_is_what_a_database_can_hold() -> None:
    (row,) = rows(f"email,detail\nana@example.org,a\0{'x' * 1000}\n")
    assert row.detail == "a " + "x" * 998


def test_a_line_in_another_encoding_spoils_itself_and_a_file_all_of_it() -> None:
    found = list(read_entries(b"zo\xeb@example.org\nana@example.org\n"))
    assert found[0] == RejectedLine(1, "not UTF-8; save the file as UTF-8")
    assert isinstance(found[1], SuppressionRow)
    assert list(read_entries(b"")) == []
    with pytest.raises(ListInvalid):
        list(read_entries(b"\xff\xfeabc"))


def test_every_reason_of_our_own_is_read_and_an_empty_one_is_an_import() -> None:
    reasons = [one.value for one in SuppressionReason]
    text = "email,reason\n" + "".join(f"{one}@example.org,{one}\n" for one in reasons)
    found = rows(text + "none@example.org,\n")
    assert [one.reason for one in found] == [*SuppressionReason, SuppressionReason.imported]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@"])
def test_an_apostrophe_before_a_formula_of_our_export_is_removed(begin: str) -> None:
    (row,) = rows(f"{HEADER}\nana@example.org,,,'{begin}1,2026-12-22\n")
    assert row.detail == f"{begin}1"
    (other,) = rows(f"email,detail\nana@example.org,'{begin}1\n")
    assert other.detail == f"'{begin}1"
