"""Which payments, invoices and reversals are looked up at Stripe, and which candidates a correction makes."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.ledger.balance_transactions import PaymentTransaction
from campaign.ledger.fees import book_transaction_fee
from campaign.models import Charge, Donation, FraudWarning, LedgerEntry, Refund
from campaign.reconciliation.balance_transactions import (
    add_transactions,
    create_table,
    list_transactions,
    list_unbooked_renewals,
    match_transactions,
    record_owner,
)
from campaign.reconciliation.candidates import find_candidates, load_comparison
from campaign.reconciliation.payment_lookup import (
    list_invoices_without_payment,
    list_reversed_renewals,
    list_unmatched_evidence,
    record_lookup,
)
from campaign.runtime.context import Installation
from tests.support.ledger import report_charge, report_dispute, report_paid, report_refund, run_sql
from tests.support.stripe import Facts

Give = Callable[..., Facts]
AT = now()
SINCE = AT - timedelta(days=35)
MICROSECOND = timedelta(microseconds=1)


def evidence(installation: Installation) -> list[str]:
    with installation.sessions() as session:
        return list_unmatched_evidence(session, AT)


def test_each_kind_of_evidence_without_a_gift_is_looked_up_and_none_once_it_has_one(
    installation: Installation, give: Give
) -> None:
    charged, refunded, disputed, warned = gifts = [
        give(email=f"d{n}@example.org") for n in range(4)
    ]
    report_charge(installation, charged, charged.charge(amount_refunded=1))
    report_refund(installation, refunded, refunded.refund("a", 100))
    report_dispute(installation, disputed, disputed.dispute("needs_response", -2500))
    with installation.sessions.begin() as session:
        session.add(
            FraudWarning(
                stripe_id="issfr_1",
                payment_intent_id=f"pi_{warned.number}",
                fraud_type="misc",
                actionable=True,
                created_at=AT,
            )
        )
        # Evidence that names no payment cannot be looked up.
        session.add(
            Refund(stripe_id="re_x", amount=1, currency="usd", state="succeeded", created_at=AT)
        )
    assert evidence(installation) == sorted(f"pi_{one.number}" for one in gifts)
    with installation.sessions.begin() as session:
        record_lookup(session, f"pi_{charged.number}", AT, ours=False)
    assert evidence(installation) == sorted(f"pi_{one.number}" for one in gifts[1:])
    for facts in gifts[1:3]:
        report_paid(installation, facts)
    assert evidence(installation) == [f"pi_{warned.number}"]


def test_at_most_two_hundred_payments_and_invoices_are_looked_up_in_one_run(
    installation: Installation, give: Give
) -> None:
    facts = give()
    with installation.sessions.begin() as session:
        session.add_all(
            Refund(
                stripe_id=f"re_{n}",
                payment_intent_id=f"pi_{n:03d}",
                amount=1,
                currency="usd",
                state="succeeded",
                created_at=AT,
            )
            for n in range(201)
        )
    assert evidence(installation) == [f"pi_{n:03d}" for n in range(200)]
    with installation.sessions() as session:
        assert list_invoices_without_payment(session, AT) == []
        donation = session.get_one(Donation, facts.donation.id)
        donation.invoice_id, donation.payment_intent_id = "in_1", "pi_1"
        donation.paid_at = AT - timedelta(days=1)
        session.flush()
        # Its payment is known.
        assert list_invoices_without_payment(session, AT) == []
        donation.payment_intent_id = None
        session.flush()
        assert list_invoices_without_payment(session, AT) == ["in_1"]


@pytest.mark.parametrize(
    ("changes", "listed"),
    [
        ({}, True),
        ({"frequency": "yearly"}, True),
        ({"frequency": "one_time"}, False),
        ({"returned_at": AT}, False),
        ({"state": "failed"}, False),
    ],
)
def test_a_reversed_renewal_is_looked_up_until_its_gift_has_ended(
    installation: Installation, give: Give, changes: dict[str, Any], listed: bool
) -> None:
    facts = give(frequency="monthly")
    report_paid(installation, facts)
    report_charge(
        installation, facts, facts.charge(status="failed", failure_balance_transaction="txn_b")
    )
    run_sql(
        installation,
        "UPDATE donation SET " + ", ".join(f"{name} = :{name}" for name in changes)
        if changes
        else "SELECT 1",
        **changes,
    )
    with installation.sessions() as session:
        found = list_reversed_renewals(session, AT)
    assert found == [(f"ch_{facts.number}", f"pi_{facts.number}")] * listed


def test_a_reversed_charge_without_its_payment_is_not_looked_up(
    installation: Installation, give: Give
) -> None:
    facts = give(frequency="monthly")
    report_paid(installation, facts)
    report_charge(
        installation, facts, facts.charge(status="failed", failure_balance_transaction="txn_b")
    )
    with installation.sessions.begin() as session:
        session.execute(update(Charge).values(payment_intent_id=None))
        assert list_reversed_renewals(session, AT) == []


@pytest.fixture
def table(installation: Installation) -> Iterator[Session]:
    """A session on one connection, with the empty table."""
    with installation.engine.connect() as connection, Session(connection) as session:
        create_table(session)
        yield session


@pytest.fixture
def gifts(installation: Installation, give: Give) -> list[Facts]:
    """Two paid gifts of $25."""
    made = [give(), give(email="ben@example.org")]
    for facts in made:
        report_paid(installation, facts)
    return made


def moved(facts: Facts, **changes: Any) -> PaymentTransaction:
    return PaymentTransaction(
        **{
            "id": f"txn_{facts.number}",
            "kind": "payment",
            "amount": 2500,
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


def candidates(table: Session, *movements: PaymentTransaction) -> list[int]:
    add_transactions(table, movements)
    match_transactions(table)
    found = find_candidates(table, SINCE)
    table.commit()
    return found


def test_only_the_gift_that_differs_is_a_candidate(table: Session, gifts: list[Facts]) -> None:
    first, second = gifts
    assert candidates(table, moved(first), moved(second, amount=2499)) == [second.donation.id]


def test_a_correction_by_staff_is_no_difference(
    installation: Installation, table: Session, gifts: list[Facts]
) -> None:
    first, second = gifts
    run_sql(
        installation,
        "INSERT INTO ledger_entry (campaign_id, donation_id, kind, amount, fee_cover, fee, currency,"
        " occurred_at, source, reason, recorded_by) SELECT campaign_id, donation_id, 'correction', -100,"
        " 0, 0, currency, occurred_at, 'pi_corrected', 'typo', 'fay' FROM ledger_entry WHERE donation_id = :id",
        id=first.donation.id,
    )
    assert candidates(table, moved(first), moved(second)) == []


@pytest.mark.parametrize(("older", "found"), [(timedelta(), True), (MICROSECOND, False)])
def test_a_fee_that_stripe_no_longer_lists_is_a_candidate_from_the_windows_start(
    installation: Installation, table: Session, gifts: list[Facts], older: timedelta, found: bool
) -> None:
    first, second = gifts
    with installation.sessions.begin() as session:
        assert book_transaction_fee(session, moved(first, id="txn_gone", fee=103))
    run_sql(
        installation,
        "UPDATE ledger_entry SET occurred_at = :at WHERE balance_transaction_id = 'txn_gone'",
        at=SINCE - older,
    )
    listed = candidates(table, moved(first), moved(second))
    assert listed == [first.donation.id] * found


def test_a_comparison_has_the_entries_and_the_transactions_of_its_gift_alone(
    installation: Installation, table: Session, gifts: list[Facts]
) -> None:
    first, second = gifts
    with installation.sessions.begin() as session:
        assert book_transaction_fee(session, moved(first, fee=103))
    candidates(table, moved(first, fee=103), moved(second))
    case = load_comparison(table, first.donation.id, SINCE)
    assert [(one.kind, one.donation_id) for one in case.entries] == [
        ("payment", first.donation.id),
        ("fee", first.donation.id),
    ]
    assert [one.id for one in case.movements] == [f"txn_{first.number}"]
    assert [one.id for one in list_transactions(table, donation_id=second.donation.id)] == [
        f"txn_{second.number}"
    ]
    with installation.sessions() as session:
        assert len(session.scalars(select(LedgerEntry)).all()) == 3


def test_a_renewal_is_listed_once_however_often_its_money_moved(
    table: Session, gifts: list[Facts]
) -> None:
    facts = gifts[0]
    names = {"txn_1": "pi_b", "txn_2": "pi_b", "txn_3": "pi_a"}
    add_transactions(
        table, [moved(facts, id=name, payment_intent_id=intent) for name, intent in names.items()]
    )
    first = facts.donation.public_id
    for intent in ("pi_a", "pi_b"):
        record_owner(table, intent, donation_id=None, renewal_of=first)
    assert list_unbooked_renewals(table) == [("pi_a", first), ("pi_b", first)]


def test_a_comparison_is_of_now_and_in_the_order_of_the_entries(
    installation: Installation, table: Session, gifts: list[Facts]
) -> None:
    facts = gifts[0]
    report_refund(installation, facts, facts.refund("a", 700))

    def load() -> tuple[int | None, list[str]]:
        case = load_comparison(table, facts.donation.id, SINCE)
        return case.charge, [one.kind for one in case.entries]

    kept = table.get_one(Donation, facts.donation.id)
    assert load() == (2500, ["payment", "refund"])
    # PostgreSQL puts a changed row behind the others.
    run_sql(installation, "UPDATE ledger_entry SET recorded_at = now() WHERE kind = 'payment'")
    run_sql(installation, "UPDATE donation SET fee_cover = 106")
    assert load() == (2606, ["payment", "refund"])
    assert kept.fee_cover == 106


def test_weeks_of_transactions_have_ten_minutes_and_are_counted_for_the_planner(
    table: Session, gifts: list[Facts]
) -> None:
    add_transactions(table, [moved(facts) for facts in gifts])
    table.commit()
    limit = text("SHOW statement_timeout")
    for step in (match_transactions, lambda session: find_candidates(session, SINCE)):
        assert table.scalar(limit) == "30s"
        step(table)
        assert table.scalar(limit) == "10min"
        table.commit()
    known = "SELECT reltuples FROM pg_class WHERE oid = 'stripe_balance_transaction'::regclass"
    assert table.scalar(text(known)) == len(gifts)
