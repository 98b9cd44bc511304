"""A gift that two systems name is one gift; two gifts that only look alike are asked about."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.models import Campaign, Donation, PastGift
from campaign.moving.gift_rows import PastGiftRow
from campaign.moving.gifts import ADDED, JOINED
from campaign.moving.past_donors import PastDonors
from campaign.moving.same_gifts import SAME_GIFT, SortedGifts, sort_out_alike
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.donors import add_donation, add_donor
from tests.support.past_gifts import GIVEN, brought, gift, past_row, store_rows
from tests.support.reconciliation import Bank

SECOND = timedelta(seconds=1)


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def sorted_out(session: Session, *rows: PastGiftRow, system: str = "stripe") -> SortedGifts:
    """Return what came of `rows` of a second system, beside what is here."""
    donors = PastDonors(session, system)
    donors.load(rows)
    return sort_out_alike(session, rows, donors, system)


def counts(found: SortedGifts) -> tuple[int, int, int]:
    """Return how many are new, joined and refused."""
    return len(found.new), found.joined, len(found.refused)


def states(bank: Bank) -> list[tuple[int, str]]:
    with bank.installation.sessions() as session:
        found = session.scalars(select(Donation).order_by(Donation.id))
        return [(one.charge, one.state) for one in found]


def test_two_files_of_the_same_gift_are_one_and_the_second_names_its_payment(
    bank: Bank, tmp_path: Path
) -> None:
    intent = bank.stripe.charge_customer(2500)
    brought(bank, tmp_path, gift(intent, known=""))
    second = brought(bank, tmp_path, gift(intent), system="stripe-export")
    assert second.report.counts[JOINED] == 1
    third = brought(bank, tmp_path, gift(intent, known=""), system="third")
    assert "looks like gift don_" in third.refused[0]
    assert states(bank) == [(2500, "paid")]
    bank.stripe.refund(intent["latest_charge"])
    bank.deliver()
    assert states(bank) == [(2500, "refunded")]
    more = brought(bank, tmp_path, gift(intent, known=""), system="third", alike=True)
    assert more.report.counts[ADDED] == 1


@pytest.mark.parametrize(
    ("apart", "joined"),
    [
        (timedelta(), 1),
        (SAME_GIFT, 1),
        (-SAME_GIFT, 1),
        (SAME_GIFT + SECOND, 0),
        (-SAME_GIFT - SECOND, 0),
    ],
)
def test_the_same_gift_is_at_most_a_day_and_a_half_apart(
    installation: Installation, session: Session, apart: timedelta, joined: int
) -> None:
    store_rows(installation, past_row())
    row = past_row("pi_1", given_at=GIVEN + apart, payment_intent="pi_1")
    assert counts(sorted_out(session, row)) == (1 - joined, joined, 0)


@pytest.mark.parametrize(
    "other", [{"amount": 2501}, {"cover": 1}, {"currency": "eur"}, {"email": "bo@reader.test"}]
)
def test_another_amount_currency_or_donor_is_another_gift(
    installation: Installation, session: Session, other: dict[str, Any]
) -> None:
    store_rows(installation, past_row())
    row = past_row("pi_1", payment_intent="pi_1", **other)
    assert sorted_out(session, row).new == [row]


def test_what_the_donor_paid_in_all_counts(installation: Installation, session: Session) -> None:
    store_rows(installation, past_row(amount=2400, cover=100))
    assert counts(sorted_out(session, past_row("pi_1", payment_intent="pi_1"))) == (0, 1, 0)


@pytest.mark.parametrize(
    ("names", "learned"),
    [
        ({"payment_intent": "pi_1"}, ("pi_1", None)),
        ({"charge": "ch_1"}, (None, "ch_1")),
        ({"payment_intent": "pi_1", "charge": "ch_1"}, ("pi_1", "ch_1")),
    ],
)
def test_a_joined_gift_learns_its_payment(
    installation: Installation,
    session: Session,
    names: dict[str, str],
    learned: tuple[str | None, str | None],
) -> None:
    store_rows(installation, past_row())
    assert sorted_out(session, past_row("x", **names)).joined == 1
    query = select(Donation.payment_intent_id, PastGift.charge_id).join(PastGift.donation)
    assert [tuple(row) for row in session.execute(query)] == [learned]


def test_a_gift_stands_for_one_row_only(installation: Installation, session: Session) -> None:
    store_rows(installation, past_row())
    rows = [past_row(name, payment_intent=name) for name in ("pi_1", "pi_2")]
    found = sorted_out(session, *rows)
    assert (found.joined, found.new) == (1, rows[1:])


def test_one_that_only_looks_alike_is_refused_with_what_to_do(
    installation: Installation, session: Session
) -> None:
    store_rows(installation, past_row())
    (refused,) = sorted_out(session, past_row("other", line=7)).refused
    assert refused.line == 7
    assert refused.reason.startswith("looks like gift don_")
    assert " of 2025-03-01, which is here already" in refused.reason
    assert "--also-alike" in refused.reason


def test_a_system_has_no_twins_of_its_own(installation: Installation, session: Session) -> None:
    store_rows(installation, past_row())
    rows = [past_row("2")]
    assert sorted_out(session, *rows, system="old-crm").new == rows
    assert counts(sorted_out(session, *rows, system="another")) == (0, 0, 1)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"payment_intent": "pi_2"}, (1, 0, 0)),
        ({"charge": "ch_2"}, (0, 0, 1)),
        ({}, (0, 0, 1)),
    ],
)
def test_two_payments_at_stripe_are_two_gifts(
    installation: Installation,
    session: Session,
    names: dict[str, str],
    expected: tuple[int, int, int],
) -> None:
    store_rows(installation, past_row(payment_intent="pi_1", charge="ch_1"))
    assert counts(sorted_out(session, past_row("x", **names))) == expected


@pytest.mark.parametrize("paid", [True, False])
def test_a_gift_that_began_here_is_never_joined_and_counts_if_it_is_paid(
    campaign: Campaign, session: Session, paid: bool
) -> None:
    donor = add_donor(session, "ana@reader.test")
    changes = {"paid_at": GIVEN if paid else None, "state": "paid" if paid else "pending"}
    add_donation(session, campaign, donor, charged_at=GIVEN, **changes)
    found = sorted_out(session, past_row("pi_1", payment_intent="pi_1"))
    assert counts(found) == ((0, 0, 1) if paid else (1, 0, 0))


def test_nothing_is_asked_about_nobody(session: Session) -> None:
    assert counts(sorted_out(session)) == (0, 0, 0)
    stranger = past_row(email="", name="", address="")
    assert sorted_out(session, stranger).new == [stranger]
