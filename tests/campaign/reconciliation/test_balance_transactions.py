"""Stripe's balance transactions: each stored once and matched to its donation from our own tables."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from campaign.ledger.balance_transactions import PaymentTransaction
from campaign.models import Donation, InvoicePayment, PaymentLookup
from campaign.reconciliation.balance_transactions import (
    add_transactions,
    count_payments,
    create_table,
    drop_table,
    find_booked_donation,
    list_transactions,
    list_unbooked_renewals,
    list_unmatched_payments,
    match_transactions,
    record_owner,
)
from campaign.runtime.context import Installation
from tests.support.ledger import after, report_paid
from tests.support.stripe import Facts

OWNER_DELAY = timedelta(hours=1)


@pytest.fixture
def table(installation: Installation) -> Iterator[Session]:
    """A session on one connection, with the empty table."""
    with installation.engine.connect() as connection, Session(connection) as session:
        create_table(session)
        yield session


@pytest.fixture
def gift(installation: Installation, give: Callable[..., Facts]) -> Facts:
    """A paid gift of $25."""
    facts = give()
    report_paid(installation, facts)
    return facts


def moved(facts: Facts, name: str = "txn_1", **changes: Any) -> PaymentTransaction:
    return PaymentTransaction(
        **{
            "id": name,
            "kind": "payment",
            "amount": 2500,
            "currency": "usd",
            "fee": 103,
            "fee_currency": "usd",
            "created": after(facts, 10),
            "source_id": "ch_1",
            "payment_intent_id": f"pi_{facts.number}",
            "public_id": None,
            "bare": False,
            "source": {"object": "charge"},
            **changes,
        }
    )


def test_a_transaction_is_stored_once_and_read_back_oldest_first(
    table: Session, gift: Facts
) -> None:
    page = [
        moved(gift, "txn_b"),
        moved(gift, "txn_a"),
        moved(gift, "txn_c", created=after(gift, 9)),
    ]
    add_transactions(table, page)
    add_transactions(table, [moved(gift, "txn_a", amount=1)])
    add_transactions(table, [])
    match_transactions(table)
    found = list_transactions(table, donation_id=gift.donation.id)
    assert found == [page[2], page[1], page[0]]
    assert list_transactions(table, payment_intent_id=f"pi_{gift.number}") == found
    create_table(table)
    assert list_transactions(table, donation_id=gift.donation.id) == []
    drop_table(table)
    drop_table(table)


def test_a_payment_is_matched_by_its_id_its_invoice_or_its_metadata(
    installation: Installation, table: Session, gift: Facts, give: Callable[..., Facts]
) -> None:
    invoiced, named = give(email="b@example.org"), give(email="c@example.org")
    with installation.sessions.begin() as session:
        session.get_one(Donation, invoiced.donation.id).invoice_id = "in_1"
        session.add(InvoicePayment(invoice_id="in_1", payment_id="pi_of_invoice"))
    add_transactions(
        table,
        [
            moved(gift, "txn_1"),
            moved(gift, "txn_2", payment_intent_id="pi_of_invoice"),
            moved(gift, "txn_3", payment_intent_id="pi_3", public_id=named.donation.public_id),
            # A refund has no metadata of its own: the charge of the same payment has.
            moved(gift, "txn_4", payment_intent_id="pi_3", kind="refund"),
            moved(gift, "txn_5", payment_intent_id="pi_5"),
        ],
    )
    match_transactions(table)
    match_transactions(table)
    names = (f"pi_{gift.number}", "pi_of_invoice", "pi_3", "pi_5")
    assert [find_booked_donation(table, name) for name in names] == [
        gift.donation.id,
        invoiced.donation.id,
        named.donation.id,
        None,
    ]
    assert len(list_transactions(table, donation_id=named.donation.id)) == 2
    assert list_unmatched_payments(table) == ["pi_5"]
    assert count_payments(table) == (3, 1)


@pytest.mark.parametrize(
    ("ours", "later", "asked"),
    [
        (False, timedelta(microseconds=1), []),
        (False, timedelta(), ["pi_x"]),
        (True, timedelta(days=1), ["pi_x"]),
    ],
)
def test_a_not_ours_answer_counts_an_hour_after_the_money_moved(
    installation: Installation,
    table: Session,
    gift: Facts,
    ours: bool,
    later: timedelta,
    asked: list[str],
) -> None:
    answered_at = after(gift, 10) + OWNER_DELAY + later
    with installation.sessions.begin() as session:
        session.add(PaymentLookup(payment_intent_id="pi_x", ours=ours, answered_at=answered_at))
    add_transactions(table, [moved(gift, payment_intent_id="pi_x")])
    match_transactions(table)
    assert list_unmatched_payments(table) == asked


def test_a_charge_without_a_customer_is_not_looked_up(table: Session, gift: Facts) -> None:
    add_transactions(
        table,
        [
            moved(gift, "txn_1", payment_intent_id="pi_x", bare=True),
            moved(gift, "txn_2", payment_intent_id="pi_x", kind="refund"),
            moved(gift, "txn_3", payment_intent_id="pi_z"),
            moved(gift, "txn_4", payment_intent_id="pi_y"),
        ],
    )
    match_transactions(table)
    assert list_unmatched_payments(table) == ["pi_y", "pi_z"]


def test_stripes_answer_is_kept_until_our_tables_know_more(
    installation: Installation, table: Session, gift: Facts, give: Callable[..., Facts]
) -> None:
    names = ("pi_mine", "pi_renewal", "pi_other")
    add_transactions(table, [moved(gift, f"txn_{one}", payment_intent_id=one) for one in names])
    first = gift.donation.public_id
    record_owner(table, "pi_mine", donation_id=gift.donation.id, renewal_of=None)
    record_owner(table, "pi_renewal", donation_id=None, renewal_of=first)
    record_owner(table, "pi_other", donation_id=None, renewal_of=None)
    assert list_unmatched_payments(table) == []
    assert list_unbooked_renewals(table) == [("pi_renewal", first)]
    assert count_payments(table) == (2, 1)
    renewal = give(email="ben@example.org")
    with installation.sessions.begin() as session:
        session.get_one(Donation, renewal.donation.id).payment_intent_id = "pi_renewal"
    match_transactions(table)
    assert list_unbooked_renewals(table) == []
    assert find_booked_donation(table, "pi_renewal") == renewal.donation.id


def test_an_empty_table_has_no_payments(table: Session) -> None:
    match_transactions(table)
    assert count_payments(table) == (0, 0)
    assert (list_unmatched_payments(table), list_unbooked_renewals(table)) == ([], [])
