"""Stripe's facts are booked once, in the window of the charge, and only for the amount the donor agreed to."""

import itertools
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from campaign.core.errors import FactMismatch
from campaign.gateway import read_checkout_session, read_payment_intent
from campaign.ledger.payments import apply_intent, apply_session
from campaign.models import Campaign, Donation, InboxEvent, Receipt
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.ledger import (
    add_donation_to,
    after,
    campaign_in,
    freeze,
    ledger_entries_of,
    payment_summary,
    raised,
    report_paid,
    state_and_receipt,
)
from tests.support.stripe import Facts, event

Give = Callable[..., Facts]
Store = Callable[..., None]


CARD = ("intent_failed", "completed", "intent_succeeded")
DEBIT = ("promised", "debit_succeeded", "intent_succeeded")
BROKEN_DEBIT = ("promised", "intent_failed", "debit_failed")
CANCELED = ("promised", "intent_canceled", "expired")
ABANDONED = ("intent_failed", "expired")


def test_covered_fees_are_charged_and_receipted_but_are_not_progress(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give(fee_cover=106)
    store(facts.completed())
    apply_due_events(installation)
    assert payment_summary(installation, facts)[:2] == ("paid", 2500)
    with installation.sessions() as session:
        assert session.scalars(select(Receipt.amount)).one() == 2606


@pytest.mark.parametrize(
    ("names", "state", "raised"),
    [
        (CARD, "paid", 2500),
        (DEBIT, "paid", 2500),
        (BROKEN_DEBIT, "failed", 0),
        (CANCELED, "failed", 0),
        (ABANDONED, "expired", 0),
    ],
)
def test_the_same_facts_in_any_order_have_the_same_result(
    installation: Installation,
    give: Give,
    store: Store,
    names: tuple[str, ...],
    state: str,
    raised: int,
) -> None:
    orders = list(itertools.permutations(names))
    for number, order in enumerate(orders, start=1):
        facts = give(email=f"donor{number}@example.org")
        for name in order:
            store(getattr(facts, name)())
            apply_due_events(installation)
        paid = int(raised > 0) * number
        assert payment_summary(installation, facts) == (state, raised * number, paid, paid), order


def test_the_expiry_of_an_unused_session_changes_nothing(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give()
    with installation.sessions.begin() as session:
        session.get_one(Donation, facts.donation.id).session_id = "cs_test_shown"
    store(facts.expired())
    apply_due_events(installation)
    assert payment_summary(installation, facts) == ("pending", 0, 0, 0)


def test_a_pending_debit_does_not_count_as_raised(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give()
    store(facts.promised())
    apply_due_events(installation)
    assert payment_summary(installation, facts) == ("processing", 0, 0, 0)


def test_a_charge_after_the_deadline_is_receipted_but_not_counted(
    installation: Installation, campaign: Campaign, give: Give, store: Store
) -> None:
    facts = give()
    late = int(campaign.deadline.timestamp())
    store(event("checkout.session.completed", facts.session(), created=late))
    apply_due_events(installation)
    assert payment_summary(installation, facts) == ("paid", 0, 1, 1)


def test_a_debit_authorized_before_the_deadline_counts_when_it_arrives_later(
    installation: Installation, campaign: Campaign, give: Give, store: Store
) -> None:
    facts = give()
    late = int(campaign.deadline.timestamp()) + 86_400
    store(event("checkout.session.async_payment_succeeded", facts.session(), created=late))
    apply_due_events(installation)
    assert payment_summary(installation, facts) == ("paid", 2500, 1, 1)


def test_a_payment_of_another_amount_fails_visibly_and_books_nothing(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give()
    store(facts.completed(amount_total=9900))
    apply_due_events(installation)
    assert payment_summary(installation, facts) == ("pending", 0, 0, 0)
    with installation.sessions() as session:
        stored = session.scalars(select(InboxEvent)).one()
    assert (stored.state, stored.attempts) == ("failed", 1)
    assert "9900 usd" in (stored.last_error or "")
    assert stored.next_attempt_at > stored.received_at


def test_a_second_payment_of_one_gift_fails_visibly(
    installation: Installation, give: Give, store: Store
) -> None:
    facts = give()
    twice = facts.completed(payment_intent="pi_another")
    store(facts.completed())
    apply_due_events(installation)
    store(twice)
    apply_due_events(installation)
    assert payment_summary(installation, facts) == ("paid", 2500, 1, 1)
    with installation.sessions() as session:
        stored = session.get_one(InboxEvent, twice["id"])
    assert stored.state == "failed"
    assert " and by pi_another." in (stored.last_error or "")


def test_random_histories_agree_with_the_strongest_fact(
    installation: Installation, give: Give, store: Store
) -> None:
    chance = random.Random(7)
    names = ["intent_failed", "promised", "expired", "debit_failed", "completed", "debit_succeeded"]
    strength = ["pending", "declined", "expired", "processing", "paid", "failed"]
    shown = {
        "intent_failed": 1,
        "expired": 2,
        "promised": 3,
        "completed": 4,
        "debit_succeeded": 4,
        "debit_failed": 5,
    }
    for number in range(30):
        facts = give(email=f"random{number}@example.org")
        history = chance.choices(names, k=chance.randint(1, 5))
        for name in history:
            store(getattr(facts, name)())
        apply_due_events(installation)
        assert (
            payment_summary(installation, facts)[0]
            == strength[max(shown[name] for name in history)]
        )


def test_a_charge_in_the_last_second_of_the_window_counts_and_at_the_deadline_does_not(
    installation: Installation, campaign: Campaign, give: Give
) -> None:
    for at, counted in (
        (campaign.deadline - timedelta(seconds=1), 2500),
        (campaign.deadline, 2500),
    ):
        facts = give()
        found = read_payment_intent(facts.intent(created=int(at.timestamp())))
        with installation.sessions.begin() as session:
            apply_intent(session, found, at, installation.books)
        assert raised(installation) == counted


def test_a_charge_dated_before_the_form_gets_the_forms_time(
    installation: Installation, give: Give
) -> None:
    facts = give()
    report_paid(installation, facts, after(facts, -3600))
    with installation.sessions() as session:
        donation = session.get_one(Donation, facts.donation.id)
    assert donation.charged_at == donation.created_at
    assert raised(installation) == 2500


def test_a_payment_after_the_final_result_is_receipted_and_counts_nowhere(
    installation: Installation, campaign: Campaign, give: Give
) -> None:
    facts = give()
    freeze(installation, campaign)
    report_paid(installation, facts)
    assert payment_summary(installation, facts) == ("paid", 0, 1, 1)


@pytest.mark.parametrize(("longer", "of_the_page"), [(0, True), (1, False)])
def test_a_payment_after_the_session_lifetime_is_a_debit_of_its_first_day(
    installation: Installation, give: Give, longer: int, of_the_page: bool
) -> None:
    facts = give()
    at = after(facts, 86_400 + longer)
    report_paid(installation, facts, at)
    with installation.sessions() as session:
        donation = session.get_one(Donation, facts.donation.id)
    assert donation.charged_at == (at if of_the_page else donation.created_at)
    assert donation.paid_at == at


@pytest.mark.parametrize("changes", [{"currency": "eur"}, {"amount_received": 2501}])
def test_another_currency_or_one_cent_more_is_rejected(
    installation: Installation, give: Give, changes: dict[str, object]
) -> None:
    facts = give()
    found = read_payment_intent(facts.intent(**changes))
    with (
        pytest.raises(FactMismatch, match="2500 usd"),
        installation.sessions.begin() as session,
    ):
        apply_intent(session, found, after(facts, 1), installation.books)
    assert (ledger_entries_of(installation, facts), state_and_receipt(installation, facts)) == (
        [],
        ("pending", -1),
    )


def test_a_paid_session_without_an_amount_is_rejected(
    installation: Installation, give: Give
) -> None:
    facts = give()
    found = replace(read_checkout_session(facts.session()), amount_total=None)
    with (
        pytest.raises(FactMismatch, match="has no amount"),
        installation.sessions.begin() as session,
    ):
        apply_session(session, found, after(facts, 1), installation.books)


def test_yen_and_the_fees_they_cover_are_booked_to_the_yen(installation: Installation) -> None:
    facts = add_donation_to(installation, campaign_in(installation, "jpy"), 50, fee_cover=32)
    report_paid(installation, facts)
    assert ledger_entries_of(installation, facts) == [("payment", 50, 32)]
    assert (state_and_receipt(installation, facts), raised(installation)) == (("paid", 82), 50)


def test_an_earlier_session_gets_its_payment_from_the_intent(
    installation: Installation, give: Give
) -> None:
    facts = give()
    found = replace(read_checkout_session(facts.session()), payment_intent_id=None)
    with installation.sessions.begin() as session:
        apply_session(session, found, after(facts, 1), installation.books)
    assert not report_paid(installation, facts).applied
    with installation.sessions() as session:
        donation = session.get_one(Donation, facts.donation.id)
    assert donation.payment_intent_id == f"pi_{facts.number}"
    assert ledger_entries_of(installation, facts) == [("payment", 2500, 0)]


def test_a_decline_after_the_payment_changes_nothing(
    installation: Installation, give: Give
) -> None:
    facts = give()
    report_paid(installation, facts)
    for status in ("requires_payment_method", "processing", "canceled"):
        found = read_payment_intent(facts.intent(status=status))
        with installation.sessions.begin() as session:
            outcome = apply_intent(session, found, after(facts, 9), installation.books)
        assert (outcome.applied, outcome.note) == (False, "the donation is already paid")
    assert state_and_receipt(installation, facts) == ("paid", 2500)
