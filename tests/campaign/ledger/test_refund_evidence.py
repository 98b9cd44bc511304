"""Evidence of refunds and reversals is saved, whatever its origin and order."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import select, update

from campaign.core.clock import now
from campaign.gateway import read_fraud_warning
from campaign.ledger.refund_evidence import record_fraud_warning
from campaign.models import Charge, Dispute, Donation, FraudWarning, InboxEvent, Refund
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.ledger import (
    after,
    ledger_entries_of,
    report_charge,
    report_paid,
    report_refund,
    settlement_summary,
    state_and_receipt,
)
from tests.support.stripe import Facts, event
from tests.support.waiting import someone_waits, wait_until

Give = Callable[..., Facts]
Store = Callable[..., None]


@pytest.fixture
def gift(installation: Installation, give: Give) -> Facts:
    """A paid gift of $25."""
    facts = give()
    report_paid(installation, facts)
    return facts


def refunds(installation: Installation) -> list[tuple[str, datetime | None]]:
    """Return (state, end time) of every refund."""
    with installation.sessions() as session:
        rows = session.execute(select(Refund.state, Refund.ended_at).order_by(Refund.id))
        return [(state, ended_at) for state, ended_at in rows]


def test_evidence_without_a_known_payment_waits(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give()
    store(facts.refunded("a", 1000), facts.disputed("created"), facts.fraud_warned())
    apply_due_events(installation)
    assert settlement_summary(installation, facts) == ("pending", 0, -1)
    with installation.sessions() as session:
        notes = session.scalars(select(InboxEvent.note)).all()
    assert notes.count("saved; its payment is not known here yet") == 2
    store(facts.intent_succeeded())
    apply_due_events(installation)
    assert settlement_summary(installation, facts) == ("partially_refunded", 1500, 1500)
    with installation.sessions() as session:
        assert session.scalars(select(Dispute.donation_id)).one() == facts.donation.id
        assert session.scalars(select(FraudWarning.donation_id)).one() == facts.donation.id


def test_metadata_copied_to_another_charge_have_no_effect(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give()
    store(facts.completed())
    apply_due_events(installation)
    metadata = {"donation_id": facts.donation.public_id}
    other = facts.charge(id="ch_other", payment_intent="pi_other", metadata=metadata)
    store(event("charge.refunded", other | {"amount_refunded": 2500}))
    apply_due_events(installation)
    assert settlement_summary(installation, facts) == ("paid", 2500, 2500)


def test_a_refund_ends_at_the_first_final_status_and_older_events_change_nothing(
    installation: Installation, gift: Facts
) -> None:
    for status, seconds in (("pending", 10), ("succeeded", 20), ("pending", 30), ("succeeded", 40)):
        report_refund(installation, gift, gift.refund("a", 700, status), seconds)
    assert refunds(installation) == [("succeeded", after(gift, 20))]
    assert ledger_entries_of(installation, gift)[1:] == [("refund", -700, 0)]


@pytest.mark.parametrize("status", ["requires_action", "a_later_word"])
def test_a_refund_that_requires_action_is_pending(
    installation: Installation, gift: Facts, status: str
) -> None:
    report_refund(installation, gift, gift.refund("a", 700, status))
    assert refunds(installation) == [("pending", None)]
    assert state_and_receipt(installation, gift) == ("partially_refunded", 1800)


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_a_failed_refund_is_booked_as_two_entries_with_their_own_times(
    installation: Installation, gift: Facts, status: str
) -> None:
    report_refund(installation, gift, gift.refund("a", 700, status), 500)
    assert ledger_entries_of(installation, gift)[1:] == [
        ("refund", -700, 0),
        ("refund_failed", 700, 0),
    ]
    assert refunds(installation) == [(status, after(gift, 500))]
    assert state_and_receipt(installation, gift) == ("paid", 2500)


def test_a_refund_that_names_our_request_updates_it(
    installation: Installation, gift: Facts
) -> None:
    with installation.sessions.begin() as session:
        session.add(
            Refund(
                request_token="request-1",
                donation_id=gift.donation.id,
                amount=700,
                currency="usd",
                state="requested",
                requested_by="fay",
                created_at=now(),
            )
        )
    metadata = {"refund_request": "request-1"}
    report_refund(installation, gift, gift.refund("a", 700, "pending", metadata=metadata))
    assert refunds(installation) == [("pending", None)]
    for _ in range(2):
        report_refund(installation, gift, gift.refund("a", 700, metadata=metadata))
    with installation.sessions() as session:
        row = session.scalars(select(Refund)).one()
    assert (row.stripe_id, row.state) == (f"re_{gift.number}_a", "succeeded")
    assert (row.requested_by, row.payment_intent_id) == ("fay", f"pi_{gift.number}")


def test_a_charges_refunded_total_never_shrinks(installation: Installation, gift: Facts) -> None:
    for refunded, seconds in ((700, 10), (1000, 20), (0, 30), (700, 40)):
        report_charge(installation, gift, gift.charge(amount_refunded=refunded), seconds)
    with installation.sessions() as session:
        row = session.scalars(select(Charge)).one()
    assert (row.refunded, row.refunded_at) == (1000, after(gift, 10))
    assert ledger_entries_of(installation, gift)[1:] == [("refund", -700, 0), ("refund", -300, 0)]


def test_refunds_listed_in_their_charge_are_booked_under_their_own_ids(
    installation: Installation, gift: Facts
) -> None:
    listed = {"data": [gift.refund("a", 700), gift.refund("b", 300)]}
    report_charge(installation, gift, gift.charge(amount_refunded=1000, refunds=listed))
    report_refund(installation, gift, gift.refund("b", 300))
    assert len(refunds(installation)) == 2
    assert ledger_entries_of(installation, gift)[1:] == [("refund", -700, 0), ("refund", -300, 0)]


def test_a_refund_with_only_a_charge_is_matched_by_it(
    installation: Installation, gift: Facts
) -> None:
    report_charge(installation, gift, gift.charge())
    report_refund(installation, gift, gift.refund("a", 700, payment_intent=None))
    assert state_and_receipt(installation, gift) == ("partially_refunded", 1800)


def test_a_reversed_debit_keeps_its_first_time(installation: Installation, gift: Facts) -> None:
    back = gift.charge(status="failed", failure_balance_transaction="txn_back")
    for seconds in (50, 60):
        report_charge(installation, gift, back, seconds)
    with installation.sessions() as session:
        assert session.scalars(select(Charge.returned_at)).one() == after(gift, 50)
        found = session.get_one(Donation, gift.donation.id)
    assert (found.state, found.returned_at) == ("failed", after(gift, 50))


def test_a_fraud_warning_is_saved_once_and_moves_nothing(
    installation: Installation, gift: Facts
) -> None:
    warning = read_fraud_warning(gift.fraud_warned()["data"]["object"], now())
    applied = []
    for _ in range(2):
        with installation.sessions.begin() as session:
            applied.append(record_fraud_warning(session, warning).applied)
    assert applied == [True, False]
    with installation.sessions() as session:
        assert session.scalars(select(FraudWarning.donation_id)).all() == [gift.donation.id]
    assert ledger_entries_of(installation, gift) == [("payment", 2500, 0)]


def test_a_refund_is_saved_with_all_that_stripe_said(
    installation: Installation, gift: Facts
) -> None:
    shown = gift.refund(
        "a", 700, "failed", reason="duplicate", failure_reason="lost_or_stolen_card"
    )
    report_refund(installation, gift, shown, 90)
    with installation.sessions() as session:
        row = session.scalars(select(Refund)).one()
    assert (row.stripe_id, row.donation_id) == (f"re_{gift.number}_a", gift.donation.id)
    assert (row.payment_intent_id, row.charge_id) == (f"pi_{gift.number}", f"ch_{gift.number}")
    assert (row.amount, row.currency, row.state) == (700, "usd", "failed")
    assert (row.reason, row.failure_reason) == ("duplicate", "lost_or_stolen_card")
    assert (row.created_at, row.ended_at) == (after(gift, 60), after(gift, 90))
    assert (row.request_token, row.requested_by) == (None, None)


def test_a_later_report_adds_what_was_unknown_and_changes_nothing_else(
    installation: Installation, gift: Facts
) -> None:
    bare = gift.refund("a", 700, "pending", charge=None)
    report_refund(installation, gift, bare)
    later = gift.refund("a", 700, "failed", charge="ch_late", failure_reason="unknown")
    report_refund(installation, gift, later, 90)
    report_refund(
        installation, gift, gift.refund("a", 700, "failed", charge="ch_x", failure_reason="other")
    )
    with installation.sessions() as session:
        row = session.scalars(select(Refund)).one()
    assert (row.charge_id, row.failure_reason, row.ended_at) == (
        "ch_late",
        "unknown",
        after(gift, 90),
    )


def test_a_refund_of_someone_elses_request_is_a_row_of_its_own(
    installation: Installation, gift: Facts
) -> None:
    metadata = {"refund_request": "of-another-system"}
    report_refund(installation, gift, gift.refund("a", 700, metadata=metadata))
    with installation.sessions() as session:
        assert session.scalars(select(Refund.request_token)).all() == [None]
    assert state_and_receipt(installation, gift) == ("partially_refunded", 1800)


def test_a_charge_is_saved_with_its_totals_and_its_payment(
    installation: Installation, gift: Facts
) -> None:
    report_charge(installation, gift, gift.charge(amount_refunded=700), 20)
    with installation.sessions() as session:
        row = session.scalars(select(Charge)).one()
    assert (row.stripe_id, row.donation_id) == (f"ch_{gift.number}", gift.donation.id)
    assert (row.payment_intent_id, row.currency) == (f"pi_{gift.number}", "usd")
    assert (row.amount, row.refunded) == (2500, 700)
    assert (row.refunded_at, row.returned_at) == (after(gift, 20), None)


def test_a_charge_that_moved_nothing_has_no_times(installation: Installation, gift: Facts) -> None:
    outcome = report_charge(installation, gift, gift.charge(status="failed"))
    with installation.sessions() as session:
        row = session.scalars(select(Charge)).one()
    assert (row.refunded, row.refunded_at, row.returned_at) == (0, None, None)
    assert (outcome.applied, outcome.note) == (False, "nothing new")


def test_a_charge_names_its_donation_before_its_payment_is_known(
    installation: Installation, give: Give
) -> None:
    facts = give()
    metadata = {"donation_id": facts.donation.public_id}
    outcome = report_charge(
        installation, facts, facts.charge(amount_refunded=700, metadata=metadata)
    )
    assert outcome.note == "its payment has not arrived yet; this will be booked with it"
    assert not outcome.applied
    report_paid(installation, facts)
    assert state_and_receipt(installation, facts) == ("partially_refunded", 1800)


def test_a_fraud_warning_is_saved_with_what_the_bank_said(
    installation: Installation, gift: Facts
) -> None:
    report_charge(installation, gift, gift.charge())
    shown = gift.fraud_warned()["data"]["object"] | {"payment_intent": None, "actionable": False}
    with installation.sessions.begin() as session:
        record_fraud_warning(session, read_fraud_warning(shown, now()))
    with installation.sessions() as session:
        row = session.scalars(select(FraudWarning)).one()
    assert (row.stripe_id, row.donation_id) == (f"issfr_{gift.number}", gift.donation.id)
    assert (row.payment_intent_id, row.charge_id) == (None, f"ch_{gift.number}")
    assert (row.fraud_type, row.actionable) == ("made_with_stolen_card", False)
    assert row.created_at == after(gift, 30)


def test_an_older_report_waits_for_a_newer_one_of_our_own_request(
    installation: Installation, gift: Facts
) -> None:
    asked = {"request_token": "request-1", "donation_id": gift.donation.id, "amount": 700}
    with installation.sessions.begin() as session:
        session.add(Refund(**asked, currency="usd", state="requested", created_at=now()))
    older = gift.refund("a", 700, "pending", metadata={"refund_request": "request-1"})
    with ThreadPoolExecutor(1) as threads, installation.sessions.begin() as newer:
        newer.execute(update(Refund).values(state="succeeded", stripe_id=older["id"]))
        told = threads.submit(report_refund, installation, gift, older)
        wait_until(lambda: someone_waits(installation))
        newer.commit()
        told.result()
    assert [state for state, _ in refunds(installation)] == ["succeeded"]
