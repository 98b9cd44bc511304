"""Subscriber lists: what is read, and what is refused with which message."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaign.core.csv_lists import RejectedLine
from campaign.core.errors import ListInvalid
from campaign.outreach.subscriber_lists import Consent, read_list

NOW = datetime(2026, 12, 1, 18, tzinfo=UTC)
ZONE = ZoneInfo("America/Los_Angeles")
HEADER = "email,name,locale,timezone,consent_source,consent_at"
ADA = "ada@example.org,Ada,en,America/New_York,newsletter form,2026-01-05T10:00:00-05:00"


def read(*lines: str, header: str = HEADER) -> list[Consent | RejectedLine]:
    return list(read_list("\n".join([header, *lines]).encode(), ZONE, NOW))


def refusal(line: str) -> str:
    (found,) = read(line)
    assert isinstance(found, RejectedLine)
    assert found.line == 2
    return found.reason


def test_a_person_who_agreed_is_read() -> None:
    assert read(ADA) == [
        Consent(
            email="ada@example.org",
            name="Ada",
            locale="en",
            timezone="America/New_York",
            consent_source="newsletter form",
            consent_wording="",
            consent_at=datetime(2026, 1, 5, 15, tzinfo=UTC),
        )
    ]


def test_a_bare_day_of_consent_begins_in_the_organisations_zone() -> None:
    (found,) = read("ada@example.org,,,,form,2026-01-05")
    assert isinstance(found, Consent)
    assert found.consent_at == datetime(2026, 1, 5, 8, tzinfo=UTC)
    assert (found.locale, found.timezone, found.name) == ("en", None, "")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("ada,,,,form,2026-01-05", "not an email address"),
        (",,,,form,2026-01-05", "no email"),
        ("ada@example.org,,,,,2026-01-05", "no consent_source"),
        ("ada@example.org,,,,form,", "no consent_at"),
        ("ada@example.org,,,,form,yesterday", "consent_at: 'yesterday' is neither"),
        ("ada@example.org,,,,form,2027-01-05", "in the future"),
        ("ada@example.org,,,Mars/Olympus,form,2026-01-05", "not a time zone"),
        ("ada@example.org,,Klingonish!,,form,2026-01-05", "is not a language"),
        ("ada@example.org,=HYPERLINK(1),,,form,2026-01-05", "starts like a formula"),
        ("ada@example.org,@SUM(A1),,,form,2026-01-05", "starts like a formula"),
        ("-ada@example.org,,,,form,2026-01-05", "starts like a formula"),
        ("ada@example.org,+1 555,,,form,2026-01-05", "name starts like a formula: '+1 555'"),
        ("ada@example.org,\t=1+1,,,form,2026-01-05", "starts like a formula"),
        ("ada@example.org,,,,=form,2026-01-05", "consent_source starts like a formula"),
        (f"ada@example.org,,,,{'f' * 201},2026-01-05", "consent_source is longer than 200"),
        (f"ada@example.org,,{'e' * 101},,form,2026-01-05", "locale is longer than 100"),
        (f"{'a' * 243}@example.org,,,,form,2026-01-05", "email is longer than 254"),
        (f"ada@example.org,=1{'x' * 90},,,form,2026-01-05", f"formula: '=1{'x' * 38}'"),
        ("ada@example.org,A\x0bda,,,form,2026-01-05", "control character"),
        ("ada@example.org,A\x00da,,,form,2026-01-05", "control character"),
        (f"ada@example.org,{'A' * 201},,,form,2026-01-05", "longer than 200"),
        ("ada@example.org,Ada,form,2026-01-05", "4 fields, but the header has 6 columns"),
        ('ada@example.org,"Ada,,,form,2026-01-05', "quotation mark is not closed"),
        ("a@b@example.org,,,,form,2026-01-05", "not an email address"),
        ("Ada <ada@example.org>,,,,form,2026-01-05", "not an email address"),
    ],
)
def test_a_refused_line_says_why(line: str, reason: str) -> None:
    assert reason in refusal(line)


def test_an_address_counts_once_in_a_file_without_regard_to_case() -> None:
    first, second = read(ADA, ADA.replace("ada@", "ADA@"))
    assert isinstance(first, Consent)
    assert isinstance(second, RejectedLine)
    assert (second.line, second.reason) == (3, "ADA@example.org is already on line 2")


def test_empty_lines_are_nothing_and_lines_are_counted_as_an_editor_does() -> None:
    found = read("", ADA, "", "broken,,,,form,2026-01-05")
    assert [type(one) for one in found] == [Consent, RejectedLine]
    assert isinstance(found[1], RejectedLine)
    assert found[1].line == 5


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_files_with_a_mark_of_their_encoding_are_read(encoding: str) -> None:
    raw = f"{HEADER}\r\n{ADA.replace('Ada', 'Ádá')}\r\n".encode(encoding)
    (found,) = read_list(raw, ZONE, NOW)
    assert isinstance(found, Consent)
    assert found.name == "Ádá"


def test_a_line_in_excels_own_encoding_is_refused_and_the_rest_kept() -> None:
    raw = f"{HEADER}\n{ADA}\n".encode() + "bea@example.org,Béa,,,form,2026-01-05\n".encode("cp1252")
    good, bad = read_list(raw, ZONE, NOW)
    assert isinstance(good, Consent)
    assert isinstance(bad, RejectedLine)
    assert "not UTF-8" in bad.reason


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_spreadsheets_of_other_countries_part_fields_otherwise(delimiter: str) -> None:
    line = f'ada@example.org{delimiter}"Ada, the first"{delimiter * 3}form{delimiter}2026-01-05'
    (found,) = read(line, header=HEADER.replace(",", delimiter))
    assert isinstance(found, Consent)
    assert found.name == "Ada, the first"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "Missing: email, consent_source, consent_at"),
        (b"email,name\n", "Missing: consent_source, consent_at"),
        (HEADER.encode() + b",shoe_size\n", "unknown: 'shoe_size'"),
        (HEADER.encode() + b",email\n", "appears twice"),
        (b"\xff\xfee\x00m\x00", "Missing: email"),
        (b"\xff\xfe\x00", "Save it as UTF-8"),
        ("é,email".encode("cp1252"), "header is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_is_one_error(raw: bytes, words: str) -> None:
    with pytest.raises(ListInvalid, match=words):
        list(read_list(raw, ZONE, NOW))


@pytest.mark.parametrize(
    ("ahead", "accepted"), [(timedelta(minutes=5), True), (timedelta(minutes=5, seconds=1), False)]
)
def test_a_clock_that_goes_ahead_up_to_five_minutes_is_no_fault(
    ahead: timedelta, accepted: bool
) -> None:
    (found,) = read(f"ada@example.org,,,,form,{(NOW + ahead).isoformat()}")
    assert isinstance(found, Consent) is accepted


def test_fields_may_be_as_long_as_they_are_stored() -> None:
    wording = f"{HEADER},consent_wording"
    line = f"ada@example.org,{'A' * 200},,,{'f' * 200},2026-01-05,"
    (found,) = read(line + "w" * 2_000, header=wording)
    assert isinstance(found, Consent)
    assert [len(one) for one in (found.name, found.consent_source, found.consent_wording)] == [
        200, 200, 2_000,
    ]  # fmt: skip
    (refused,) = read(line + "w" * 2_001, header=wording)
    assert isinstance(refused, RejectedLine)
    assert refused.reason == "consent_wording is longer than 2000 characters"


@pytest.mark.parametrize(
    ("written", "read_as"),
    [("es", "es"), ("es-MX", "es"), ("es_MX", "es"), ("EN", "en"), ("", "en"), (" es ", "es")],
)
def test_a_language_is_kept_without_its_country(written: str, read_as: str) -> None:
    (found,) = read(f"ada@example.org,,{written},,form,2026-01-05")
    assert isinstance(found, Consent)
    assert found.locale == read_as


def test_a_refused_line_leaves_its_address_to_a_better_one() -> None:
    bad, good, again = read("ada@example.org,,,,,2026-01-05", ADA, ADA)
    assert [type(one) for one in (bad, good, again)] == [RejectedLine, Consent, RejectedLine]
    assert isinstance(again, RejectedLine)
    assert again.reason == "ada@example.org is already on line 3"
