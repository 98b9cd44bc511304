"""Exports: time window, campaign, order, and one row per record."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from campaign.core.clock import now
from campaign.ledger.exports import EXPORTS, column_names, export_rows
from campaign.models import Campaign, Donation, Receipt
from campaign.runtime.context import Installation
from tests.support.ledger import campaign_in, give_to, overwrite, tell_paid, tell_refund
from tests.support.stripe import Facts

Give = Callable[..., Facts]
AT = now() + timedelta(days=30)
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def gift(installation: Installation, give: Give) -> Facts:
    """A paid gift of $25."""
    facts = give()
    tell_paid(installation, facts)
    return facts


def rows(installation: Installation, what: str, **asked: Any) -> list[dict[str, Any]]:
    with installation.sessions() as session:
        return list(export_rows(session, what, **asked))


def date_all(installation: Installation, at: datetime) -> None:
    """Set all times of the rows to that moment."""
    with installation.sessions.begin() as session:
        session.execute(update(Donation).values(created_at=at, paid_at=at, charged_at=at))
        session.execute(update(Receipt).values(issued_at=at))
    overwrite(installation, "UPDATE ledger_entry SET recorded_at = :at", at=at)


@pytest.mark.parametrize("what", EXPORTS)
def test_a_window_includes_its_start_and_excludes_its_end(
    installation: Installation, gift: Facts, what: str
) -> None:
    date_all(installation, AT)
    assert len(rows(installation, what, since=AT)) == 1
    assert rows(installation, what, since=AT + MICROSECOND) == []
    assert rows(installation, what, until=AT) == []
    assert len(rows(installation, what, until=AT + MICROSECOND)) == 1
    assert rows(installation, what, since=AT, until=AT) == []


@pytest.mark.parametrize("what", EXPORTS)
def test_a_campaign_has_only_its_own_rows_with_the_header_columns(
    installation: Installation, campaign: Campaign, gift: Facts, what: str
) -> None:
    yen = campaign_in(installation, "jpy")
    tell_paid(installation, give_to(installation, yen, 300, name="Bo"))
    assert len(rows(installation, what)) == 2
    (mine,) = rows(installation, what, campaign=campaign)
    (other,) = rows(installation, what, campaign=yen)
    assert mine != other
    assert list(mine) == column_names(what)


def test_a_gift_with_a_replaced_receipt_is_one_row_with_its_first_number(
    installation: Installation, gift: Facts
) -> None:
    tell_refund(installation, gift, gift.refund("a", 700))
    tell_refund(installation, gift, gift.refund("b", 1800))
    receipts = rows(installation, "receipts")
    assert [(one["kind"], one["amount"]) for one in receipts] == [
        ("receipt", 2500),
        ("corrected", 1800),
        ("void", 0),
    ]
    assert [one["replaces"] for one in receipts] == [
        None,
        receipts[0]["number"],
        receipts[1]["number"],
    ]
    (donation,) = rows(installation, "donations")
    assert (donation["state"], donation["receipt_number"]) == ("refunded", receipts[0]["number"])


def test_rows_are_ordered_by_time_and_then_by_id(installation: Installation, give: Give) -> None:
    gifts = [give(email=f"d{n}@example.org", amount=1000 + n) for n in range(3)]
    for facts in gifts:
        tell_paid(installation, facts)
    date_all(installation, AT)
    for what in ("donations", "ledger", "receipts"):
        assert [one["amount"] for one in rows(installation, what)] == [1000, 1001, 1002]
    early = AT - timedelta(days=1)
    with installation.sessions.begin() as session:
        session.get_one(Donation, gifts[2].donation.id).created_at = early
    assert [one["amount"] for one in rows(installation, "donations")] == [1002, 1000, 1001]


def test_a_charge_outside_the_window_is_in_the_ledger_but_in_no_campaign(
    installation: Installation, campaign: Campaign, give: Give
) -> None:
    facts = give()
    with installation.sessions.begin() as session:
        session.get_one(Campaign, campaign.id).deadline = facts.donation.created_at
    tell_paid(installation, facts)
    (row,) = rows(installation, "ledger")
    assert (row["campaign"], row["amount"]) == (None, 2500)
    assert rows(installation, "ledger", campaign=campaign) == []
    assert len(rows(installation, "donations", campaign=campaign)) == 1


def test_a_donors_counts_cover_paid_gifts_in_the_window(
    installation: Installation, give: Give
) -> None:
    paid = [give(), give()]
    give()
    for facts in paid:
        tell_paid(installation, facts)
    with installation.sessions.begin() as session:
        session.get_one(Donation, paid[0].donation.id).paid_at = AT
        session.get_one(Donation, paid[1].donation.id).paid_at = AT + timedelta(days=1)
    (donor,) = rows(installation, "donors")
    assert (donor["donations"], donor["first_paid_at"]) == (2, AT)
    assert donor["last_paid_at"] == AT + timedelta(days=1)
    (donor,) = rows(installation, "donors", until=AT + timedelta(days=1))
    assert (donor["donations"], donor["last_paid_at"]) == (1, AT)
