"""The walk over Stripe's balance: each movement once, and whose it is as far as our own tables tell."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from campaign.ledger.balance_transactions import PaymentTransaction
from campaign.models import Donation, InvoicePayment, PaymentLookup
from campaign.reconciliation.balance_transactions import (
    OWNER_DELAY,
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
from tests.support.ledger import after, tell_paid
from tests.support.stripe import Facts


@pytest.fixture
def walk(installation: Installation) -> Iterator[Session]:
    """A session of one connection, with the table, empty."""
    with installation.engine.connect() as connection, Session(connection) as session:
        create_table(session)
        yield session


@pytest.fixture
def gift(installation: Installation, give: Callable[..., Facts]) -> Facts:
    """A gift of $25 that was paid."""
    facts = give()
    tell_paid(installation, facts)
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


def test_a_movement_is_kept_once_and_read_as_it_was_the_oldest_first(
    walk: Session, gift: Facts
) -> None:
    page = [
        moved(gift, "txn_b"),
        moved(gift, "txn_a"),
        moved(gift, "txn_c", created=after(gift, 9)),
    ]
    add_transactions(walk, page)
    add_transactions(walk, [moved(gift, "txn_a", amount=1)])
    add_transactions(walk, [])
    match_transactions(walk)
    found = list_transactions(walk, donation_id=gift.donation.id)
    assert found == [page[2], page[1], page[0]]
    assert list_transactions(walk, payment_intent_id=f"pi_{gift.number}") == found
    create_table(walk)
    assert list_transactions(walk, donation_id=gift.donation.id) == []
    drop_table(walk)
    drop_table(walk)


def test_a_payment_is_placed_by_itself_by_its_invoice_and_by_its_metadata(
    installation: Installation, walk: Session, gift: Facts, give: Callable[..., Facts]
) -> None:
    invoiced, named = give(email="b@example.org"), give(email="c@example.org")
    with installation.sessions.begin() as session:
        session.get_one(Donation, invoiced.donation.id).invoice_id = "in_1"
        session.add(InvoicePayment(invoice_id="in_1", payment_intent_id="pi_of_invoice"))
    add_transactions(
        walk,
        [
            moved(gift, "txn_1"),
            moved(gift, "txn_2", payment_intent_id="pi_of_invoice"),
            moved(gift, "txn_3", payment_intent_id="pi_3", public_id=named.donation.public_id),
            # A refund has no metadata of its own: the charge of the same payment tells.
            moved(gift, "txn_4", payment_intent_id="pi_3", kind="refund"),
            moved(gift, "txn_5", payment_intent_id="pi_5"),
        ],
    )
    match_transactions(walk)
    match_transactions(walk)
    names = (f"pi_{gift.number}", "pi_of_invoice", "pi_3", "pi_5")
    assert [find_booked_donation(walk, name) for name in names] == [
        gift.donation.id,
        invoiced.donation.id,
        named.donation.id,
        None,
    ]
    assert len(list_transactions(walk, donation_id=named.donation.id)) == 2
    assert list_unmatched_payments(walk) == ["pi_5"]
    assert count_payments(walk) == (3, 1)


@pytest.mark.parametrize(
    ("ours", "later", "asked"),
    [
        (False, timedelta(microseconds=1), []),
        (False, timedelta(), ["pi_x"]),
        (True, timedelta(days=1), ["pi_x"]),
    ],
)
def test_that_it_is_anothers_is_believed_an_hour_after_it_moved(
    installation: Installation,
    walk: Session,
    gift: Facts,
    ours: bool,
    later: timedelta,
    asked: list[str],
) -> None:
    answered_at = after(gift, 10) + OWNER_DELAY + later
    with installation.sessions.begin() as session:
        session.add(PaymentLookup(payment_intent_id="pi_x", ours=ours, answered_at=answered_at))
    add_transactions(walk, [moved(gift, payment_intent_id="pi_x")])
    match_transactions(walk)
    assert list_unmatched_payments(walk) == asked


def test_a_charge_without_a_customer_is_no_invoices_and_not_asked_about(
    walk: Session, gift: Facts
) -> None:
    add_transactions(
        walk,
        [
            moved(gift, "txn_1", payment_intent_id="pi_x", bare=True),
            moved(gift, "txn_2", payment_intent_id="pi_x", kind="refund"),
            moved(gift, "txn_3", payment_intent_id="pi_z"),
            moved(gift, "txn_4", payment_intent_id="pi_y"),
        ],
    )
    match_transactions(walk)
    assert list_unmatched_payments(walk) == ["pi_y", "pi_z"]


def test_what_stripe_answered_is_kept_until_our_own_tables_know_better(
    installation: Installation, walk: Session, gift: Facts, give: Callable[..., Facts]
) -> None:
    names = ("pi_mine", "pi_renewal", "pi_other")
    add_transactions(walk, [moved(gift, f"txn_{one}", payment_intent_id=one) for one in names])
    first = gift.donation.public_id
    record_owner(walk, "pi_mine", donation_id=gift.donation.id, renewal_of=None)
    record_owner(walk, "pi_renewal", donation_id=None, renewal_of=first)
    record_owner(walk, "pi_other", donation_id=None, renewal_of=None)
    assert list_unmatched_payments(walk) == []
    assert list_unbooked_renewals(walk) == [("pi_renewal", first)]
    assert count_payments(walk) == (2, 1)
    renewal = give(email="ben@example.org")
    with installation.sessions.begin() as session:
        session.get_one(Donation, renewal.donation.id).payment_intent_id = "pi_renewal"
    match_transactions(walk)
    assert list_unbooked_renewals(walk) == []
    assert find_booked_donation(walk, "pi_renewal") == renewal.donation.id


def test_an_empty_walk_has_no_payments(walk: Session) -> None:
    match_transactions(walk)
    assert count_payments(walk) == (0, 0)
    assert (list_unmatched_payments(walk), list_unbooked_renewals(walk)) == ([], [])
