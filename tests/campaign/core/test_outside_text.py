"""Text from outside: what it should be, or None; never an exception."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.outside_text import (
    NO_URL,
    read_day,
    read_decimal,
    read_host,
    read_http_date,
    read_ip,
    read_our_url,
    read_url,
    read_whole,
)

ODD = [
    *(
        "http://[::1/c/x",
        "http://[",
        "//[",
        "http://a]",
        "http://a:b/",
        "http://a:99999999/",
        "http://a:-1",
    ),
    *("http://\u2100/", "http://[::1", "http://::1]/", "http://x:٣٣/", "http://[/]:1/"),
]


@pytest.mark.parametrize("text", [*ODD, None, 3, b"http://a/", ["http://a/"]])
def test_what_is_no_url_is_none(text: object) -> None:
    assert read_url(text) is None


def test_a_url_is_split() -> None:
    parts = read_url("https://give.example.org:8443/c/x?lang=es#top")
    assert parts is not None
    assert (parts.hostname, parts.port, parts.path) == ("give.example.org", 8443, "/c/x")
    assert read_url("/c/x") is not None
    assert read_our_url("http://[") == NO_URL


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("0", 0), ("42", 42), ("007", 7), ("", None), ("-1", None), ("+1", None), (" 1", None)),
        *(("1.0", None), ("1e3", None), ("²", None), ("٣", None), ("1_000", None), (None, None)),
        *(("9" * 18, 10**18 - 1), ("9" * 19, None), ("9" * 5000, None), (7, None), ("0x10", None)),
    ],
)
def test_a_whole_number_has_ascii_digits_and_a_bound(text: object, number: int | None) -> None:
    assert read_whole(text) == number


def test_a_whole_number_may_have_a_lower_bound() -> None:
    assert (read_whole("60", 60), read_whole("61", 60)) == (60, None)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("1.5", Decimal("1.5")), ("-2", Decimal(-2)), ("1e3", Decimal(1000))),
        *(("NaN", None), ("sNaN", None), ("Infinity", None), ("-inf", None), ("", None)),
        *(("1,5", None), ("1" * 65, None), (None, None), (1.5, None)),
    ],
)
def test_a_decimal_number_is_finite(text: object, number: Decimal | None) -> None:
    assert read_decimal(text) == number


@pytest.mark.parametrize(
    ("text", "host"),
    [
        *(("Example.ORG", "example.org"), ("bücher.example", "xn--bcher-kva.example")),
        *(("example.org.", "example.org"), ("１２７.0.0.1", "127.0.0.1"), ("::1", "::1")),
        *(("", None), ("a..b", None), ("a" * 64, None), ("\ud800", None), (".", None)),
    ],
)
def test_a_host_is_spelled_as_dns_spells_it(text: str, host: str | None) -> None:
    assert read_host(text) == host


def test_an_address_a_day_and_a_date_of_http_are_read_or_none() -> None:
    assert str(read_ip("::1")) == "::1"
    assert [read_ip(one) for one in ("0x7f.1", "127.1", "", None, "1.2.3.4.5", 1)] == [None] * 6
    assert read_day("2026-12-31") == date(2026, 12, 31)
    assert [read_day(one) for one in ("2026-02-30", "31.12.2026", "", None)] == [None] * 4
    at = datetime(2026, 12, 31, 8, 0, 5, tzinfo=UTC)
    assert read_http_date("Thu, 31 Dec 2026 08:00:05 GMT") == at
    odd = ("", "soon", None, "Thu, 31 Feb 2026 08:00:05 GMT", "1 Jan 9999 00:00:00 -9999")
    assert [read_http_date(one) for one in odd] == [None] * 5


@given(st.text() | st.from_regex(r"\A(https?://|//)?\[?[0-9a-f:.%]*\]?(:\d*)?/?\Z"))
def test_no_text_raises(text: str) -> None:
    for read in (read_url, read_ip, read_host, read_whole, read_decimal, read_day, read_http_date):
        read(text)
    read_our_url(text)
