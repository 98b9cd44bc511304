"""Every way of paging lists the same rows in the same order, forward and backward."""

from datetime import timedelta

import pytest
from sqlalchemy import event, insert, select

from campaign.core.clock import now
from campaign.donations.canonical_donors import find_donor
from campaign.donors import keyset_paging
from campaign.donors.donation_list import DonationFilters, PaymentChannel, find_donations
from campaign.donors.donor_list import find_donors
from campaign.donors.keyset_paging import Cursor
from campaign.models import Campaign, Donation, Donor
from campaign.models.base import new_public_id, new_token
from campaign.reporting.donor_detail import read_donor_detail
from campaign.runtime.context import Installation

NAMES = ("Ana Reyes", "José Ibáñez", "Mary-Ann O'Neill", "Wei Lee")


@pytest.fixture
def gifts(installation: Installation, campaign: Campaign) -> list[str]:
    """Return the public ids of 180 donations from four donors, newest first, two at each moment."""
    began = now()
    with installation.sessions.begin() as session:
        donors = [
            Donor(email=f"{name[:3].lower()}@example.org", name=name, address="") for name in NAMES
        ]
        session.add_all(donors)
        session.flush()
        rows = [
            {
                "public_id": new_public_id(),
                "token": new_token(),
                "campaign_id": campaign.id,
                "donor_id": donors[place % 4].id,
                "attempt": str(place),
                "frequency": "one_time",
                "amount": 1000 + place % 7,
                "currency": "usd",
                "state": "expired" if place % 10 else "declined",
                "email": donors[place % 4].email,
                "name": donors[place % 4].name,
                "created_at": began - timedelta(minutes=place // 2),
            }
            for place in range(180)
        ]
        session.execute(insert(Donation), rows)
        return list(
            session.scalars(
                select(Donation.public_id).order_by(Donation.created_at.desc(), Donation.id.desc())
            )
        )


def walk(installation: Installation, text: str, filters: DonationFilters) -> list[str]:
    """Return all rows by paging forward; paging backward must return the same."""
    seen: list[list[str]] = []
    cursor, ups = Cursor(), []
    with installation.sessions() as session:
        while True:
            lines, keys = find_donations(session, filters, text, cursor)
            seen.append([line.public_id for line in lines])
            assert (keys.newer is None) == (len(seen) == 1)
            if keys.older is None:
                break
            cursor = Cursor(before=keys.older)
        for page in reversed(seen[:-1]):
            assert keys.newer is not None
            lines, keys = find_donations(session, filters, text, Cursor(after=keys.newer))
            ups.append([line.public_id for line in lines])
            assert ups[-1] == page
    return [one for page in seen for one in page]


@pytest.mark.parametrize(("near", "few"), [(20_000, 5_000), (30, 5_000), (30, 10)])
def test_every_way_of_paging_lists_the_same_rows(
    installation: Installation,
    gifts: list[str],
    monkeypatch: pytest.MonkeyPatch,
    near: int,
    few: int,
) -> None:
    monkeypatch.setattr(keyset_paging, "NEWEST_ROWS", near)
    monkeypatch.setattr(keyset_paging, "INDEX_LIMIT", few)
    with installation.sessions() as session:
        names = dict(session.execute(select(Donation.public_id, Donation.name)).all())
    assert walk(installation, "", DonationFilters()) == gifts
    for text, name in (
        ("ana", "Ana Reyes"),
        ("ibanez jos", "José Ibáñez"),
        ("ann o'neill", "Mary-Ann O'Neill"),
        ("wei example", "Wei Lee"),
        ("wei@exa", "Wei Lee"),
    ):
        expected = [one for one in gifts if names[one] == name]
        assert walk(installation, text, DonationFilters()) == expected, text
    assert walk(installation, "nobody", DonationFilters()) == []
    assert walk(installation, "' & !x", DonationFilters()) == []


def test_filters_and_search_combine(installation: Installation, gifts: list[str]) -> None:
    with installation.sessions() as session:
        rows = {row.public_id: row for row in session.scalars(select(Donation)).all()}
    filters = DonationFilters(
        state="declined", least=1002, most=1004, currency="usd", way=PaymentChannel.card
    )
    expected = [
        one
        for one in gifts
        if rows[one].state == "declined"
        and 1002 <= rows[one].amount <= 1004
        and rows[one].name == "Ana Reyes"
    ]
    assert expected
    assert walk(installation, "reyes", filters) == expected
    assert walk(installation, "$10.03", DonationFilters()) == [
        one for one in gifts if rows[one].amount == 1003
    ]
    middle = rows[gifts[90]].created_at
    assert walk(installation, "", DonationFilters(since=middle)) == [
        one for one in gifts if rows[one].created_at >= middle
    ]
    assert walk(installation, "", DonationFilters(way=PaymentChannel.offline)) == []


def test_the_number_of_queries_does_not_depend_on_the_number_of_gifts(
    installation: Installation, gifts: list[str]
) -> None:
    counted: list[str] = []

    def count(*arguments: object) -> None:
        counted.append(str(arguments[2]))

    event.listen(installation.engine, "before_cursor_execute", count)
    with installation.sessions() as session:
        lines, _ = find_donors(session, "", Cursor())
        assert len(lines) == 4
        assert len(counted) <= 4
        counted.clear()
        page = read_donor_detail(session, find_donor(session, lines[0].id), Cursor())
    assert len(page.gifts) == 45
    assert len(counted) <= 18
