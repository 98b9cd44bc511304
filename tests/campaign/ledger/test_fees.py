"""Which of Stripe's fees are unbooked, where the next run starts, and that each fee is booked once."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from campaign.core.clock import now
from campaign.ledger.balance_transactions import PaymentTransaction
from campaign.ledger.fees import (
    book_transaction_fee,
    fees_window_start,
    find_late_payments,
    find_unbooked_fees,
)
from campaign.models import Donation, LedgerEntry
from campaign.reconciliation.fetch_fees import book_fees
from campaign.runtime.context import Installation
from campaign.runtime.job_heartbeat import heartbeat
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.ledger import entries, report_paid, run_sql
from tests.support.reconciliation import Bank
from tests.support.stripe import Facts

Give = Callable[..., Facts]


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture
def gift(installation: Installation, give: Give) -> Facts:
    """A paid gift of $25."""
    facts = give()
    report_paid(installation, facts)
    return facts


def moved(
    facts: Facts, name: str = "txn_1", fee: int = 103, currency: str = "usd"
) -> PaymentTransaction:
    """A charge in the balance."""
    return PaymentTransaction(
        id=name,
        kind="payment",
        amount=2500,
        currency="usd",
        fee=fee,
        fee_currency=currency,
        created=facts.donation.created_at,
        source_id=f"ch_{facts.number}",
        payment_intent_id=f"pi_{facts.number}",
        public_id=None,
        bare=True,
        source={},
    )


def test_a_run_starts_from_the_last_successful_run(bank: Bank) -> None:
    def since() -> timedelta:
        at = now()
        with bank.installation.sessions() as session:
            return at - fees_window_start(session, at)

    assert since() == timedelta(days=2)
    with heartbeat(bank.installation, "book-fees"):
        book_fees(bank.installation)
    assert timedelta(minutes=15) <= since() < timedelta(minutes=15, seconds=5)


def test_a_fee_is_unbooked_if_its_gift_is_booked_and_it_is_not(
    installation: Installation, gift: Facts, give: Give
) -> None:
    unpaid = give(email="ben@example.org")
    page = [
        moved(gift, "txn_2"),
        moved(gift, "txn_free", fee=0),
        moved(unpaid, "txn_early"),
        moved(gift, "txn_1", fee=-5),
    ]
    with installation.sessions.begin() as session:
        assert [one.id for one in find_unbooked_fees(session, page)] == ["txn_2", "txn_1"]
        assert book_transaction_fee(session, page[0])
        assert [one.id for one in find_unbooked_fees(session, page)] == ["txn_1"]
        assert find_unbooked_fees(session, []) == []


def test_a_fee_is_booked_once_in_the_balance_currency(
    installation: Installation, gift: Facts, give: Give
) -> None:
    for expected in (True, False):
        with installation.sessions.begin() as session:
            assert book_transaction_fee(session, moved(gift, fee=90, currency="eur")) is expected
            assert not book_transaction_fee(session, moved(gift, "txn_free", fee=0))
            assert not book_transaction_fee(
                session, moved(give(email="ben@example.org"), "txn_early")
            )
    with installation.sessions() as session:
        query = select(LedgerEntry.fee, LedgerEntry.currency, LedgerEntry.balance_transaction_id)
        assert session.execute(query.where(LedgerEntry.kind == "fee")).all() == [
            (90, "eur", "txn_1")
        ]


def test_a_payment_charged_before_the_run_and_recorded_since_is_late(
    installation: Installation, gift: Facts
) -> None:
    since = now()
    second = timedelta(seconds=1)

    def late(occurred_at: datetime, recorded_at: datetime) -> bool:
        run_sql(
            installation,
            "UPDATE ledger_entry SET occurred_at = :occurred_at, recorded_at = :recorded_at",
            occurred_at=occurred_at,
            recorded_at=recorded_at,
        )
        with installation.sessions() as session:
            return find_late_payments(session, since) == [f"pi_{gift.number}"]

    assert late(since - second, since)
    assert late(since - second, since + second)
    assert not late(since, since)
    assert not late(since - second, since - second)
    with installation.sessions.begin() as session:
        book_transaction_fee(session, moved(gift))
    run_sql(installation, "UPDATE ledger_entry SET recorded_at = now()")
    with installation.sessions() as session:
        assert find_late_payments(session, since) == []


def test_a_late_payment_without_a_stripe_id_is_not_looked_up(
    installation: Installation, gift: Facts
) -> None:
    since = now() + timedelta(hours=1)
    run_sql(installation, "UPDATE ledger_entry SET recorded_at = now() + interval '2 hours'")
    with installation.sessions.begin() as session:
        assert find_late_payments(session, since) == [f"pi_{gift.number}"]
        session.get_one(Donation, gift.donation.id).payment_intent_id = None
        session.flush()
        assert find_late_payments(session, since) == []


def test_another_job_and_a_failed_run_do_not_move_the_window(installation: Installation) -> None:
    at = now()
    with heartbeat(installation, "reconcile"):
        pass
    with pytest.raises(ValueError, match="down"), heartbeat(installation, "book-fees"):
        raise ValueError("down")
    with installation.sessions() as session:
        assert fees_window_start(session, at) == at - timedelta(days=2)


def test_a_known_payment_without_an_entry_has_no_fee_to_book(
    installation: Installation, give: Give
) -> None:
    facts = give()
    with installation.sessions.begin() as session:
        pending = session.get_one(Donation, facts.donation.id)
        pending.payment_intent_id = f"pi_{facts.number}"
        session.flush()
        assert find_unbooked_fees(session, [moved(facts)]) == []
        assert not book_transaction_fee(session, moved(facts))


def test_a_fee_is_booked_with_its_balance_transaction_and_time(
    installation: Installation, gift: Facts
) -> None:
    with installation.sessions.begin() as session:
        assert book_transaction_fee(session, moved(gift, fee=-59))
    _, fee = entries(installation, gift)
    assert (fee.kind, fee.amount, fee.fee_cover, fee.fee) == ("fee", 0, 0, -59)
    assert (fee.source, fee.balance_transaction_id) == ("txn_1", "txn_1")
    assert fee.occurred_at == gift.donation.created_at


@pytest.mark.parametrize(
    ("known", "late"),
    [
        ("SELECT 1", True),
        ("UPDATE ledger_entry SET balance_transaction_id = 'txn_9' WHERE kind = 'payment'", False),
        ("UPDATE ledger_entry SET kind = 'refund', amount = -amount", False),
    ],
)
def test_only_a_payment_whose_fee_is_unknown_is_late(
    installation: Installation, gift: Facts, known: str, late: bool
) -> None:
    since = now() + timedelta(hours=1)
    run_sql(installation, "UPDATE ledger_entry SET recorded_at = now() + interval '2 hours'")
    run_sql(installation, known)
    with installation.sessions() as session:
        assert bool(find_late_payments(session, since)) is late


def test_a_fee_entry_of_another_gift_does_not_count(
    installation: Installation, gift: Facts, give: Give
) -> None:
    other = give(email="ben@example.org")
    report_paid(installation, other)
    with installation.sessions.begin() as session:
        assert book_transaction_fee(session, moved(other))
    run_sql(installation, "UPDATE ledger_entry SET recorded_at = now() + interval '2 hours'")
    with installation.sessions() as session:
        found = find_late_payments(session, now() + timedelta(hours=1))
    assert found == [f"pi_{gift.number}"]


@pytest.mark.parametrize(("later", "searched"), [(49_999, True), (50_000, False)])
def test_the_newest_fifty_thousand_entries_are_searched(
    installation: Installation, gift: Facts, give: Give, later: int, searched: bool
) -> None:
    other = give(email="ben@example.org")
    report_paid(installation, other)
    statement = """
        UPDATE ledger_entry SET recorded_at = now() + interval '2 hours', id = CASE
            WHEN donation_id = :other THEN (SELECT min(id) FROM ledger_entry) + :later ELSE id END
    """
    run_sql(installation, statement, other=other.donation.id, later=later)
    with installation.sessions() as session:
        found = find_late_payments(session, now() + timedelta(hours=1))
    assert found == [f"pi_{one.number}" for one in ([gift, other] if searched else [other])]
