"""What settlement writes into each entry, and which evidence belongs to which payment."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from campaign.core.clock import now
from campaign.core.errors import FactMismatch
from campaign.gateway import read_fraud_warning
from campaign.ledger.refund_evidence import record_fraud_warning
from campaign.models import Campaign, Charge, Dispute, Donation, FraudWarning, Refund
from campaign.runtime.context import Installation
from tests.support.ledger import (
    add_donation_to,
    after,
    campaign_in,
    donation_of,
    entries,
    ledger_entries_of,
    report_charge,
    report_dispute,
    report_paid,
    report_refund,
    state_and_receipt,
    tell_session,
)
from tests.support.stripe import Facts

Give = Callable[..., Facts]
EVIDENCE: tuple[Any, ...] = (Charge, Refund, Dispute, FraudWarning)


@pytest.fixture
def gift(installation: Installation, give: Give) -> Facts:
    """A paid gift of $25."""
    facts = give()
    report_paid(installation, facts)
    return facts


def written(
    installation: Installation, facts: Facts
) -> list[tuple[str, str, datetime, int, str, str | None]]:
    """Return (kind, source, time, fee, currency, balance transaction) of each entry after the payment."""
    return [
        (one.kind, one.source, one.occurred_at, one.fee, one.currency, one.balance_transaction_id)
        for one in entries(installation, facts)[1:]
    ]


def tell_fraud(installation: Installation, facts: Facts) -> None:
    with installation.sessions.begin() as session:
        warning = facts.fraud_warned()["data"]["object"]
        record_fraud_warning(session, read_fraud_warning(warning, now()))


def owners(installation: Installation) -> dict[str, set[int | None]]:
    """Return the donations that evidence of each kind belongs to."""
    with installation.sessions() as session:
        return {
            table.__name__: set(session.scalars(select(table.donation_id))) for table in EVIDENCE
        }


def test_a_refund_is_dated_by_stripe_and_its_failure_by_the_report(
    installation: Installation, campaign: Campaign, gift: Facts
) -> None:
    report_refund(installation, gift, gift.refund("a", 700, "pending"), 100)
    report_refund(installation, gift, gift.refund("a", 700, "failed"), 500)
    name = f"re_{gift.number}_a"
    assert written(installation, gift) == [
        ("refund", name, after(gift, 60), 0, "usd", None),
        ("refund_failed", name, after(gift, 500), 0, "usd", None),
    ]
    assert {one.campaign_id for one in entries(installation, gift)} == {campaign.id}


def test_what_only_the_charge_reports_is_booked_under_the_charge_and_its_total(
    installation: Installation, gift: Facts
) -> None:
    report_charge(installation, gift, gift.charge(amount_refunded=700), 10)
    report_charge(installation, gift, gift.charge(amount_refunded=1000), 20)
    charge = f"ch_{gift.number}"
    assert written(installation, gift) == [
        ("refund", f"{charge}:700", after(gift, 10), 0, "usd", None),
        ("refund", f"{charge}:1000", after(gift, 10), 0, "usd", None),
    ]


def test_of_several_charges_the_one_with_the_largest_total_is_named(
    installation: Installation, give: Give
) -> None:
    facts = give()
    for name, refunded, seconds in (("ch_1", 300, 10), ("ch_2", 900, 20), ("ch_3", 0, 30)):
        shown = facts.charge(id=name, amount_refunded=refunded)
        report_charge(installation, facts, shown, seconds)
    report_paid(installation, facts)
    assert written(installation, facts) == [
        ("refund", "ch_2:900", after(facts, 20), 0, "usd", None)
    ]
    assert ledger_entries_of(installation, facts)[1:] == [("refund", -1200, 0)]


def test_a_dispute_is_booked_with_its_balance_transactions_and_their_fee(
    installation: Installation, gift: Facts
) -> None:
    report_dispute(installation, gift, gift.dispute("needs_response", -2500), 500)
    report_dispute(installation, gift, gift.dispute("won", -2500, 2500), 900)
    name, moved = f"du_{gift.number}", f"txn_{gift.number}"
    assert written(installation, gift) == [
        ("dispute", name, after(gift, 100), 1500, "usd", f"{moved}_0"),
        ("dispute_reversed", name, after(gift, 101), 0, "usd", f"{moved}_1"),
    ]


def test_a_dispute_without_balance_transactions_is_dated_by_the_latest_report(
    installation: Installation, gift: Facts
) -> None:
    report_dispute(installation, gift, gift.dispute("needs_response"), 400)
    report_dispute(installation, gift, gift.dispute("lost"), 700)
    assert written(installation, gift) == [
        ("dispute", f"du_{gift.number}", after(gift, 700), 0, "usd", None)
    ]
    report_dispute(installation, gift, gift.dispute("lost", -2500), 900)
    moved = f"txn_{gift.number}_0"
    assert written(installation, gift)[1:] == [
        ("fee", moved, after(gift, 100), 1500, "usd", moved)
    ], "its fee is booked once it is known"


def test_more_that_a_dispute_withdraws_is_booked_under_the_new_total(
    installation: Installation, gift: Facts
) -> None:
    report_dispute(installation, gift, gift.dispute("needs_response", -1000))
    report_dispute(installation, gift, gift.dispute("needs_response", -1000, -500))
    name, moved = f"du_{gift.number}", f"txn_{gift.number}"
    assert written(installation, gift) == [
        ("dispute", name, after(gift, 100), 1500, "usd", f"{moved}_0"),
        ("dispute", f"{name}:1500", after(gift, 101), 1500, "usd", f"{moved}_1"),
    ]


def test_a_balance_in_another_currency_gives_only_its_fee(installation: Installation) -> None:
    facts = add_donation_to(installation, campaign_in(installation, "jpy"), 2500)
    report_paid(installation, facts)
    shown = facts.dispute("needs_response", -1678)
    shown["balance_transactions"][0]["currency"] = "usd"
    report_dispute(installation, facts, shown, 500)
    moved = f"txn_{facts.number}_0"
    assert written(installation, facts) == [
        ("dispute", f"du_{facts.number}", after(facts, 500), 0, "jpy", None),
        ("fee", moved, after(facts, 100), 1500, "usd", moved),
    ]


def test_a_reversed_debit_is_dated_by_its_first_report(
    installation: Installation, give: Give
) -> None:
    facts = give()
    for name, seconds in (("ch_1", 60), ("ch_2", 50)):
        shown = facts.charge(id=name, status="failed", failure_balance_transaction="txn_back")
        report_charge(installation, facts, shown, seconds)
    report_paid(installation, facts)
    assert donation_of(installation, facts).returned_at == after(facts, 50)
    assert written(installation, facts) == [
        ("payment_reversed", f"pi_{facts.number}", after(facts, 50), 0, "usd", None)
    ]


def test_a_monthly_gift_is_not_ended_by_one_reversed_charge(
    installation: Installation, give: Give
) -> None:
    facts = give(frequency="monthly")
    tell_session(installation, facts, facts.session())
    metadata = {"donation_id": facts.donation.public_id}
    back = facts.charge(status="failed", failure_balance_transaction="txn_back", metadata=metadata)
    report_charge(installation, facts, back)
    assert donation_of(installation, facts).returned_at is None
    assert state_and_receipt(installation, facts) == ("paid", 2500)


@pytest.mark.parametrize(
    ("state", "remains"),
    [
        ("requested", 2500),
        ("refused", 2500),
        ("pending", 1800),
        ("succeeded", 1800),
        ("failed", 2500),
        ("canceled", 2500),
    ],
)
def test_a_refund_counts_once_stripe_has_started_it_and_until_it_fails(
    installation: Installation, gift: Facts, state: str, remains: int
) -> None:
    row = Refund(
        stripe_id=None if state in {"requested", "refused"} else "re_ours",
        request_token="request-1",
        donation_id=gift.donation.id,
        amount=700,
        currency="usd",
        state=state,
        created_at=now(),
    )
    with installation.sessions.begin() as session:
        session.add(row)
    report_refund(installation, gift, gift.refund("other", 100))
    assert state_and_receipt(installation, gift) == ("partially_refunded", remains - 100)


@pytest.mark.parametrize("kind", ["charge", "refund", "dispute", "fraud"])
def test_evidence_of_any_kind_alone_waits_for_its_own_payment(
    installation: Installation, give: Give, kind: str
) -> None:
    tell: dict[str, Callable[[Facts], object]] = {
        "charge": lambda one: report_charge(installation, one, one.charge(amount_refunded=700)),
        "refund": lambda one: report_refund(installation, one, one.refund("a", 700)),
        "dispute": lambda one: report_dispute(installation, one, one.dispute("lost", amount=700)),
        "fraud": lambda one: tell_fraud(installation, one),
    }
    mine, other = give(), give(email="ben@example.org")
    for facts in (other, mine):
        tell[kind](facts)
    assert set().union(*owners(installation).values()) == {None}
    report_paid(installation, mine)
    assert set().union(*owners(installation).values()) == {mine.donation.id, None}
    ends = {"dispute": ("dispute_lost", 1800), "fraud": ("paid", 2500)}
    assert state_and_receipt(installation, mine) == ends.get(kind, ("partially_refunded", 1800))
    assert state_and_receipt(installation, other) == ("pending", -1)
    report_paid(installation, other)
    assert set().union(*owners(installation).values()) == {mine.donation.id, other.donation.id}


def test_evidence_that_has_a_donation_keeps_it(installation: Installation, give: Give) -> None:
    mine, other = give(), give(email="ben@example.org")
    report_paid(installation, other)
    report_refund(installation, mine, mine.refund("a", 700))
    with installation.sessions.begin() as session:
        session.execute(update(Refund).values(donation_id=other.donation.id))
    report_paid(installation, mine)
    assert owners(installation)["Refund"] == {other.donation.id}
    assert ledger_entries_of(installation, mine) == [("payment", 2500, 0)]


def test_evidence_reaches_a_payment_whose_id_is_learned_later(
    installation: Installation, give: Give
) -> None:
    facts = give()
    tell_session(installation, facts, facts.session(payment_intent=None))
    report_refund(installation, facts, facts.refund("a", 700))
    assert ledger_entries_of(installation, facts) == [("payment", 2500, 0)]
    report_paid(installation, facts)
    assert ledger_entries_of(installation, facts)[1:] == [("refund", -700, 0)]
    assert state_and_receipt(installation, facts) == ("partially_refunded", 1800)


@pytest.mark.parametrize("kind", ["charge", "refund", "dispute"])
@pytest.mark.parametrize("early", [True, False])
def test_evidence_in_another_currency_is_refused_and_books_nothing(
    installation: Installation, give: Give, kind: str, early: bool
) -> None:
    facts = give()
    if not early:
        report_paid(installation, facts)
    tell: Callable[[], object] = {
        "charge": lambda: report_charge(
            installation, facts, facts.charge(amount_refunded=700, currency="eur")
        ),
        "refund": lambda: report_refund(
            installation, facts, facts.refund("a", 700, currency="eur")
        ),
        "dispute": lambda: report_dispute(
            installation, facts, facts.dispute("lost", -700, currency="eur")
        ),
    }[kind]
    said = rf"is in eur, but donation {facts.donation.public_id} is in usd\."
    if early:
        tell()
    with pytest.raises(FactMismatch, match=said):
        report_paid(installation, facts) if early else tell()
    assert ledger_entries_of(installation, facts) == ([] if early else [("payment", 2500, 0)])
    assert donation_of(installation, facts).state == ("pending" if early else "paid")


def test_times_of_balance_transactions_are_utc(installation: Installation, gift: Facts) -> None:
    shown = gift.dispute("lost", -2500)
    shown["balance_transactions"][0]["created"] = 1_797_926_400
    report_dispute(installation, gift, shown)
    assert written(installation, gift)[0][2] == datetime(2026, 12, 22, 8, tzinfo=UTC)


def test_settling_again_leaves_a_changed_gift_alone(
    installation: Installation, gift: Facts
) -> None:
    report_refund(installation, gift, gift.refund("a", 700))
    before = donation_of(installation, gift)
    outcome = report_charge(installation, gift, gift.charge(amount_refunded=700))
    assert (outcome.applied, outcome.note) == (False, "nothing new")
    with installation.sessions() as session:
        found = session.get_one(Donation, before.id)
        assert (found.state, len(found.receipts)) == ("partially_refunded", 2)


def test_a_single_cent_that_only_the_charge_reports_is_booked_once(
    installation: Installation, gift: Facts
) -> None:
    for seconds in (10, 20):
        report_charge(installation, gift, gift.charge(amount_refunded=1), seconds)
    assert ledger_entries_of(installation, gift) == [("payment", 2500, 0), ("refund", -1, 0)]
    assert state_and_receipt(installation, gift) == ("partially_refunded", 2499)
