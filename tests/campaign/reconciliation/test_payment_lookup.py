"""What is looked up at Stripe, how often, and how the answer is applied."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from campaign.core.clock import now
from campaign.gateway import (
    PaymentFact,
    read_balance_transaction,
    read_charge,
    read_invoice,
    read_payment_intent,
)
from campaign.models import Donation, PaymentLookup
from campaign.reconciliation.payment_lookup import (
    PaymentOwner,
    apply_matched_payment,
    find_owner,
    invoice_payment_of,
    list_invoices_without_payment,
    list_reversed_renewals,
    list_unmatched_evidence,
    name_payment,
    record_lookup,
    record_reversed_renewal,
)
from campaign.runtime.context import Installation
from campaign.subscriptions.invoices import apply_invoice
from tests.support.ledger import (
    after,
    ledger_entries_of,
    report_charge,
    report_paid,
    report_refund,
    state_and_receipt,
)
from tests.support.stripe import Facts, Json

Give = Callable[..., Facts]
AT = now()
RETRY_AFTER = timedelta(hours=1)
RECENT = timedelta(days=35)
MAX_EVIDENCE_AGE = timedelta(days=180)
MICROSECOND = timedelta(microseconds=1)


def asked(installation: Installation, name: str, at: datetime, *, ours: bool) -> None:
    with installation.sessions.begin() as session:
        record_lookup(session, name, at, ours=ours)


def evidence(installation: Installation, at: datetime = AT) -> list[str]:
    with installation.sessions() as session:
        return list_unmatched_evidence(session, at)


def fact(facts: Facts, charge: Json | None = None, **changes: Any) -> PaymentFact:
    at = after(facts, 1)
    found = read_charge(charge, at) if charge else None
    return PaymentFact(read_payment_intent(facts.intent(**changes)), found, None)


def test_an_unknown_payment_with_refunds_is_looked_up_once(
    installation: Installation, give: Give
) -> None:
    first, second = give(), give(email="ben@example.org")
    for facts in (second, first):
        report_refund(installation, facts, facts.refund("a", 100))
        report_refund(installation, facts, facts.refund("b", 100))
    report_refund(installation, first, first.refund("c", 100, payment_intent=None))
    # What names no payment is looked up by its charge.
    charge = f"ch_{first.number}"
    assert evidence(installation) == sorted([charge, f"pi_{first.number}", f"pi_{second.number}"])
    with installation.sessions.begin() as session:
        name_payment(session, charge, f"pi_{first.number}")
    assert evidence(installation) == sorted([f"pi_{first.number}", f"pi_{second.number}"])
    report_paid(installation, first)
    assert evidence(installation) == [f"pi_{second.number}"]


@pytest.mark.parametrize(
    ("ours", "ago", "again"),
    [
        (True, RETRY_AFTER, True),
        (True, RETRY_AFTER - MICROSECOND, False),
        (False, timedelta(days=400), False),
    ],
)
def test_our_payments_are_looked_up_again_after_an_hour_and_others_never(
    installation: Installation, give: Give, ours: bool, ago: timedelta, again: bool
) -> None:
    facts = give()
    report_refund(installation, facts, facts.refund("a", 100))
    asked(installation, f"pi_{facts.number}", AT - ago, ours=ours)
    assert evidence(installation) == [f"pi_{facts.number}"] * again


@pytest.mark.parametrize(("younger", "found"), [(MICROSECOND, True), (timedelta(), False)])
def test_a_known_unpaid_gift_is_looked_up_for_half_a_year(
    installation: Installation, give: Give, younger: timedelta, found: bool
) -> None:
    facts = give()
    metadata = {"donation_id": facts.donation.public_id}
    report_charge(installation, facts, facts.charge(amount_refunded=1, metadata=metadata))
    with installation.sessions.begin() as session:
        donation = session.get_one(Donation, facts.donation.id)
        donation.created_at = AT - MAX_EVIDENCE_AGE + younger
    assert evidence(installation) == [f"pi_{facts.number}"] * found


def test_a_later_answer_replaces_the_earlier_one(installation: Installation) -> None:
    asked(installation, "pi_1", AT - timedelta(hours=2), ours=False)
    asked(installation, "pi_1", AT, ours=True)
    with installation.sessions() as session:
        (row,) = session.scalars(select(PaymentLookup))
    assert (row.ours, row.answered_at) == (True, AT)


def test_recent_invoices_without_a_payment_are_looked_up_newest_first(
    installation: Installation, give: Give
) -> None:
    ages = (timedelta(days=2), timedelta(days=1), RECENT - MICROSECOND, RECENT)
    for number, age in enumerate(ages):
        facts = give(email=f"d{number}@example.org")
        with installation.sessions.begin() as session:
            donation = session.get_one(Donation, facts.donation.id)
            donation.invoice_id, donation.paid_at = f"in_{number}", AT - age
    with installation.sessions() as session:
        assert list_invoices_without_payment(session, AT) == ["in_1", "in_0", "in_2"]
    asked(installation, "in_1", AT - RETRY_AFTER + MICROSECOND, ours=True)
    with installation.sessions() as session:
        assert list_invoices_without_payment(session, AT) == ["in_0", "in_2"]


def pay_first(installation: Installation, facts: Facts) -> None:
    """Pay the first invoice of a monthly gift with a known payment."""
    invoice = read_invoice(facts.invoice())
    with installation.sessions.begin() as session:
        apply_invoice(session, invoice, after(facts, 1), installation.books)
        session.get_one(Donation, facts.donation.id).payment_intent_id = f"pi_{facts.number}"


BACK = {"status": "failed", "failure_balance_transaction": "txn_back"}


def test_only_a_monthly_gifts_debit_may_have_been_paid_another_way(
    installation: Installation, give: Give
) -> None:
    once, monthly = give(), give(email="ben@example.org", frequency="monthly")
    report_paid(installation, once)
    pay_first(installation, monthly)
    for facts in (once, monthly):
        report_charge(installation, facts, facts.charge(**BACK))
    pair = (f"ch_{monthly.number}", f"pi_{monthly.number}")
    returned_at = after(monthly, 60)
    with installation.sessions() as session:
        assert list_reversed_renewals(session, AT) == [pair]
        assert list_reversed_renewals(session, returned_at + RECENT - MICROSECOND) == [pair]
        assert list_reversed_renewals(session, returned_at + RECENT) == []
    asked(installation, pair[0], AT, ours=True)
    with installation.sessions() as session:
        assert list_reversed_renewals(session, AT) == []


@pytest.mark.parametrize(
    ("status", "state"),
    [("requires_payment_method", "failed"), ("canceled", "failed"), ("succeeded", "paid")],
)
def test_a_reversed_debit_ends_the_gift_unless_something_else_paid(
    installation: Installation, give: Give, status: str, state: str
) -> None:
    facts = give(frequency="monthly")
    pay_first(installation, facts)
    report_charge(installation, facts, facts.charge(**BACK))
    for _ in range(2):
        with installation.sessions.begin() as session:
            charge = f"ch_{facts.number}"
            record_reversed_renewal(session, charge, fact(facts, status=status), installation.books)
    assert state_and_receipt(installation, facts)[0] == state
    assert len(ledger_entries_of(installation, facts)) == (2 if state == "failed" else 1)


def test_an_owner_is_the_booked_invoices_gift_else_the_renewed_one(
    installation: Installation, give: Give
) -> None:
    facts = give(frequency="monthly")
    pay_first(installation, facts)
    mine, other = facts.donation, fact(facts, metadata={})
    first, second = (read_invoice(facts.invoice(name)) for name in ("first", "second"))
    nameless = {"subscription": facts.subscription, "metadata": {}}
    by_gift = read_invoice(facts.invoice("third", parent={"subscription_details": nameless}))
    strange = read_invoice(facts.invoice("fourth", parent=None))
    with installation.sessions() as session:
        assert find_owner(session, PaymentOwner()) == (None, None)
        assert find_owner(session, PaymentOwner(fact(facts))) == (mine.id, None)
        assert find_owner(session, PaymentOwner(other)) == (None, None)
        assert find_owner(session, PaymentOwner(other, first)) == (mine.id, None)
        assert find_owner(session, PaymentOwner(other, second)) == (None, mine.public_id)
        assert find_owner(session, PaymentOwner(other, by_gift)) == (None, mine.public_id)
        assert find_owner(session, PaymentOwner(other, strange)) == (None, None)


def test_a_payments_time_is_the_balances_else_the_charges_else_its_own(
    give: Give,
) -> None:
    facts = give()
    at = after(facts, 0)
    charge = facts.charge(created=facts.created + 5)
    balance_transaction = read_balance_transaction(
        {"id": "txn_1", "created": facts.created + 9, "amount": 1, "currency": "usd"}, at
    )
    intent = fact(facts)
    charged = fact(facts, charge)
    assert PaymentOwner().moment is None
    assert PaymentOwner(intent).moment == at
    assert PaymentOwner(charged).moment == after(facts, 5)
    assert PaymentOwner(
        PaymentFact(charged.intent, charged.charge, balance_transaction)
    ).moment == after(facts, 9)
    assert (invoice_payment_of(PaymentOwner(intent)), invoice_payment_of(PaymentOwner())) == (
        None,
        None,
    )


def test_a_payment_is_booked_before_its_earlier_evidence(
    installation: Installation, give: Give
) -> None:
    facts = give()
    report_refund(installation, facts, facts.refund("a", 700))
    for applied in (True, False):
        with installation.sessions.begin() as session:
            moment = after(facts, 1)
            outcome = apply_matched_payment(session, fact(facts), moment, installation.books)
            assert outcome.applied is applied
    assert state_and_receipt(installation, facts) == ("partially_refunded", 1800)
    assert ledger_entries_of(installation, facts) == [("payment", 2500, 0), ("refund", -700, 0)]


def test_a_payment_with_copied_metadata_is_not_booked(
    installation: Installation, give: Give
) -> None:
    facts = give()
    report_paid(installation, facts)
    copied = fact(facts, id="pi_copied", status="canceled")
    with installation.sessions.begin() as session:
        moment = after(facts, 1)
        assert not apply_matched_payment(session, copied, moment, installation.books).applied
    assert state_and_receipt(installation, facts) == ("paid", 2500)
