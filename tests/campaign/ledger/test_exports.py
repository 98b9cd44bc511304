"""Exports: time window, campaign, order, and one row per record."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from campaign.core.clock import now
from campaign.ledger.exports import EXPORTS, column_names, export_rows
from campaign.models import Campaign, Donation, Donor, Receipt
from campaign.runtime.context import Installation
from tests.support.ledger import (
    add_donation_to,
    after,
    campaign_in,
    entries,
    report_dispute,
    report_paid,
    report_refund,
    run_sql,
)
from tests.support.stripe import Facts

Give = Callable[..., Facts]
AT = now() + timedelta(days=30)
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def gift(installation: Installation, give: Give) -> Facts:
    """A paid gift of $25."""
    facts = give()
    report_paid(installation, facts)
    return facts


def rows(installation: Installation, what: str, **asked: Any) -> list[dict[str, Any]]:
    with installation.sessions() as session:
        return list(export_rows(session, what, **asked))


def date_all(installation: Installation, at: datetime) -> None:
    """Set all times of the rows to that moment."""
    with installation.sessions.begin() as session:
        session.execute(update(Donation).values(created_at=at, paid_at=at, charged_at=at))
        session.execute(update(Receipt).values(issued_at=at))
    run_sql(installation, "UPDATE ledger_entry SET recorded_at = :at", at=at)


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
    report_paid(installation, add_donation_to(installation, yen, 300, name="Bo"))
    assert len(rows(installation, what)) == 2
    (mine,) = rows(installation, what, campaign=campaign)
    (other,) = rows(installation, what, campaign=yen)
    assert mine != other
    assert list(mine) == column_names(what)


def test_a_gift_with_a_replaced_receipt_is_one_row_with_its_first_number(
    installation: Installation, gift: Facts
) -> None:
    report_refund(installation, gift, gift.refund("a", 700))
    report_refund(installation, gift, gift.refund("b", 1800))
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
        report_paid(installation, facts)
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
    report_paid(installation, facts)
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
        report_paid(installation, facts)
    with installation.sessions.begin() as session:
        session.get_one(Donation, paid[0].donation.id).paid_at = AT
        session.get_one(Donation, paid[1].donation.id).paid_at = AT + timedelta(days=1)
    (donor,) = rows(installation, "donors")
    assert (donor["donations"], donor["first_paid_at"]) == (2, AT)
    assert donor["last_paid_at"] == AT + timedelta(days=1)
    (donor,) = rows(installation, "donors", until=AT + timedelta(days=1))
    assert (donor["donations"], donor["last_paid_at"]) == (1, AT)


def test_every_column_of_a_gift_is_its_own(
    installation: Installation, campaign: Campaign, give: Give
) -> None:
    facts = give(fee_cover=106, code="article-7", name="Ana Reyes", frequency="one_time")
    report_paid(installation, facts, after(facts, 60))
    (row,) = rows(installation, "donations")
    number = rows(installation, "receipts")[0]["number"]
    assert list(row.items()) == [
        ("id", facts.donation.public_id),
        ("campaign", "nine-days"),
        ("state", "paid"),
        ("frequency", "one_time"),
        ("amount", 2500),
        ("cover", 106),
        ("currency", "usd"),
        ("name", "Ana Reyes"),
        ("email", "ana@example.org"),
        ("code", "article-7"),
        ("created_at", facts.donation.created_at),
        ("paid_at", after(facts, 60)),
        ("receipt_number", number),
        ("stripe_payment_intent", f"pi_{facts.number}"),
        ("settled_amount", None),
        ("settled_currency", None),
        ("exchange_rate", None),
    ]


def test_an_unpaid_gift_is_a_row_without_a_receipt(installation: Installation, give: Give) -> None:
    give()
    (row,) = rows(installation, "donations")
    assert (row["state"], row["paid_at"], row["receipt_number"]) == ("pending", None, None)
    assert [rows(installation, what) for what in ("donors", "ledger", "receipts")] == [[], [], []]


def test_every_column_of_the_ledger_is_its_own(
    installation: Installation, campaign: Campaign, give: Give
) -> None:
    facts = give(fee_cover=106)
    report_paid(installation, facts, after(facts, 60))
    report_dispute(installation, facts, facts.dispute("lost", -2606))
    booked = entries(installation, facts)
    payment, dispute = rows(installation, "ledger")
    assert list(payment.items()) == [
        ("id", booked[0].id),
        ("campaign", "nine-days"),
        ("donation_id", facts.donation.public_id),
        ("kind", "payment"),
        ("amount", 2500),
        ("fee", 0),
        ("currency", "usd"),
        ("occurred_at", after(facts, 60)),
        ("recorded_at", booked[0].recorded_at),
        ("source", f"pi_{facts.number}"),
        ("cover", 106),
        ("stripe_balance_transaction", None),
        ("reason", None),
        ("recorded_by", None),
    ]
    assert (dispute["amount"], dispute["cover"], dispute["fee"]) == (-2500, -106, 1500)
    assert dispute["stripe_balance_transaction"] == f"txn_{facts.number}_0"
    statement = "UPDATE ledger_entry SET kind = 'correction', reason = 'typo', recorded_by = 'fay'"
    run_sql(installation, statement + " WHERE kind = 'dispute'")
    row = rows(installation, "ledger")[1]
    assert (row["kind"], row["reason"], row["recorded_by"]) == ("correction", "typo", "fay")


def test_every_column_of_a_receipt_is_its_own(
    installation: Installation, campaign: Campaign, give: Give
) -> None:
    facts = give(fee_cover=106)
    report_paid(installation, facts, after(facts, 60))
    with installation.sessions.begin() as session:
        receipt = session.scalars(select(Receipt)).one()
        # The receipt keeps the name and address of its day.
        session.get_one(Donation, facts.donation.id).name = "Ana Ortiz"
        session.get_one(Donation, facts.donation.id).email = "ortiz@example.org"
    (row,) = rows(installation, "receipts")
    assert list(row.items()) == [
        ("number", f"{receipt.year}-000001"),
        ("campaign", "nine-days"),
        ("donation_id", facts.donation.public_id),
        ("amount", 2606),
        ("currency", "usd"),
        ("gift_date", receipt.gift_date),
        ("issued_at", receipt.issued_at),
        ("name", "Ana Reyes"),
        ("email", "ana@example.org"),
        ("kind", "receipt"),
        ("replaces", None),
    ]


def test_every_column_of_a_donor_is_its_own(
    installation: Installation, campaign: Campaign, give: Give
) -> None:
    ben, ana = give("ben@example.org", name="Ben Ortiz", locale="es"), give()
    for number, facts in enumerate((ben, ana, give("ben@example.org"))):
        report_paid(installation, facts, after(facts, 60 * number))
    first, second = rows(installation, "donors")
    with installation.sessions() as session:
        donor = session.get_one(Donor, ben.donation.donor_id)
        paid = session.scalars(
            select(Donation.paid_at).where(Donation.donor_id == donor.id).order_by(Donation.paid_at)
        ).all()
    assert list(first.items()) == [
        ("id", donor.id),
        ("name", "Ben Ortiz"),
        ("email", "ben@example.org"),
        ("locale", "es"),
        ("created_at", donor.created_at),
        ("donations", 2),
        ("first_paid_at", paid[0]),
        ("last_paid_at", paid[1]),
    ]
    assert paid[0] != paid[1]
    assert (second["email"], second["donations"]) == ("ana@example.org", 1)


def test_a_donor_of_two_campaigns_is_counted_in_each_for_itself(
    installation: Installation, campaign: Campaign, gift: Facts
) -> None:
    yen = campaign_in(installation, "jpy")
    report_paid(installation, add_donation_to(installation, yen, 300, email="ana@example.org"))
    assert [one["donations"] for one in rows(installation, "donors")] == [2]
    assert [one["donations"] for one in rows(installation, "donors", campaign=yen)] == [1]
