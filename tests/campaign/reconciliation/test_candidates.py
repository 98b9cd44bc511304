"""Candidates: the donations whose two sides differ in the window, and no others."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.ledger.balance_transactions import PaymentTransaction
from campaign.ledger.fees import book_transaction_fee
from campaign.models import InboxEvent
from campaign.reconciliation.balance_transactions import (
    add_transactions,
    create_table,
    match_transactions,
)
from campaign.reconciliation.candidates import (
    find_candidates,
    find_pending_event,
    load_comparison,
    load_unbooked_renewal,
)
from campaign.runtime.context import Installation
from tests.support.ledger import add_donation_to, campaign_in, report_dispute, report_paid, run_sql
from tests.support.stripe import Facts

SINCE = now() - timedelta(days=35)
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def walk(installation: Installation) -> Iterator[Session]:
    """A session on one connection, with the empty table."""
    with installation.engine.connect() as connection, Session(connection) as session:
        create_table(session)
        yield session


@pytest.fixture
def gift(installation: Installation, give: Callable[..., Facts]) -> Facts:
    """A paid gift of $25 plus $1.06 for fees."""
    facts = give(fee_cover=106)
    report_paid(installation, facts)
    return facts


def moved(
    facts: Facts, kind: str = "payment", amount: int = 2606, **changes: Any
) -> PaymentTransaction:
    return PaymentTransaction(
        **{
            "id": f"txn_{kind}",
            "kind": kind,
            "amount": amount,
            "currency": "usd",
            "fee": 0,
            "fee_currency": "usd",
            "created": facts.donation.created_at,
            "source_id": f"ch_{facts.number}",
            "payment_intent_id": f"pi_{facts.number}",
            "public_id": None,
            "bare": False,
            "source": {},
            **changes,
        }
    )


def suspected(walk: Session, *movements: PaymentTransaction, since: datetime = SINCE) -> list[int]:
    add_transactions(walk, movements)
    match_transactions(walk)
    found = find_candidates(walk, since)
    walk.commit()
    return found


def test_a_donation_that_agrees_is_no_candidate(walk: Session, gift: Facts) -> None:
    assert suspected(walk, moved(gift)) == []


@pytest.mark.parametrize("amount", [2605, 2607])
def test_one_cent_more_or_less_is_a_candidate(walk: Session, gift: Facts, amount: int) -> None:
    assert suspected(walk, moved(gift, amount=amount)) == [gift.donation.id]


def test_a_transaction_of_an_unbooked_kind_is_a_candidate(walk: Session, gift: Facts) -> None:
    assert suspected(walk, moved(gift), moved(gift, "refund", 1)) == [gift.donation.id]


@pytest.mark.parametrize(("later", "suspicious"), [(timedelta(), True), (-MICROSECOND, False)])
def test_an_entry_without_a_transaction_is_a_candidate_from_the_window_start(
    installation: Installation, walk: Session, gift: Facts, later: timedelta, suspicious: bool
) -> None:
    run_sql(installation, "UPDATE ledger_entry SET occurred_at = :at", at=SINCE + later)
    assert suspected(walk) == [gift.donation.id] * suspicious


def test_offline_money_is_not_compared(
    installation: Installation, walk: Session, gift: Facts
) -> None:
    run_sql(installation, "UPDATE ledger_entry SET source = 'offline:1042'")
    assert suspected(walk) == []


def test_a_missing_or_unknown_fee_is_a_candidate(
    installation: Installation, walk: Session, gift: Facts
) -> None:
    costly = moved(gift, fee=103)
    assert suspected(walk, costly) == [gift.donation.id]
    with installation.sessions.begin() as session:
        assert book_transaction_fee(session, costly)
    assert suspected(walk) == []
    create_table(walk)
    assert suspected(walk, moved(gift, id="txn_other")) == [gift.donation.id]


def test_a_second_payment_for_the_same_gift_is_a_candidate(
    installation: Installation, walk: Session, gift: Facts
) -> None:
    second = moved(
        gift,
        id="txn_2",
        payment_intent_id="pi_second",
        public_id=gift.donation.public_id,
        kind="fee",
        amount=0,
    )
    assert suspected(walk, moved(gift), second) == [gift.donation.id]


def test_a_won_dispute_in_yen_is_summed_by_kind(installation: Installation, walk: Session) -> None:
    facts = add_donation_to(installation, campaign_in(installation, "jpy"), 2500)
    report_paid(installation, facts)
    report_dispute(installation, facts, facts.dispute("won", -2500, 2500))
    yen: dict[str, Any] = {"currency": "jpy", "amount": 2500}
    sides = [moved(facts, **yen), moved(facts, "dispute_reversed", **yen)]
    dispute = moved(facts, "dispute", **yen)
    run_sql(installation, "UPDATE ledger_entry SET fee = 0, balance_transaction_id = NULL")
    assert suspected(walk, *sides) == [facts.donation.id]
    assert suspected(walk, dispute) == []


def test_a_comparison_has_both_sides_without_offline_entries(
    installation: Installation, walk: Session, gift: Facts
) -> None:
    suspected(walk, moved(gift))
    case = load_comparison(walk, gift.donation.id, SINCE)
    assert (case.donation, case.charge, case.currency) == (gift.donation.public_id, 2606, "usd")
    assert (case.intent, case.since) == (f"pi_{gift.number}", SINCE)
    assert [one.kind for one in case.entries] == ["payment"]
    assert [one.id for one in case.movements] == ["txn_payment"]
    run_sql(installation, "UPDATE ledger_entry SET source = 'offline:1042'")
    walk.commit()
    assert load_comparison(walk, gift.donation.id, SINCE).entries == []


def test_a_renewal_only_stripe_knows_has_no_agreed_amount(walk: Session, gift: Facts) -> None:
    add_transactions(walk, [moved(gift, payment_intent_id="pi_renewal")])
    case = load_unbooked_renewal(walk, "pi_renewal", gift.donation.public_id)
    assert (case.renewal, case.charge, case.currency, len(case.movements)) == (True, None, None, 1)


@pytest.mark.parametrize(
    ("state", "waits"),
    [
        ("received", True),
        ("failed", True),
        ("done", False),
        ("ignored", False),
        ("given_up", False),
    ],
)
def test_a_pending_event_names_one_of_the_objects(
    installation: Installation, state: str, waits: bool
) -> None:
    at = now()
    with installation.sessions.begin() as session:
        for number, name in enumerate(("pi_1", "ré_2", "pi_1")):
            session.add(
                InboxEvent(
                    id=f"evt_{number}",
                    type="any",
                    body=f'{{"object": "{name}"}}'.encode(),
                    occurred_at=at - timedelta(seconds=number),
                    state=state,
                    finished_at=at,
                )
            )
    with installation.sessions() as session:
        assert find_pending_event(session, ["pi_1"]) == ("evt_2" if waits else None)
        assert find_pending_event(session, ["pi_9", "ré_2"]) == ("evt_1" if waits else None)
        assert find_pending_event(session, ["pi_9"]) is None
        assert find_pending_event(session, []) is None
