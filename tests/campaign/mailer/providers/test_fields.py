"""Fields of providers' events: whatever they hold, there is a value or a fault."""

from datetime import UTC, datetime
from typing import Any

import pytest

from campaign.mailer.providers.fields import (
    address_of,
    envelope_token,
    is_permanent,
    moment_of,
    text_of,
    token_of,
)

AT = datetime(2026, 12, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("2026-12-22T08:00:05Z", datetime(2026, 12, 22, 8, 0, 5, tzinfo=UTC)),
        ("2026-12-22T10:00:05+02:00", datetime(2026, 12, 22, 8, 0, 5, tzinfo=UTC)),
        (1797926405, datetime(2026, 12, 22, 8, 0, 5, tzinfo=UTC)),
        ("1797926405", datetime(2026, 12, 22, 8, 0, 5, tzinfo=UTC)),
        (1797926405000, datetime(2026, 12, 22, 8, 0, 5, tzinfo=UTC)),
        ("2026-12-22 08:00:05", AT),  # without a zone nobody knows when
        (None, AT),
        (True, AT),
        ("yesterday", AT),
        (1e300, AT),
        ([], AT),
    ],
)
def test_a_moment_in_any_of_the_usual_forms(given: Any, read: datetime) -> None:
    assert moment_of(given, AT) == read


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (" 550\r\n no ", "550 no"),
        (550, "550"),
        (True, ""),
        (None, ""),
        (["x"], ""),
        ("a\0b", "a b"),
        ("half \ud800", "half ?"),
        ("x" * 3000, "x" * 2000),
    ],
)
def test_text_is_on_one_line_and_can_be_stored(given: Any, read: str) -> None:
    assert text_of({"field": given}, "field") == read


def test_a_token_is_taken_from_any_spelling_and_only_if_it_may_be_one() -> None:
    assert token_of({"Campaign_Token": "a" * 22}) == "a" * 22
    assert token_of({"campaign-token": ["a" * 22]}) == "a" * 22
    assert token_of({"campaign_token": "a b"}) == ""
    assert token_of({"campaign_token": 7}) == ""
    assert token_of({}) == ""
    assert envelope_token("bounces@example.org") == ""


def test_the_first_address_counts_and_an_impossible_one_is_a_fault() -> None:
    assert address_of({"a": "", "b": "Ana@Example.org"}, "a", "b") == "Ana@example.org"
    assert address_of({}, "a") == ""
    with pytest.raises(ValueError, match="is not an email address"):
        address_of({"a": "nobody"}, "a")


def test_in_doubt_the_providers_verdict_counts_only_where_it_is_one() -> None:
    assert is_permanent("words that say nothing", hard=True)
    assert not is_permanent("words that say nothing", hard=True, in_doubt=False)
    assert not is_permanent("550 5.1.1 no such user", hard=False)
    assert not is_permanent("rejected", code="550", status="5.7.1", hard=True)
    assert not is_permanent("550 5.1.1 blocked using zen.spamhaus.org", hard=True)
