"""Each paid invoice is one donation, with its parts and its payment."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from campaign.core.booking_context import Outcome
from campaign.gateway import InvoicePaymentFact, read_invoice
from campaign.models import Campaign, Donation, InvoicePayment, LedgerEntry, Receipt
from campaign.runtime.context import Installation
from campaign.subscriptions.invoices import apply_invoice, apply_invoice_payment
from tests.support.ledger import add_donation_to, campaign_in
from tests.support.stripe import Facts, event
from tests.support.subscription_facts import (
    apply_each,
    deleted,
    invoice_payment,
    only_subscription,
    subscription,
)

Give = Callable[..., Facts]
Store = Callable[..., None]


@pytest.fixture
def monthly(give: Give) -> Facts:
    """A monthly gift of $25 that covers $1.06 of fees; the donor is on Stripe's page."""
    return give(frequency="monthly", fee_cover=106)


def pay(
    installation: Installation, facts: Facts, name: str = "first", at: datetime | None = None
) -> Outcome:
    """An invoice of `facts` that was paid `at`."""
    invoice = read_invoice(facts.invoice(name))
    moment = at or invoice.paid_at
    assert moment is not None
    with installation.sessions.begin() as session:
        paid = replace(invoice, paid_at=moment)
        return apply_invoice(session, paid, moment, installation.books)


def entries(installation: Installation) -> list[tuple[int | None, int, int]]:
    """(campaign, amount, cover) of each donation."""
    query = select(LedgerEntry.campaign_id, LedgerEntry.amount, LedgerEntry.fee_cover)
    with installation.sessions() as session:
        rows = session.execute(query.order_by(LedgerEntry.id))
        return [(campaign_id, amount, fee_cover) for campaign_id, amount, fee_cover in rows]


def test_a_changed_amount_is_split_by_its_metadata(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    parts = {"donation_id": monthly.donation.public_id, "gift": "4000", "cover": "151"}
    changed = subscription(monthly, metadata=parts)
    for item, amount in zip(changed["items"]["data"], (4000, 151), strict=True):
        item["price"]["unit_amount"] = amount
    details = {"subscription": monthly.subscription, "metadata": parts}
    renewal = monthly.invoice_paid(
        "second", amount_paid=4151, parent={"subscription_details": details}
    )
    apply_each(installation, store, monthly.completed(), renewal)
    apply_each(installation, store, event("customer.subscription.updated", changed))
    assert (only_subscription(installation).amount, only_subscription(installation).fee_cover) == (
        4000,
        151,
    )
    with installation.sessions() as session:
        entries = select(LedgerEntry.amount, LedgerEntry.fee_cover).order_by(LedgerEntry.id)
        assert [tuple(row) for row in session.execute(entries)] == [(2500, 106), (4000, 151)]


def test_an_amount_set_in_stripes_dashboard_is_all_gift(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(installation, store, monthly.completed())
    apply_each(installation, store, monthly.invoice_paid("second", amount_paid=9900))
    with installation.sessions() as session:
        renewal = session.scalars(select(Donation).order_by(Donation.id.desc()).limit(1)).one()
    assert (renewal.amount, renewal.fee_cover, renewal.state) == (9900, 0, "paid")


@pytest.mark.parametrize("paid_first", [True, False])
def test_a_renewals_payment_is_found_in_either_order(
    installation: Installation, store: Store, monthly: Facts, *, paid_first: bool
) -> None:
    apply_each(installation, store, monthly.completed())
    both = [monthly.invoice_paid("second"), invoice_payment(monthly)]
    apply_each(
        installation, store, *(both if paid_first else reversed(both)), invoice_payment(monthly)
    )
    with installation.sessions() as session:
        renewal = session.scalars(select(Donation).order_by(Donation.id.desc()).limit(1)).one()
    assert renewal.payment_intent_id == f"pi_{monthly.number}_second"


@pytest.mark.parametrize("place", range(4))
def test_a_refund_finds_its_renewal_at_any_point(
    installation: Installation, store: Store, monthly: Facts, place: int
) -> None:
    refund = {
        "id": f"re_{monthly.number}",
        "object": "refund",
        "created": monthly.created,
        "status": "succeeded",
        "amount": 2606,
        "currency": "usd",
        "payment_intent": f"pi_{monthly.number}_second",
        "charge": f"ch_{monthly.number}",
    }
    events = [monthly.completed(), monthly.invoice_paid("second"), invoice_payment(monthly)]
    events.insert(place, event("refund.created", refund))
    apply_each(installation, store, *events)
    with installation.sessions() as session:
        states = session.scalars(select(Donation.state).order_by(Donation.id)).all()
    assert states == ["paid", "refunded"]


def test_a_renewal_paid_before_the_cancellation_is_booked_after_it(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(installation, store, deleted(monthly, 40), monthly.completed())
    apply_each(installation, store, monthly.invoice_paid("second"))
    assert only_subscription(installation).state == "ended"
    with installation.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Receipt)) == 2


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"subscription_id": None}, "belongs to no subscription"),
        ({"amount_paid": 0}, "has no payment"),
        ({"amount_paid": -5}, "has no payment"),
        ({"donation_id": "don_unknown"}, "no donation of ours: don_unknown"),
        ({"donation_id": None}, "no donation of ours: None"),
    ],
)
def test_other_invoices_book_nothing(
    installation: Installation, monthly: Facts, changes: dict[str, object], why: str
) -> None:
    invoice = replace(read_invoice(monthly.invoice()), **changes)
    with installation.sessions.begin() as session:
        outcome = apply_invoice(session, invoice, monthly.donation.created_at, installation.books)
    assert (outcome.applied, why in outcome.note) == (False, True)
    assert entries(installation) == []


def test_a_renewal_counts_until_the_campaigns_last_second(
    installation: Installation, campaign: Campaign, monthly: Facts
) -> None:
    pay(installation, monthly)
    pay(installation, monthly, "second", campaign.deadline - timedelta(seconds=1))
    pay(installation, monthly, "third", campaign.deadline)
    assert entries(installation) == [
        (campaign.id, 2500, 106),
        (campaign.id, 2500, 106),
        (None, 2500, 106),
    ]


def test_an_invoice_paid_again_changes_nothing(installation: Installation, monthly: Facts) -> None:
    for name in ("first", "second"):
        assert [pay(installation, monthly, name).applied for _ in range(2)] == [True, False]
    assert len(entries(installation)) == 2


def test_the_first_debit_counts_on_the_day_of_the_gift_and_a_renewal_on_its_own(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(installation, store, monthly.promised())
    later = monthly.donation.created_at + timedelta(days=5)
    pay(installation, monthly, "first", later)
    pay(installation, monthly, "second", later)
    with installation.sessions() as session:
        first, second = session.scalars(select(Donation).order_by(Donation.id))
    assert (first.charged_at, first.paid_at) == (monthly.donation.created_at, later)
    assert (second.charged_at, second.paid_at) == (later, later)


def test_a_yearly_gift_in_yen_renews_exactly(installation: Installation) -> None:
    yen = campaign_in(installation, "jpy")
    facts = add_donation_to(installation, yen, 2500, fee_cover=93, frequency="yearly")
    pay(installation, facts)
    pay(installation, facts, "second")
    assert entries(installation) == [(yen.id, 2500, 93), (yen.id, 2500, 93)]
    with installation.sessions() as session:
        assert session.scalars(select(Donation.frequency)).all() == ["yearly", "yearly"]
        assert session.scalars(select(Receipt.amount)).all() == [2593, 2593]


@pytest.mark.parametrize(
    ("intent", "status"), [(None, "paid"), ("pi_x", "open"), ("pi_x", "canceled")]
)
def test_an_unpaid_payment_is_not_saved(
    installation: Installation, intent: str | None, status: str
) -> None:
    with installation.sessions.begin() as session:
        fact = InvoicePaymentFact("in_x", intent, status)
        assert not apply_invoice_payment(session, fact, installation.books).applied
        assert session.scalars(select(InvoicePayment)).all() == []


def test_an_invoice_keeps_each_of_its_payments_once(
    installation: Installation, monthly: Facts
) -> None:
    pay(installation, monthly)
    invoice = f"in_{monthly.number}_first"
    outcomes = []
    for intent in ("pi_one", "pi_one", "pi_two"):
        with installation.sessions.begin() as session:
            fact = InvoicePaymentFact(invoice, intent, "paid")
            outcomes.append(apply_invoice_payment(session, fact, installation.books).applied)
    assert outcomes == [True, False, True]
    with installation.sessions() as session:
        assert session.scalars(select(Donation.payment_intent_id)).all() == ["pi_one"]
