"""The gifts on the donor page: those of all merged records, no others, and no unpaid ones."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.core.errors import NotFound
from campaign.donor_portal.donation_history import (
    LATEST,
    find_donor_gift,
    has_statement,
    list_donor_gifts,
)
from campaign.models import Campaign, Donor
from tests.support.donors import add_donation, add_donor, add_receipt, add_subscription

TODAY = date(2026, 12, 31)


@pytest.fixture
def ana(session: Session) -> Donor:
    return add_donor(session, "ana@example.org")


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("paid", True), ("refunded", True), ("dispute_lost", True), ("processing", True),
        ("pending", False), ("declined", False), ("expired", False), ("failed", False),
    ],
)  # fmt: skip
def test_unpaid_gifts_are_not_shown(
    session: Session, campaign: Campaign, ana: Donor, state: str, shown: bool
) -> None:
    came = now() if state in ("paid", "refunded", "dispute_lost") else None
    gift = add_donation(session, campaign, ana, state=state, paid_at=came)
    found = list_donor_gifts(session, ana, TODAY, every=True)
    assert (list(found.gifts), found.number) == ([gift] * shown, int(shown))
    if shown:
        assert find_donor_gift(session, ana, gift.public_id) is gift
    else:
        with pytest.raises(NotFound, match="no such gift"):
            find_donor_gift(session, ana, gift.public_id)


def test_a_returned_debit_is_shown(session: Session, campaign: Campaign, ana: Donor) -> None:
    gift = add_donation(session, campaign, ana, state="failed", paid_at=None, returned_at=now())
    assert list(list_donor_gifts(session, ana, TODAY, every=True).gifts) == [gift]


def test_gifts_of_all_merged_records_are_listed_and_no_others(
    session: Session, campaign: Campaign, ana: Donor
) -> None:
    work = add_donor(session, "ana@work.example", merged_into_id=ana.id)
    ben = add_donor(session, "ben@example.org", "Ana Reyes")
    mine = [add_donation(session, campaign, one) for one in (ana, work)]
    other = add_donation(session, campaign, ben, email="ana@example.org")
    assert set(list_donor_gifts(session, ana, TODAY, every=True).gifts) == set(mine)
    with pytest.raises(NotFound):
        find_donor_gift(session, ana, other.public_id)
    # A row that is spoken for sees no gifts of the row that speaks for it.
    assert list(list_donor_gifts(session, work, TODAY, every=True).gifts) == mine[1:]


def test_the_latest_gifts_come_first_by_charge_date(
    session: Session, campaign: Campaign, ana: Donor
) -> None:
    moment = now()
    gifts = [
        add_donation(session, campaign, ana, charged_at=moment - timedelta(days=place))
        for place in range(LATEST)
    ]
    twin = add_donation(session, campaign, ana, charged_at=moment)
    first = list_donor_gifts(session, ana, TODAY, every=False)
    assert list(first.gifts) == [twin, *gifts[:-1]]
    assert first.number == LATEST + 1
    assert list(list_donor_gifts(session, ana, TODAY, every=True).gifts) == [twin, *gifts]


def test_active_monthly_gifts_come_before_canceled_ones(
    session: Session, campaign: Campaign, ana: Donor
) -> None:
    first = add_subscription(session, campaign, ana, state="paused")
    ended = add_subscription(session, campaign, ana, ended=True)
    latest = add_subscription(session, campaign, ana)
    add_subscription(session, campaign, add_donor(session, "ben@example.org"))
    assert list(list_donor_gifts(session, ana, TODAY, every=False).subscriptions) == [
        latest,
        first,
        ended,
    ]


def test_a_past_year_with_receipts_has_a_statement(
    session: Session, campaign: Campaign, ana: Donor
) -> None:
    def receipt(day: date, **changes: object) -> int:
        gift = add_donation(session, campaign, ana)
        return add_receipt(session, gift, day, **changes).id

    receipt(date(2024, 1, 1))
    receipt(date(2024, 12, 31))
    receipt(date(2025, 12, 31))
    receipt(date(2026, 1, 1))
    receipt(date(2023, 6, 1), frozen={"acknowledges": "grant"})
    gift = add_donation(session, campaign, ana)
    first = add_receipt(session, gift, date(2022, 6, 1))
    add_receipt(session, gift, date(2022, 6, 1), kind="void", amount=0, replaces_id=first.id)
    found = list_donor_gifts(session, ana, date(2026, 12, 31), every=False)
    assert found.years == [2025, 2024]
    assert has_statement(session, ana, 2025, date(2026, 1, 1))
    assert not has_statement(session, ana, 2025, date(2025, 12, 31))
    assert not has_statement(session, ana, 2022, TODAY)
    assert not has_statement(session, add_donor(session, "ben@example.org"), 2025, TODAY)
