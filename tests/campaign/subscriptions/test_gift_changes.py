"""What one update, failure or payment changes of a monthly gift, field by field, and whom its emails reach."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from campaign.core.errors import FactMismatch
from campaign.gateway import read_invoice, read_subscription
from campaign.models import Donation, OutboxMessage, Subscription
from campaign.runtime.context import Installation
from campaign.subscriptions.invoices import apply_invoice
from campaign.subscriptions.subscription_events import apply_answer, apply_failed_invoice
from tests.support.ledger import raised
from tests.support.stripe import Facts, Json, event
from tests.support.subscription_facts import (
    DAY,
    apply_each,
    deleted,
    failed,
    only_subscription,
    subscription,
    updated,
)

Give = Callable[..., Facts]
Store = Callable[..., None]
PAUSE = {"behavior": "void", "resumes_at": None}


@pytest.fixture
def monthly(installation: Installation, give: Give, store: Store) -> Facts:
    """A paid monthly gift of $25 and $1.06 for fees."""
    facts = give(frequency="monthly", fee_cover=106)
    apply_each(installation, store, facts.completed())
    return facts


def moment(facts: Facts, after: int) -> datetime:
    return datetime.fromtimestamp(facts.created + after, UTC)


def emails(installation: Installation) -> list[tuple[str, str, str, int | None]]:
    """Return (kind, subject key, recipient, subscription) of each email about the monthly gift."""
    query = select(OutboxMessage).where(OutboxMessage.kind != "receipt").order_by(OutboxMessage.id)
    with installation.sessions() as session:
        return [
            (one.kind, one.subject_key, one.recipient, one.subscription_id)
            for one in session.scalars(query)
        ]


@pytest.mark.parametrize(
    ("changes", "ends"),
    [
        ({"cancel_at_period_end": True}, True),
        ({"cancel_at": 2_000_000_000}, True),
        ({}, False),
    ],
)
def test_a_gift_ends_with_its_period_if_stripe_says_so_in_either_way(
    installation: Installation, store: Store, monthly: Facts, changes: Json, ends: bool
) -> None:
    apply_each(installation, store, updated(monthly, 10, **changes))
    assert only_subscription(installation).ends_at_period_end is ends
    apply_each(installation, store, updated(monthly, 20))
    assert not only_subscription(installation).ends_at_period_end


def test_what_an_update_leaves_out_stays_and_what_it_names_is_taken(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(installation, store, updated(monthly, 10))
    nothing: Json = {"customer": None, "items": {"data": []}, "currency": None}
    apply_each(installation, store, updated(monthly, 20, **nothing))
    found = only_subscription(installation)
    assert (found.amount, found.fee_cover, found.currency) == (2500, 106, "usd")
    assert (found.customer_id, found.current_period_end) == (
        f"cus_{monthly.number}",
        moment(monthly, 30 * DAY),
    )
    assert found.as_of == moment(monthly, 20)
    later = subscription(monthly)["items"]
    for item in later["data"]:
        item["current_period_end"] = monthly.created + 60 * DAY
    apply_each(installation, store, updated(monthly, 30, customer="cus_new", items=later))
    found = only_subscription(installation)
    assert (found.customer_id, found.current_period_end) == ("cus_new", moment(monthly, 60 * DAY))


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("active", "active"),
        ("trialing", "active"),
        ("past_due", "past_due"),
        ("unpaid", "past_due"),
    ],
)
def test_each_status_of_stripes_is_a_state_of_ours(
    installation: Installation, store: Store, monthly: Facts, status: str, state: str
) -> None:
    apply_each(installation, store, updated(monthly, 10, status=status))
    found = only_subscription(installation)
    assert (found.state, found.status) == (state, status)


@pytest.mark.parametrize(
    ("status", "state"), [("active", "active"), ("trialing", "active"), ("unpaid", "past_due")]
)
def test_only_a_running_gift_has_recovered_from_its_failure(
    installation: Installation, store: Store, monthly: Facts, status: str, state: str
) -> None:
    apply_each(installation, store, failed(monthly, 100), updated(monthly, 200, status=status))
    found = only_subscription(installation)
    assert found.state == state
    assert (found.failed_invoice_id is None) is (state == "active")
    assert (found.payment_update_url is None) is (state == "active")


def test_a_pause_outlasts_a_failure_and_its_payment_and_a_failure_outlasts_a_pause(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(installation, store, updated(monthly, 100, pause_collection=PAUSE))
    apply_each(installation, store, failed(monthly, 200))
    found = only_subscription(installation)
    assert (found.state, found.failed_at) == ("paused", moment(monthly, 200))
    apply_each(installation, store, monthly.invoice_paid("second"))
    found = only_subscription(installation)
    assert (found.state, found.failed_invoice_id) == ("paused", None)
    apply_each(installation, store, failed(monthly, 300, "third"))
    apply_each(installation, store, updated(monthly, 250))
    assert only_subscription(installation).state == "past_due"


def test_a_canceled_gift_keeps_nothing_to_pay_to_wait_for_or_to_resume(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    rest = {"behavior": "void", "resumes_at": monthly.created + 60 * DAY}
    apply_each(
        installation,
        store,
        updated(monthly, 50, pause_collection=rest, cancel_at_period_end=True),
        failed(monthly, 100),
        deleted(monthly, 200, "payment_failed"),
    )
    found = only_subscription(installation)
    assert (found.state, found.status, found.end_reason) == ("ended", "canceled", "payment_failed")
    assert (found.ends_at_period_end, found.paused_until) == (False, None)
    assert (found.failed_invoice_id, found.failed_at, found.payment_update_url) == (None,) * 3


def test_a_cancellation_without_its_time_is_dated_by_its_event(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    gone = subscription(monthly, status="canceled", ended_at=None, canceled_at=None)
    shown = event("customer.subscription.deleted", gone, created=monthly.created + 777)
    apply_each(installation, store, shown)
    assert only_subscription(installation).ended_at == moment(monthly, 777)


def test_a_first_payment_that_expires_at_stripe_ends_a_gift_that_is_known(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(installation, store, updated(monthly, 10, status="incomplete"))
    assert only_subscription(installation).as_of is None
    apply_each(installation, store, updated(monthly, 20, status="incomplete_expired"))
    assert only_subscription(installation).state == "ended"


def test_an_incomplete_response_changes_nothing(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(installation, store, updated(monthly, 10))
    seen = (moment(monthly, 10), only_subscription(installation).as_of_event)
    found = read_subscription(subscription(monthly, status="incomplete", customer="cus_x"))
    with installation.sessions.begin() as session:
        apply_answer(session, found, seen, moment(monthly, 20), installation.books)
    assert only_subscription(installation).status == "active"


def test_emails_about_a_monthly_gift_go_to_the_donor_of_its_first_gift_once_each(
    installation: Installation, store: Store, give: Give, monthly: Facts
) -> None:
    other = give(email="ben@example.org", frequency="monthly")
    apply_each(installation, store, other.completed(), monthly.invoice_paid("second"))
    with installation.sessions.begin() as session:
        renewal = select(Donation.id).order_by(Donation.id.desc()).limit(1)
        session.execute(
            update(Donation)
            .where(Donation.id == renewal.scalar_subquery())
            .values(email="renewal@example.org")
        )
    for facts in (monthly, other):
        apply_each(installation, store, failed(facts, 300, "third"), failed(facts, 300, "third"))
    apply_each(installation, store, deleted(monthly, 400), deleted(monthly, 500))
    with installation.sessions() as session:
        ids = list(session.scalars(select(Subscription.id).order_by(Subscription.id)))
    assert emails(installation) == [
        ("renewal_failed", f"in_{monthly.number}_third:1", "ana@example.org", ids[0]),
        ("renewal_failed", f"in_{other.number}_third:1", "ben@example.org", ids[1]),
        ("subscription_ended", monthly.subscription, "ana@example.org", ids[0]),
    ]


def test_a_failure_names_its_invoice_its_page_and_a_customer_that_was_unknown(
    installation: Installation, store: Store, monthly: Facts
) -> None:
    apply_each(installation, store, failed(monthly, 100))
    found = only_subscription(installation)
    assert found.customer_id == f"cus_{monthly.number}"
    again = failed(monthly, 100, attempt=2)
    again["data"]["object"] |= {"customer": "cus_other", "hosted_invoice_url": "https://pay/2"}
    apply_each(installation, store, again)
    found = only_subscription(installation)
    # Of the same second: the later one counts.
    assert (found.payment_update_url, found.customer_id) == (
        "https://pay/2",
        f"cus_{monthly.number}",
    )


def test_an_invoice_of_no_subscription_fails_nobodys_gift(
    installation: Installation, monthly: Facts
) -> None:
    invoice = replace(read_invoice(failed(monthly, 5)["data"]["object"]), subscription_id=None)
    with installation.sessions.begin() as session:
        outcome = apply_failed_invoice(session, invoice, moment(monthly, 5), installation.books)
    assert (outcome.applied, outcome.note) == (False, "the invoice belongs to no subscription")
    assert only_subscription(installation).state == "active"


@pytest.mark.parametrize(
    ("paid_at", "charged"),
    [(None, 90), (80, 80), (-80, 0)],
)
def test_a_renewal_is_of_the_time_it_was_paid_else_of_its_event_and_never_before_the_form(
    installation: Installation, monthly: Facts, paid_at: int | None, charged: int
) -> None:
    made = monthly.donation.created_at
    invoice = replace(
        read_invoice(monthly.invoice("second")),
        paid_at=None if paid_at is None else made + timedelta(seconds=paid_at),
    )
    with installation.sessions.begin() as session:
        apply_invoice(session, invoice, made + timedelta(seconds=90), installation.books)
    with installation.sessions() as session:
        renewal = session.scalars(select(Donation).order_by(Donation.id.desc()).limit(1)).one()
    assert renewal.charged_at == made + timedelta(seconds=charged)
    assert renewal.paid_at == made + timedelta(seconds=90)


@pytest.mark.parametrize("name", ["first", "second"])
def test_an_invoice_in_another_currency_is_not_booked(
    installation: Installation, give: Give, name: str
) -> None:
    facts = give(frequency="monthly")
    invoice: Any = read_invoice(facts.invoice(name, currency="eur"))
    with pytest.raises(FactMismatch, match="eur"), installation.sessions.begin() as session:
        apply_invoice(session, invoice, moment(facts, 5), installation.books)
    assert raised(installation) == 0
