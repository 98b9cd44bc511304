"""Events with objects as Stripe's documentation shows them, through the webhook and the inbox into the books."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from campaign.gateway import is_our_version
from campaign.models import (
    Dispute,
    Donation,
    FraudWarning,
    InboxEvent,
    InboxState,
    Payout,
    Refund,
    Subscription,
)
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.ledger import ledger_entries_of, state_and_receipt
from tests.support.stripe import Facts, Json, event
from tests.support.stripe_shapes import documented, shape

PAID = ("checkout.session.completed", "checkout-session-payment")
MONTHLY = (
    ("checkout.session.completed", "checkout-session-subscription"),
    ("invoice.paid", "invoice-paid"),
    ("invoice_payment.paid", "invoice-payment-paid"),
    ("customer.subscription.created", "subscription-active"),
)

_OLD = re.compile(r"-\d{4}-\d{2}-\d{2}$")
"""The ending of the documented objects in other versions."""

Report = tuple[str, str]
"""The type of an event, and the documented object in it."""


def rotations(reports: tuple[Report, ...]) -> list[tuple[Report, ...]]:
    """Return orders in which each report comes first and last once."""
    return [reports[place:] + reports[:place] for place in range(len(reports))]


class ReportedGift:
    """Reports documented events about one gift, and says what came of them."""

    def __init__(
        self,
        installation: Installation,
        facts: Facts,
        post: Callable[..., TestResponse],
        stripe: StripeSandbox,
    ) -> None:
        self.installation, self.facts, self._post = installation, facts, post
        self._stripe = stripe

    def report(self, *reports: Report, **changes: object) -> list[InboxState]:
        """Deliver the events and apply them; return the state of each in the inbox.

        Stripe has the object of an event that is worded in another version, as ours words it.
        """
        for _, name in reports:
            if not is_our_version(shape(name).api_version):
                self._keep_at_stripe(documented(_OLD.sub("", name), self.facts) | changes)
        found = [event(kind, documented(name, self.facts) | changes) for kind, name in reports]
        for one, (_, name) in zip(found, reports, strict=True):
            one["api_version"] = shape(name).api_version
            assert self._post(one).status_code == 200
        apply_due_events(self.installation)
        with self.installation.sessions() as session:
            return [InboxState(session.get_one(InboxEvent, one["id"]).state) for one in found]

    def _keep_at_stripe(self, found: Json) -> None:
        with self._stripe.account.transaction():
            self._stripe.account.add(found)

    @property
    def standing(self) -> tuple[str, int]:
        """The gift's state, and its receipt's amount (0: void, -1: none); all invariants hold."""
        return state_and_receipt(self.installation, self.facts)

    @property
    def entries(self) -> list[tuple[str, int]]:
        return [
            (kind, amount) for kind, amount, _ in ledger_entries_of(self.installation, self.facts)
        ]

    def subscription(self) -> Subscription:
        with self.installation.sessions() as session:
            return session.scalars(select(Subscription)).one()


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture
def gift(
    installation: Installation,
    give: Callable[..., Facts],
    post_event: Callable[..., TestResponse],
    stripe: StripeSandbox,
) -> ReportedGift:
    """A one-time gift of $25."""
    return ReportedGift(installation, give(), post_event, stripe)


@pytest.fixture
def monthly(
    installation: Installation,
    give: Callable[..., Facts],
    post_event: Callable[..., TestResponse],
    stripe: StripeSandbox,
) -> ReportedGift:
    """A monthly gift of $25."""
    return ReportedGift(installation, give(frequency="monthly"), post_event, stripe)


@pytest.mark.parametrize(
    "report",
    [
        PAID,
        ("checkout.session.completed", "checkout-session-presented-in-eur"),
        ("payment_intent.succeeded", "payment-intent-succeeded"),
        ("payment_intent.succeeded", "payment-intent-succeeded-2020-08-27"),
    ],
    ids=lambda report: report[1],
)
def test_a_payment_is_booked_once_in_our_currency(gift: ReportedGift, report: Report) -> None:
    assert gift.report(report) == [InboxState.done]
    assert gift.report(report) == [InboxState.ignored]
    assert (gift.standing, gift.entries) == (("paid", 2500), [("payment", 2500)])


@pytest.mark.parametrize("changes", [{"currency": "eur"}, {"amount_total": 2501}], ids=str)
def test_a_payment_of_something_else_is_not_booked(
    gift: ReportedGift, changes: dict[str, object]
) -> None:
    """Before 2025-03-31, Adaptive Pricing changed a session's own currency and amount."""
    assert gift.report(PAID, **changes) == [InboxState.failed]
    assert (gift.standing, gift.entries) == (("pending", -1), [])


def test_a_declined_attempt_is_followed_by_a_payment(gift: ReportedGift) -> None:
    gift.report(("payment_intent.payment_failed", "payment-intent-declined"))
    assert gift.standing == ("declined", -1)
    with gift.installation.sessions() as session:
        donation = session.get_one(Donation, gift.facts.donation.id)
        assert donation.state_reason == "insufficient_funds"
    gift.report(("payment_intent.succeeded", "payment-intent-succeeded"))
    assert gift.standing == ("paid", 2500)


REFUND = (
    ("refund.created", "refund-succeeded"),
    ("charge.refunded", "charge-partly-refunded"),
    ("charge.refunded", "charge-partly-refunded-2020-08-27"),
)


@pytest.mark.parametrize("order", rotations(REFUND), ids=["refund", "charge", "old charge"])
def test_a_refund_is_booked_once_whoever_reports_it(
    gift: ReportedGift, order: tuple[Report, ...]
) -> None:
    gift.report(PAID)
    states = gift.report(*order)
    assert InboxState.failed not in states
    assert gift.standing == ("partially_refunded", 1500)
    assert gift.entries == [("payment", 2500), ("refund", -1000)]


def test_a_failed_refund_gives_the_gift_back(gift: ReportedGift) -> None:
    gift.report(PAID, ("refund.created", "refund-succeeded"))
    assert gift.report(("refund.failed", "refund-failed")) == [InboxState.done]
    assert gift.standing == ("paid", 2500)
    with gift.installation.sessions() as session:
        assert session.scalars(select(Refund.failure_reason)).all() == ["expired_or_canceled_card"]


def test_a_returned_debit_ends_the_gift(gift: ReportedGift) -> None:
    gift.report(PAID, ("charge.failed", "charge-returned-debit"))
    assert gift.standing == ("failed", 0)
    assert sum(amount for _, amount in gift.entries) == 0


@pytest.mark.parametrize(
    ("reports", "standing", "total"),
    [
        ([("charge.dispute.created", "dispute-inquiry")], ("paid", 2500), 2500),
        ([("charge.dispute.funds_withdrawn", "dispute-withdrawn")], ("disputed", 2500), 0),
        ([("charge.dispute.closed", "dispute-lost")], ("dispute_lost", 0), 0),
        ([("charge.dispute.closed", "dispute-won")], ("paid", 2500), 2500),
        ([("charge.dispute.closed", "dispute-settled-in-cad")], ("dispute_lost", 0), 0),
    ],
    ids=["inquiry", "withdrawn", "lost", "won", "settled in CAD"],
)
def test_a_dispute_takes_the_gift_and_a_win_gives_it_back(
    gift: ReportedGift, reports: list[Report], standing: tuple[str, int], total: int
) -> None:
    gift.report(PAID)
    assert InboxState.failed not in gift.report(*reports)
    assert gift.standing == standing
    assert sum(amount for _, amount in gift.entries) == total


def test_cents_of_exchange_after_a_lost_dispute_are_no_gift(gift: ReportedGift) -> None:
    gift.report(PAID, ("charge.dispute.closed", "dispute-settled-in-cad"))
    gift.report(("charge.dispute.updated", "dispute-lost-with-adjustment-in-cad"))
    assert gift.standing == ("dispute_lost", 0)


def test_an_appeal_is_seen_with_its_due_date(gift: ReportedGift) -> None:
    gift.report(PAID, ("charge.dispute.closed", "dispute-lost"))
    gift.report(("charge.dispute.updated", "dispute-appeal"))
    with gift.installation.sessions() as session:
        dispute = session.scalars(select(Dispute)).one()
    assert dispute.status == "appeal_needs_response"


def test_an_old_dispute_without_payment_intent_finds_its_gift_by_the_charge(
    gift: ReportedGift,
) -> None:
    gift.report(PAID, ("charge.refunded", "charge-card"))
    gift.report(("charge.dispute.funds_withdrawn", "dispute-withdrawn-2017-12-14"))
    assert gift.standing == ("disputed", 2500)


def test_a_warning_of_fraud_moves_no_money(gift: ReportedGift) -> None:
    gift.report(PAID, ("radar.early_fraud_warning.created", "early-fraud-warning"))
    assert gift.standing == ("paid", 2500)
    with gift.installation.sessions() as session:
        warned = session.scalars(select(FraudWarning)).one()
    assert (warned.payment_intent_id, warned.actionable) == ("pi_3RecGift", True)


@pytest.mark.parametrize("order", rotations(MONTHLY), ids=lambda order: order[0][1])
def test_a_monthly_gift_begins_with_one_payment_in_any_order(
    monthly: ReportedGift, order: tuple[Report, ...]
) -> None:
    for report in order:
        assert monthly.report(report) != [InboxState.failed]
    assert (monthly.standing, monthly.entries) == (("paid", 2500), [("payment", 2500)])
    begun = monthly.subscription()
    assert (begun.stripe_id, begun.state, begun.amount) == ("sub_1Recorded", "active", 2500)
    assert begun.current_period_end == monthly.facts.donation.created_at.replace(
        microsecond=0
    ) + timedelta(days=31)


def test_a_failed_renewal_a_pause_and_an_end_are_followed(monthly: ReportedGift) -> None:
    monthly.report(*MONTHLY)
    assert monthly.report(("invoice.payment_failed", "invoice-failed")) == [InboxState.done]
    assert monthly.subscription().state == "past_due"
    assert monthly.standing == ("paid", 2500)
    monthly.report(("customer.subscription.updated", "subscription-paused"))
    assert monthly.subscription().paused_until is not None
    monthly.report(("customer.subscription.deleted", "subscription-canceled"))
    assert monthly.subscription().state == "ended"


def test_an_invoice_paid_outside_stripe_names_no_payment(monthly: ReportedGift) -> None:
    monthly.report(*MONTHLY[:2])
    reported = ("invoice_payment.paid", "invoice-payment-out-of-band")
    assert monthly.report(reported) == [InboxState.done]
    assert monthly.standing == ("paid", 2500)


def test_the_first_invoice_of_an_older_version_pays_its_gift(monthly: ReportedGift) -> None:
    assert monthly.report(("invoice.paid", "invoice-paid-2024-06-20")) == [InboxState.done]
    assert (monthly.standing, monthly.entries) == (("paid", 2500), [("payment", 2500)])


def test_an_older_versions_subscription_keeps_the_period_that_is_known(
    monthly: ReportedGift,
) -> None:
    monthly.report(*MONTHLY)
    before = monthly.subscription().current_period_end
    older = ("customer.subscription.updated", "subscription-active-2024-06-20")
    assert monthly.report(older) == [InboxState.done]
    assert monthly.subscription().current_period_end == before


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("payout.paid", "payout-paid", ("paid", 2397, "usd", True)),
        ("payout.paid", "payout-manual", ("paid", 2397, "usd", True)),
        ("payout.failed", "payout-failed", ("failed", 2397, "usd", True)),
        ("payout.paid", "payout-in-cad", ("paid", 3284, "cad", True)),
    ],
)
def test_a_payout_is_saved(
    gift: ReportedGift, kind: str, name: str, expected: tuple[str, int, str, bool]
) -> None:
    assert gift.report((kind, name)) == [InboxState.done]
    with gift.installation.sessions() as session:
        saved = session.scalars(select(Payout)).one()
    assert (saved.status, saved.amount, saved.currency, saved.itemized) == expected
