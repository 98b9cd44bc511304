"""Receipts: dated in the organization's time zone, numbered without gaps, with text that never changes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from campaign.core.booking_context import BookingContext
from campaign.core.clock import now
from campaign.core.errors import NotFound
from campaign.models import Donation, Receipt, ReceiptCounter
from campaign.receipts.receipts import find_receipt, issue_receipt
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.stripe import Facts

Give = Callable[..., Facts]
Store = Callable[..., None]


def issue(installation: Installation, donation: Donation, at: datetime, **organization: Any) -> str:
    """Return the number of a receipt for `donation`, charged and issued at `at`."""
    issuer = replace(installation.settings.organization, **organization)
    with installation.sessions.begin() as session:
        found = session.get_one(Donation, donation.id)
        found.charged_at = at
        return issue_receipt(
            session, found, BookingContext(issuer, "harbor-ledger.example"), at
        ).number


def receipts(installation: Installation) -> list[Receipt]:
    with installation.sessions() as session:
        return list(session.scalars(select(Receipt).order_by(Receipt.year, Receipt.sequence)))


def test_a_gift_in_the_last_hour_of_the_year_is_of_that_year_there(
    installation: Installation, give: Give
) -> None:
    at = datetime(2027, 1, 1, 7, 30, tzinfo=UTC)  # 23:30 on New Year's Eve in Los Angeles
    assert issue(installation, give().donation, at) == "2026-000001"
    receipt = receipts(installation)[0]
    assert (receipt.year, receipt.gift_date) == (2026, date(2026, 12, 31))
    assert receipt.frozen["gift_date_text"] == "December 31, 2026"


def test_half_an_hour_later_it_is_the_next_years(installation: Installation, give: Give) -> None:
    at = datetime(2027, 1, 1, 8, tzinfo=UTC)
    assert issue(installation, give().donation, at) == "2027-000001"
    assert receipts(installation)[0].gift_date == date(2027, 1, 1)


def test_an_organisation_elsewhere_has_its_own_calendar(
    installation: Installation, give: Give
) -> None:
    at = datetime(2026, 12, 31, 16, tzinfo=UTC)
    assert issue(installation, give().donation, at, timezone="Asia/Tokyo") == "2027-000001"


def test_each_year_has_a_series_of_its_own(installation: Installation, give: Give) -> None:
    moments = [datetime(year, 6, 1, tzinfo=UTC) for year in (2026, 2027, 2026)]
    numbers = [
        issue(installation, give(email=f"d{n}@example.org").donation, at)
        for n, at in enumerate(moments)
    ]
    assert numbers == ["2026-000001", "2027-000001", "2026-000002"]


def test_a_receipt_says_what_the_law_asks_for(
    installation: Installation, give: Give, store: Store
) -> None:
    store(give(amount=25_000, fee_cover=778).completed())
    apply_due_events(installation)
    found = receipts(installation)[0]
    words = " ".join(found.frozen["wording"])
    assert found.amount == 25_778
    for part in (
        "The Harbor Ledger received your gift of $257.78 on",
        "No goods or services were provided in exchange",
        "501(c)(3)",
        "EIN 12-3456789",
    ):
        assert part in words
    assert found.frozen["donor_name"] == "Ana Reyes"
    assert found.frozen["organization_address_lines"] == ["1 Wharf Street", "Astoria, OR 97103"]


def test_the_wording_stays_when_everything_else_changes(
    installation: Installation, give: Give, store: Store
) -> None:
    store(give().completed())
    apply_due_events(installation)
    before = receipts(installation)[0].frozen
    with installation.sessions.begin() as session:
        donation = session.scalars(select(Donation)).one()
        donation.name = "Somebody Else"
        donation.donor.name = "Somebody Else"
        donation.campaign.title = "Another title"
    settings = installation.settings
    renamed = replace(settings.organization, name="The Bay Ledger", ein="98-7654321")
    later = replace(installation, settings=replace(settings, organization=renamed))
    store(give(email="ben@example.org").completed())
    apply_due_events(later)
    first, second = receipts(installation)
    assert first.frozen == before
    assert second.frozen["organization_name"] == "The Bay Ledger"


def test_a_number_that_was_rolled_back_is_given_out_again(
    installation: Installation, give: Give
) -> None:
    lost, kept = give().donation, give(email="ben@example.org").donation
    with installation.sessions() as session:
        found = session.get_one(Donation, lost.id)
        assert issue_receipt(session, found, installation.books, now()).sequence == 1
        session.rollback()
    assert issue(installation, kept, now()).endswith("-000001")


def test_a_payment_that_fails_at_its_receipt_leaves_no_gap(
    installation: Installation, give: Give, store: Store
) -> None:
    bad, good = give(), give(email="ben@example.org")
    issue(installation, bad.donation, datetime(2020, 6, 1, tzinfo=UTC))  # so a second is refused
    store(bad.completed())
    apply_due_events(installation)
    store(good.completed())
    apply_due_events(installation)
    with installation.sessions() as session:
        assert session.get_one(Donation, bad.donation.id).state == "pending"
    assert [found.sequence for found in receipts(installation) if found.year > 2020] == [1]


def test_eight_threads_number_without_gap_or_double(installation: Installation, give: Give) -> None:
    donations = [give(email=f"donor{n}@example.org").donation for n in range(32)]
    at = datetime(2026, 12, 23, 12, tzinfo=UTC)

    def try_to_issue(number: int) -> None:
        with installation.sessions() as session:
            found = session.get_one(Donation, donations[number].id)
            issue_receipt(session, found, installation.books, at)
            if number % 4:
                session.commit()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(try_to_issue, range(32)))
    assert [found.sequence for found in receipts(installation)] == list(range(1, 25))
    with installation.sessions() as session:
        assert session.get_one(ReceiptCounter, 2026).last == 24


def test_a_donation_has_one_first_receipt(installation: Installation, give: Give) -> None:
    donation = give().donation
    issue(installation, donation, now())
    with pytest.raises(IntegrityError, match="uq_receipt_first"):
        issue(installation, donation, now())
    assert len(receipts(installation)) == 1


def test_a_receipt_is_found_by_its_token_only(
    installation: Installation, give: Give, store: Store
) -> None:
    store(give().completed())
    apply_due_events(installation)
    found = receipts(installation)[0]
    with installation.sessions() as session:
        assert find_receipt(session, found.token).donation.email == "ana@example.org"
        for other in (found.number, "", found.token.swapcase()):
            with pytest.raises(NotFound, match="no receipt at this address"):
                find_receipt(session, other)
