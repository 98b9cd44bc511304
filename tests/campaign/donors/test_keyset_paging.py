"""Keyset pagination: where pages begin and end in both directions, and after a deleted row."""

import pytest
from sqlalchemy.orm import Session

from campaign.donors import keyset_paging
from campaign.donors.keyset_paging import Cursor, Keys, Listing, read_keys
from campaign.donors.search_query import Search, read_donor_search
from campaign.models import Donor
from tests.support.donors import add_donor

BY_ID = Listing(Donor, ("id",))


@pytest.fixture
def ids(session: Session) -> list[int]:
    """Return five readers, newest first; the second and the fourth are named Ana."""
    names = ("Bo", "Ana", "Cy", "Ana", "Di")
    made = [add_donor(session, f"r{place}@example.org", name) for place, name in enumerate(names)]
    return [one.id for one in reversed(made)]


def test_a_page_links_to_its_neighbors_only_if_they_exist(session: Session, ids: list[int]) -> None:
    def page(cursor: Cursor) -> Keys:
        return read_keys(session, BY_ID, None, cursor, limit=2)

    assert page(Cursor()) == Keys(ids[:2], None, ids[1])
    assert page(Cursor(before=ids[1])) == Keys(ids[2:4], ids[2], ids[3])
    assert page(Cursor(before=ids[3])) == Keys(ids[4:], ids[4], None)
    assert page(Cursor(after=ids[4])) == Keys(ids[2:4], ids[2], ids[3])
    assert page(Cursor(after=ids[2])) == Keys(ids[:2], None, ids[1])
    assert page(Cursor(before=ids[4])) == Keys([], None, None)
    assert read_keys(session, BY_ID, None, Cursor(), limit=5) == Keys(ids, None, None)


def test_a_cursor_to_a_missing_row_starts_from_the_beginning(
    session: Session, ids: list[int]
) -> None:
    assert read_keys(session, BY_ID, None, Cursor(before=ids[0] + 9), limit=2).ids == ids[:2]


def test_equal_keys_are_ordered_by_the_last_column(session: Session, ids: list[int]) -> None:
    by_name = Listing(Donor, ("name", "id"))
    seen: list[int] = []
    cursor = Cursor()
    for _ in range(5):
        keys = read_keys(session, by_name, None, cursor, limit=1)
        seen += keys.ids
        cursor = Cursor(before=keys.older)
    assert (keys.older, seen) == (None, [ids[0], ids[2], ids[4], ids[1], ids[3]])


@pytest.mark.parametrize(("near", "few"), [(20_000, 5_000), (2, 5_000), (2, 1), (0, 2)])
def test_every_search_strategy_finds_the_same_rows(
    session: Session, ids: list[int], monkeypatch: pytest.MonkeyPatch, near: int, few: int
) -> None:
    monkeypatch.setattr(keyset_paging, "NEWEST_ROWS", near)
    monkeypatch.setattr(keyset_paging, "INDEX_LIMIT", few)
    search = read_donor_search(session, "ana")
    assert read_keys(session, BY_ID, search, Cursor(), limit=1) == Keys([ids[1]], None, ids[1])
    assert read_keys(session, BY_ID, search, Cursor(before=ids[1]), limit=1).ids == [ids[3]]
    assert read_keys(session, BY_ID, search, Cursor(after=ids[3]), limit=1).ids == [ids[1]]
    narrowed = Listing(Donor, ("id",), rest=lambda one: one.email == "r1@example.org")
    assert read_keys(session, narrowed, search, Cursor()).ids == [ids[3]]
    narrowed = Listing(Donor, ("id",), near=lambda one: one.id > ids[3])
    assert read_keys(session, narrowed, search, Cursor()).ids == [ids[1]]


def test_a_search_restores_the_planner_settings(session: Session, ids: list[int]) -> None:
    before = session.connection().exec_driver_sql("SHOW enable_seqscan").scalar()
    search = read_donor_search(session, "ana")
    assert isinstance(search, Search)
    assert read_keys(session, BY_ID, search, Cursor()).ids == [ids[1], ids[3]]
    assert session.connection().exec_driver_sql("SHOW enable_seqscan").scalar() == before
