"""Whether somebody is still on a list of another system; in doubt nobody is subscribed."""

import pytest

from campaign.moving.columns import ColumnMap
from campaign.moving.list_states import STATE_FIELDS, ListState, read_state, says_state, why

COLUMNS = ColumnMap({field.name: field.name for field in STATE_FIELDS})


def cells(**written: str) -> dict[str, str]:
    return {field.name: "" for field in STATE_FIELDS} | written


@pytest.mark.parametrize(
    ("written", "state"),
    [
        ({}, "unknown"),
        ({"status": "Subscribed"}, "subscribed"),
        ({"status": "opted-out"}, "unsubscribed"),
        ({"status": "Non-subscribed"}, "outside"),
        ({"status": "Cleaned"}, "bounced"),
        ({"status": "Spam complaint"}, "complained"),
        ({"subscribed": "true"}, "subscribed"),
        ({"subscribed": "false", "status": "subscribed"}, "unsubscribed"),
        ({"blocked": "Yes", "status": "subscribed"}, "unsubscribed"),
        ({"unsubscribed_at": "2024-01-01", "status": "subscribed"}, "unsubscribed"),
        ({"unsubscribed_at": "2024-01-01", "left_because": "Abuse complaint"}, "complained"),
        ({"bounced_at": "2024-01-01"}, "bounced"),
        ({"deleted_at": "2024-01-01", "subscribed": "true"}, "outside"),
    ],
)
def test_leaving_counts_more_than_a_status(written: dict[str, str], state: str) -> None:
    assert read_state(COLUMNS, cells(**written)).value == state


def test_an_unknown_status_is_an_error() -> None:
    with pytest.raises(ValueError, match="the status 'sleeping'"):
        read_state(COLUMNS, cells(status="sleeping"))


def test_only_those_who_left_are_suppressed() -> None:
    assert [state.value for state in ListState if state.reason] == [
        "unsubscribed",
        "bounced",
        "complained",
    ]


def test_a_file_says_something_or_not() -> None:
    assert says_state(COLUMNS)
    assert not says_state(ColumnMap({"email": "Email"}))


def test_where_and_when_somebody_left_is_kept() -> None:
    written = cells(bounced_at="2024-01-01", left_after="A digest")
    assert why(COLUMNS, written, "Mailchimp") == "Mailchimp, 2024-01-01: A digest"
    assert why(COLUMNS, cells(), "Ghost") == "Ghost"
