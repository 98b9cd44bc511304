"""What each report of a payment writes into the donation and the ledger, and that it waits for its turn."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from campaign.core.booking_context import Outcome
from campaign.core.clock import now
from campaign.core.errors import FactMismatch
from campaign.donations.donation_lookup import lock_payment
from campaign.gateway import (
    read_charge,
    read_checkout_session,
    read_dispute,
    read_fraud_warning,
    read_payment_intent,
    read_refund,
)
from campaign.ledger.disputes import DisputeReport, apply_dispute
from campaign.ledger.fees import book_transaction_fee
from campaign.ledger.payments import apply_failed_debit, apply_intent, apply_session
from campaign.ledger.refund_evidence import apply_charge, apply_refund, record_fraud_warning
from campaign.models import Campaign, Donation, InvoicePayment, Subscription
from campaign.runtime.context import Installation
from tests.campaign.ledger.test_fees import moved
from tests.support.ledger import (
    after,
    donation_of,
    entries,
    ledger_entries_of,
    raised,
    report_paid,
    state_and_receipt,
    tell_session,
)
from tests.support.stripe import Facts

Give = Callable[..., Facts]


def tell_intent(
    installation: Installation, facts: Facts, seconds: int = 30, **changes: Any
) -> Outcome:
    """Apply the gift's payment intent as of `seconds` after the form."""
    at, found = after(facts, seconds), read_payment_intent(facts.intent(**changes))
    with installation.sessions.begin() as session:
        return apply_intent(session, found, at, installation.books)


def tell_failed_debit(installation: Installation, facts: Facts, seconds: int = 30) -> Outcome:
    at, found = after(facts, seconds), read_checkout_session(facts.session(payment_status="unpaid"))
    with installation.sessions.begin() as session:
        return apply_failed_debit(session, found, at, installation.books)


def test_a_payment_is_booked_with_its_source_time_and_campaign(
    installation: Installation, campaign: Campaign, give: Give
) -> None:
    facts = give(fee_cover=106)
    tell_intent(installation, facts, 5, status="requires_payment_method")
    tell_intent(installation, facts, 40)
    donation = donation_of(installation, facts)
    assert (donation.state, donation.state_reason) == ("paid", None)
    assert (donation.payment_intent_id, donation.invoice_id) == (f"pi_{facts.number}", None)
    assert (donation.charged_at, donation.paid_at) == (after(facts, 40), after(facts, 40))
    (entry,) = entries(installation, facts)
    assert (entry.kind, entry.source, entry.campaign_id) == (
        "payment",
        f"pi_{facts.number}",
        campaign.id,
    )
    assert (entry.amount, entry.fee_cover, entry.fee, entry.currency) == (2500, 106, 0, "usd")
    assert (entry.occurred_at, entry.balance_transaction_id) == (after(facts, 40), None)


@pytest.mark.parametrize(
    ("changes", "source"),
    [
        ({}, "pi"),
        ({"payment_intent": None, "invoice": "in_1"}, "in_1"),
        ({"payment_intent": None, "invoice": None}, "cs"),
    ],
)
def test_a_session_books_its_payment_else_its_invoice_else_itself(
    installation: Installation, give: Give, changes: dict[str, Any], source: str
) -> None:
    facts = give()
    tell_session(installation, facts, facts.session(**changes))
    names = {"pi": f"pi_{facts.number}", "cs": f"cs_test_{facts.number}"}
    (entry,) = entries(installation, facts)
    assert entry.source == names.get(source, source)
    donation = donation_of(installation, facts)
    assert donation.invoice_id == changes.get("invoice")
    assert donation.payment_intent_id == (names["pi"] if source == "pi" else None)


def test_the_payer_of_a_sessions_invoice_is_kept_with_the_gift(
    installation: Installation, give: Give
) -> None:
    facts = give(frequency="monthly")
    invoice = f"in_{facts.number}_first"
    with installation.sessions.begin() as session:
        session.add(InvoicePayment(invoice_id=invoice, payment_id="pi_payer"))
        session.add(InvoicePayment(invoice_id="in_other", payment_id="pi_other"))
    tell_session(installation, facts, facts.session())
    donation = donation_of(installation, facts)
    assert (donation.payment_intent_id, donation.invoice_id) == ("pi_payer", invoice)
    with installation.sessions() as session:
        subscription = session.scalars(select(Subscription)).one()
    assert (subscription.stripe_id, donation.subscription_id) == (
        facts.subscription,
        subscription.id,
    )


@pytest.mark.parametrize("charge_known", [True, False])
def test_a_gift_counts_from_its_charge_or_else_from_the_report(
    installation: Installation, give: Give, charge_known: bool
) -> None:
    facts = give()
    charge = {"id": "ch_1", "created": facts.created + 10}
    intent = {"id": f"pi_{facts.number}", "latest_charge": charge if charge_known else "ch_1"}
    tell_session(installation, facts, facts.session(payment_intent=intent), 90)
    donation = donation_of(installation, facts)
    assert donation.charged_at == after(facts, 10 if charge_known else 90)
    assert donation.paid_at == after(facts, 90)
    assert entries(installation, facts)[0].occurred_at == donation.charged_at


def test_a_debit_counts_from_its_authorization_however_late_it_arrives(
    installation: Installation, give: Give
) -> None:
    facts = give()
    promised = facts.session(payment_status="unpaid", created=facts.created + 20)
    assert tell_session(installation, facts, promised, 30).note.endswith(
        "a bank debit is processing"
    )
    donation = donation_of(installation, facts)
    assert (donation.state, donation.charged_at) == ("processing", after(facts, 20))
    assert (donation.state_reason, donation.paid_at) == ("a bank debit is processing", None)
    tell_session(installation, facts, promised | {"created": facts.created + 25}, 40)
    tell_intent(installation, facts, 4 * 86_400, created=facts.created + 26)
    donation = donation_of(installation, facts)
    assert donation.charged_at == after(facts, 20), "the first authorization counts"
    assert donation.paid_at == after(facts, 4 * 86_400)
    (entry,) = entries(installation, facts)
    assert entry.occurred_at == after(facts, 20)


def test_a_debit_dated_before_the_form_is_authorized_with_the_form(
    installation: Installation, give: Give
) -> None:
    facts = give()
    early = facts.session(payment_status="unpaid", created=facts.created - 60)
    tell_session(installation, facts, early)
    assert donation_of(installation, facts).charged_at == facts.donation.created_at


def test_a_session_that_needed_no_payment_is_paid(installation: Installation, give: Give) -> None:
    facts = give()
    tell_session(installation, facts, facts.session(payment_status="no_payment_required"))
    assert state_and_receipt(installation, facts) == ("paid", 2500)


@pytest.mark.parametrize(
    ("changes", "state", "note"),
    [
        ({"status": "open"}, "pending", "no action for a session that is open"),
        ({"status": "expired"}, "expired", "the donation is expired: the session expired without a payment"),
        ({"status": "complete"}, "processing", "the donation is processing: a bank debit is processing"),
    ],
)  # fmt: skip
def test_an_unpaid_session_says_what_became_of_it(
    installation: Installation, give: Give, changes: dict[str, Any], state: str, note: str
) -> None:
    facts = give()
    outcome = tell_session(installation, facts, facts.session(payment_status="unpaid", **changes))
    assert (outcome.applied, outcome.note) == (state != "pending", note)
    assert donation_of(installation, facts).state == state
    assert ledger_entries_of(installation, facts) == []


def test_a_session_is_remembered_with_its_page_and_never_replaced(
    installation: Installation, give: Give
) -> None:
    facts = give()
    url = "https://checkout.example/c"
    tell_session(
        installation, facts, facts.session(status="open", payment_status="unpaid", url=url)
    )
    tell_session(installation, facts, facts.session(id="cs_other", url="https://other.example"))
    donation = donation_of(installation, facts)
    assert (donation.session_id, donation.session_url) == (f"cs_test_{facts.number}", url)
    assert donation.state == "paid"


@pytest.mark.parametrize(
    ("changes", "state", "reason"),
    [
        ({"status": "canceled"}, "failed", "the payment was canceled"),
        ({"status": "processing"}, "processing", "a bank debit is processing"),
        ({"last_payment_error": {"code": "card_declined"}}, "declined", "card_declined"),
        ({}, "declined", "declined"),
    ],
)  # fmt: skip
def test_an_unpaid_payment_says_why(
    installation: Installation, give: Give, changes: dict[str, Any], state: str, reason: str
) -> None:
    facts = give()
    shown = {"status": "requires_payment_method", "amount_received": 0, **changes}
    assert tell_intent(installation, facts, **shown).applied
    donation = donation_of(installation, facts)
    assert (donation.state, donation.state_reason) == (state, reason)
    assert ledger_entries_of(installation, facts) == []


def test_a_failed_debit_ends_a_one_time_gift_at_its_first_report(
    installation: Installation, give: Give
) -> None:
    facts = give()
    for seconds in (50, 90):
        tell_failed_debit(installation, facts, seconds)
    donation = donation_of(installation, facts)
    assert (donation.state, donation.state_reason) == ("failed", "the bank declined the debit")
    assert donation.returned_at == after(facts, 50)


def test_a_failed_debit_of_a_paid_gift_is_reversed_in_the_ledger(
    installation: Installation, give: Give
) -> None:
    facts = give(fee_cover=106)
    report_paid(installation, facts)
    assert tell_failed_debit(installation, facts, 50).applied
    assert ledger_entries_of(installation, facts) == [
        ("payment", 2500, 106),
        ("payment_reversed", -2500, -106),
    ]
    assert state_and_receipt(installation, facts) == ("failed", 0)
    assert raised(installation) == 0


def test_a_monthly_gift_may_be_paid_another_way_after_a_failed_debit(
    installation: Installation, give: Give
) -> None:
    facts = give(frequency="monthly")
    tell_failed_debit(installation, facts)
    donation = donation_of(installation, facts)
    assert (donation.state, donation.returned_at) == ("failed", None)


def test_facts_about_other_sellers_gifts_change_nothing(
    installation: Installation, give: Give
) -> None:
    facts, other = give(), "don_of_another_shop"
    metadata = {"donation_id": other}
    shown = facts.session(metadata=metadata, client_reference_id=None)
    assert tell_session(installation, facts, shown).note == f"no donation of ours: {other}"
    outcome = tell_intent(installation, facts, metadata=metadata)
    assert (outcome.applied, outcome.note[:20]) == (False, "no donation of ours;")
    nameless = facts.session(metadata={}, client_reference_id=None)
    assert not tell_session(installation, facts, nameless).applied
    with installation.sessions.begin() as session:
        found = read_checkout_session(shown)
        assert not apply_failed_debit(session, found, now(), installation.books).applied
    assert donation_of(installation, facts).state == "pending"


def test_a_payment_of_the_same_amount_in_another_currency_is_refused(
    installation: Installation, give: Give
) -> None:
    facts = give()
    for changes in ({"currency": "eur"}, {"currency": None}):
        with pytest.raises(FactMismatch):
            tell_session(installation, facts, facts.session(**changes))
    assert state_and_receipt(installation, facts) == ("pending", -1)


def test_a_second_payment_is_refused_by_name_and_changes_nothing(
    installation: Installation, give: Give
) -> None:
    facts = give()
    report_paid(installation, facts)
    other = replace(read_payment_intent(facts.intent()), id="pi_other")
    said = f"was paid twice: by pi_{facts.number} and by pi_other"
    with pytest.raises(FactMismatch, match=said), installation.sessions.begin() as session:
        apply_intent(session, other, now(), installation.books)
    assert ledger_entries_of(installation, facts) == [("payment", 2500, 0)]


def test_a_gift_counts_only_for_a_campaign_that_is_not_final(
    installation: Installation, campaign: Campaign, give: Give
) -> None:
    facts, late = give(), give(email="ben@example.org")
    report_paid(installation, facts)
    with installation.sessions.begin() as session:
        found = session.get_one(Campaign, campaign.id)
        # Its charge is still inside the window, but the result is final by now.
        found.deadline = late.donation.created_at + timedelta(microseconds=1)
        found.grace_days = 0
    report_paid(installation, late)
    assert [entries(installation, one)[0].campaign_id for one in (facts, late)] == [
        campaign.id,
        None,
    ]


Report = Callable[[Any, Facts, datetime, Any], object]
REPORTS: dict[str, Report] = {
    "session": lambda session, facts, at, books: apply_session(
        session, read_checkout_session(facts.session()), at, books
    ),
    "failed debit": lambda session, facts, at, books: apply_failed_debit(
        session, read_checkout_session(facts.session(payment_status="unpaid")), at, books
    ),
    "intent": lambda session, facts, at, books: apply_intent(
        session, read_payment_intent(facts.intent()), at, books
    ),
    "refund": lambda session, facts, at, books: apply_refund(
        session, read_refund(facts.refund("a", 700), at), at, books
    ),
    "charge": lambda session, facts, at, books: apply_charge(
        session, read_charge(facts.charge(amount_refunded=700), at), at, books
    ),
    "dispute": lambda session, facts, at, books: apply_dispute(
        session, read_dispute(facts.dispute(), at), DisputeReport(), at, books
    ),
    "fraud warning": lambda session, facts, _at, _books: record_fraud_warning(
        session, read_fraud_warning(facts.fraud_warned()["data"]["object"], now())
    ),
    "fee": lambda session, facts, _at, _books: book_transaction_fee(session, moved(facts)),
}


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_about_a_payment_waits_for_the_others_about_it(
    installation: Installation, give: Give, name: str
) -> None:
    facts = give()
    with installation.sessions() as holder, installation.sessions() as waiting:
        lock_payment(holder, f"pi_{facts.number}")
        waiting.execute(text("SET LOCAL lock_timeout = '10ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            REPORTS[name](waiting, facts, now(), installation.books)
        waiting.rollback()
        holder.rollback()
        REPORTS[name](waiting, facts, now(), installation.books)


def test_a_session_waits_for_reports_about_its_invoice(
    installation: Installation, give: Give
) -> None:
    facts = give(frequency="monthly")
    with installation.sessions() as holder, installation.sessions() as waiting:
        lock_payment(holder, f"in_{facts.number}_first")
        waiting.execute(text("SET LOCAL lock_timeout = '10ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            REPORTS["session"](waiting, facts, now(), installation.books)


def test_a_gift_is_locked_while_its_payment_is_booked(
    installation: Installation, give: Give
) -> None:
    facts = give()
    with installation.sessions() as holder, installation.sessions() as waiting:
        REPORTS["intent"](holder, facts, now(), installation.books)
        waiting.execute(text("SET LOCAL lock_timeout = '10ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            waiting.execute(
                select(Donation.id).where(Donation.id == facts.donation.id).with_for_update()
            )
