"""Lists for the API: boundaries of filters, and pages that have each row once."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.core.errors import FieldsInvalid
from campaign.integrations.queries import (
    LARGEST_PAGE,
    Page,
    RowFilters,
    read_campaigns,
    read_donation,
    read_donations,
    read_donors,
    read_ledger,
    read_receipts,
    read_subscriptions,
)
from campaign.models import Campaign, Donation, Donor, LedgerEntry, Subscription
from campaign.runtime.context import Installation
from tests.support.raw_sql import execute, insert
from tests.support.stripe import Facts

Give = Callable[..., Facts]
AT = datetime(2025, 12, 22, 8, tzinfo=UTC)
BLINK = timedelta(microseconds=1)


@pytest.fixture
def gifts(installation: Installation, give: Give) -> list[int]:
    """Return the ids of three donations of three donors, created at the same time."""
    made = [give(email=f"{name}@example.org").donation.id for name in "abc"]
    with installation.sessions.begin() as session:
        session.execute(update(Donation).values(created_at=AT))
    return made


def ids(page: Page) -> list[int]:
    return [row.id for row in page.rows]


def sealed(*values: Any) -> str:
    """Return a cursor like that of a page."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def test_pages_have_each_row_once_newest_first_even_with_equal_times(
    installation: Installation, gifts: list[int]
) -> None:
    with installation.sessions() as session:
        first = read_donations(session, RowFilters(limit=2))
        second = read_donations(session, RowFilters(limit=2, cursor=first.next_cursor))
        whole = read_donations(session, RowFilters(limit=3))
    assert ids(first) + ids(second) == gifts[::-1]
    assert first.next_cursor is not None
    assert (second.next_cursor, whole.next_cursor) == (None, None)


def test_donations_are_in_the_order_of_their_creation_not_of_their_ids(
    installation: Installation, gifts: list[int]
) -> None:
    for number, hours in zip(gifts, (2, 1, 3), strict=True):
        moment = AT + timedelta(hours=hours)
        execute(
            installation, f"UPDATE donation SET created_at = :at WHERE id = {number}", at=moment
        )
    first, second, third = gifts
    with installation.sessions() as session:
        pages = [read_donations(session, RowFilters(limit=1))]
        while pages[-1].next_cursor:
            cursor = pages[-1].next_cursor
            pages.append(read_donations(session, RowFilters(limit=1, cursor=cursor)))
    assert [ids(page) for page in pages] == [[third], [first], [second]]


def test_a_page_has_fifty_rows_unless_asked_for_more_or_fewer(session: Session) -> None:
    session.add_all(Donor(email="", name=str(number)) for number in range(51))
    session.flush()
    first = read_donors(session, RowFilters())
    assert len(first.rows) == 50
    assert len(read_donors(session, RowFilters(cursor=first.next_cursor)).rows) == 1
    assert LARGEST_PAGE == 200


def test_a_new_row_does_not_shift_later_pages(
    installation: Installation, gifts: list[int], give: Give
) -> None:
    with installation.sessions() as session:
        first = read_donations(session, RowFilters(limit=2))
    give(email="d@example.org")
    with installation.sessions() as session:
        rest = read_donations(session, RowFilters(limit=2, cursor=first.next_cursor))
    assert ids(rest) == gifts[:1]


def test_since_is_inclusive_and_until_is_exclusive(
    installation: Installation, gifts: list[int]
) -> None:
    def found(**filters: datetime) -> int:
        with installation.sessions() as session:
            return len(read_donations(session, RowFilters(**filters)).rows)

    assert (found(since=AT), found(since=AT + BLINK)) == (3, 0)
    assert (found(until=AT), found(until=AT + BLINK)) == (0, 3)


@pytest.mark.parametrize(
    ("read", "table", "column"),
    [
        (read_donations, "donation", "created_at"),
        (read_donors, "donor", "created_at"),
        (read_receipts, "receipt", "issued_at"),
    ],
)
def test_each_list_is_filtered_by_its_own_moment(
    installation: Installation,
    paid: Facts,
    read: Callable[[Session, RowFilters], Page],
    table: str,
    column: str,
) -> None:
    execute(installation, f"UPDATE {table} SET {column} = :at", at=AT)
    with installation.sessions() as session:
        for filters, rows in (
            ({"since": AT}, 1),
            ({"since": AT + BLINK}, 0),
            ({"until": AT}, 0),
            ({"until": AT + BLINK}, 1),
        ):
            assert len(read(session, RowFilters(**filters)).rows) == rows, filters


def test_the_ledger_is_filtered_by_when_money_moved_not_by_when_it_was_recorded(
    installation: Installation, paid: Facts
) -> None:
    with installation.sessions() as session:
        moved = session.scalars(select(LedgerEntry.occurred_at)).one()
        for filters, rows in (
            ({"since": moved, "until": moved + BLINK}, 1),
            ({"since": moved + BLINK}, 0),
            ({"until": moved}, 0),
        ):
            assert len(read_ledger(session, RowFilters(**filters)).rows) == rows, filters


def test_filters_are_combined(installation: Installation, gifts: list[int]) -> None:
    execute(installation, f"UPDATE donation SET state = 'expired' WHERE id = {gifts[1]}")
    with installation.sessions() as session:
        donor = session.get_one(Donation, gifts[1]).donor_id

        def found(**filters: Any) -> list[int]:
            return ids(read_donations(session, RowFilters(**filters)))

        assert found(state="expired") == [gifts[1]]
        assert found(donor=donor) == [gifts[1]]
        assert found(donor=donor, state="pending") == []
        assert found(campaign="nine-days") == gifts[::-1]
        assert found(campaign="nowhere") == []


def test_merged_and_erased_donors_are_not_listed(installation: Installation) -> None:
    kept, merged, erased = (insert(installation, Donor, email="", name=name) for name in "abc")
    execute(installation, f"UPDATE donor SET merged_into_id = {kept} WHERE id = {merged}")
    gone = f"UPDATE donor SET erased_at = now(), name = '' WHERE id = {erased}"
    execute(installation, gone)
    with installation.sessions() as session:
        assert ids(read_donors(session, RowFilters())) == [kept]


def test_entries_without_a_campaign_are_listed(installation: Installation, paid: Facts) -> None:
    execute(
        installation,
        "INSERT INTO ledger_entry (donation_id, kind, amount, currency, occurred_at, source)"
        " VALUES (:donation, 'refund', -500, 'usd', now(), 're_1')",
        donation=paid.donation.id,
    )
    with installation.sessions() as session:
        page = read_ledger(session, RowFilters(limit=1))
        rest = read_ledger(session, RowFilters(limit=1, cursor=page.next_cursor))
        (mine,) = read_ledger(session, RowFilters(campaign="nine-days")).rows
    ((entry, campaign, donation),) = page.rows
    assert (entry.kind, campaign, donation) == ("refund", None, paid.donation.public_id)
    assert [tuple(row)[1] for row in rest.rows] == ["nine-days"]
    assert rest.next_cursor is None
    assert mine[0].kind == "payment"


def test_every_list_loads_related_rows(
    installation: Installation, campaign: Campaign, paid: Facts
) -> None:
    insert(
        installation, Subscription, stripe_id="sub_1", campaign_id=campaign.id, frequency="monthly",
        donor_id=paid.donation.donor_id, amount=1000, currency="usd",
    )  # fmt: skip
    with installation.sessions() as session:
        (receipt,) = read_receipts(session, RowFilters()).rows
        (gift,) = read_subscriptions(session, RowFilters(state="active")).rows
        assert read_subscriptions(session, RowFilters(state="ended")).rows == []
        assert read_subscriptions(session, RowFilters(donor=0)).rows == []
        assert ids(read_campaigns(session, RowFilters())) == [campaign.id]
        found = read_donation(session, paid.donation.public_id)
        assert read_donation(session, paid.donation.public_id.upper()) is None
    # Without a session: everything was loaded with the query.
    assert receipt.donation.public_id == paid.donation.public_id
    assert gift.campaign.slug == "nine-days"
    assert found is not None
    assert (found.campaign.slug, found.subscription, len(found.receipts)) == ("nine-days", None, 1)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "%%%",
        "é",
        base64.urlsafe_b64encode(b"\xff").decode(),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
        sealed(1),
        sealed(AT.isoformat(), 1, 2),
        sealed(AT.isoformat(), "1"),
        sealed(AT.isoformat(), -1),
        sealed(AT.isoformat(), 2**63),
        sealed("2026-12-22T08:00:00", 1),
        sealed("yesterday", 1),
        sealed(5, 1),
    ],
    ids=range(13),
)
def test_an_invalid_cursor_is_rejected_with_an_explanation(session: Session, cursor: str) -> None:
    with pytest.raises(FieldsInvalid, match="Use `next_cursor` of the previous page"):
        read_donations(session, RowFilters(cursor=cursor))


def test_a_cursor_can_have_the_largest_id(session: Session) -> None:
    assert read_campaigns(session, RowFilters(cursor=sealed(2**63 - 1))).rows == []


def test_a_cursor_can_have_the_smallest_id_and_any_length(
    session: Session, campaign: Campaign
) -> None:
    for number in (0, 1, 12, 123, 1_234, 12_345):
        found = read_campaigns(session, RowFilters(cursor=sealed(number))).rows
        assert [one.id for one in found] == [campaign.id] * (campaign.id < number)
