"""What Stripe's documentation shows is read as it says."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from campaign.core.errors import (
    GatewayBusy,
    GatewayForbidden,
    GatewayKeySpent,
    GatewayMissing,
    GatewayRefused,
    GatewayThrottled,
)
from campaign.gateway import (
    read_balance_transaction,
    read_charge,
    read_checkout_session,
    read_dispute,
    read_event,
    read_fraud_warning,
    read_invoice,
    read_invoice_payment,
    read_payment_intent,
    read_refund,
    read_subscription,
)
from campaign.gateway.client import StripeGateway
from campaign.gateway.payouts import read_payout
from tests.support.stripe_shapes import MOMENT, Shape, shape, shapes
from tests.support.stripe_spec import Spec

AT = datetime.fromtimestamp(MOMENT, UTC)
DAY = timedelta(days=1)
READERS: dict[str, Callable[[Any], Any]] = {
    "balance_transaction": lambda found: read_balance_transaction(found, AT),
    "charge": lambda found: read_charge(found, AT),
    "checkout.session": read_checkout_session,
    "dispute": lambda found: read_dispute(found, AT),
    "invoice": read_invoice,
    "invoice_payment": read_invoice_payment,
    "payment_intent": read_payment_intent,
    "payout": read_payout,
    "radar.early_fraud_warning": lambda found: read_fraud_warning(found, AT),
    "refund": lambda found: read_refund(found, AT),
    "subscription": read_subscription,
}
USD = {"amount": 2500, "currency": "usd"}
GIFT = {"payment_intent_id": "pi_3RecGift", "charge_id": "ch_3RecCard"}
CHARGE = {**USD, "created": AT, "payment_intent_id": "pi_3RecGift", "donation_id": "don_recorded"}
SESSION = {"amount_total": 2500, "currency": "usd", "status": "complete", "payment_status": "paid"}
MONTHLY = {"subscription_id": "sub_1Recorded", "donation_id": "don_recorded"}
SUBSCRIPTION = {
    "donation_id": "don_recorded",
    "customer_id": "cus_Recorded",
    "currency": "usd",
    "current_period_end": AT + 31 * DAY,
    "paused": False,
    "ended_at": None,
}
EXPECTED: dict[str, dict[str, Any]] = {
    "balance-transaction-charge": {
        **USD,
        "fee": 103,
        "source_id": "ch_3RecCard",
        "kind": "charge",
        "created": AT,
    },
    "balance-transaction-settled-in-cad": {"amount": 3425, "fee": 141, "currency": "cad"},
    "charge-card": {**CHARGE, "amount_refunded": 0, "returned": False, "status": "succeeded"},
    "charge-partly-refunded": {**CHARGE, "amount_refunded": 1000, "refunds": ()},
    "charge-returned-debit": {**CHARGE, "returned": True, "status": "failed"},
    "charge-partly-refunded-2020-08-27": {**CHARGE, "amount_refunded": 1000},
    "checkout-session-payment": {
        **SESSION,
        "payment_intent_id": "pi_3RecGift",
        "donation_id": "don_recorded",
        "expires_at": AT + DAY,
    },
    "checkout-session-subscription": {
        **SESSION,
        **MONTHLY,
        "payment_intent_id": None,
        "invoice_id": "in_1RecFirst",
    },
    "checkout-session-presented-in-eur": SESSION,
    "dispute-appeal": {**USD, **GIFT, "status": "appeal_needs_response", "due_by": AT + 40 * DAY},
    "dispute-inquiry": {**USD, "status": "warning_needs_response", "balance_transactions": ()},
    "dispute-lost": {**USD, **GIFT, "status": "lost", "reason": "fraudulent"},
    "dispute-lost-with-adjustment-in-cad": {**USD, "status": "lost"},
    "dispute-settled-in-cad": {**USD, "status": "lost"},
    "dispute-withdrawn": {**USD, **GIFT, "status": "needs_response", "due_by": AT + 9 * DAY},
    "dispute-withdrawn-2017-12-14": {**USD, "charge_id": "ch_3RecCard", "payment_intent_id": None},
    "dispute-won": {**USD, "status": "won"},
    "early-fraud-warning": {**GIFT, "actionable": True, "fraud_type": "unauthorized_use_of_card"},
    "invoice-failed": {
        **MONTHLY,
        "first": False,
        "amount_paid": 0,
        "paid_at": None,
        "status": "open",
        "attempts": 1,
        "next_attempt_at": AT + 34 * DAY,
        "period_end": AT + 31 * DAY,
        "pay_url": "https://invoice.stripe.com/i/recorded",
    },
    "invoice-paid": {
        **MONTHLY,
        "first": True,
        "amount_paid": 2500,
        "currency": "usd",
        "paid_at": AT,
        "customer_id": "cus_Recorded",
        "next_attempt_at": None,
    },
    "invoice-paid-2024-06-20": {"amount_paid": 2500, "first": True, "paid_at": AT},
    "invoice-payment-out-of-band": {"invoice_id": "in_1RecFirst", "payment_intent_id": None},
    "invoice-payment-paid": {
        "invoice_id": "in_1RecFirst",
        "payment_intent_id": "pi_3RecGift",
        "status": "paid",
    },
    "payment-intent-declined": {
        "status": "requires_payment_method",
        "amount_received": 0,
        "failure": "insufficient_funds",
    },
    "payment-intent-succeeded": {
        "status": "succeeded",
        "amount_received": 2500,
        "currency": "usd",
        "created": AT,
        "donation_id": "don_recorded",
        "failure": None,
    },
    "payment-intent-succeeded-2020-08-27": {"status": "succeeded", "amount_received": 2500},
    "payout-failed": {"status": "failed", "itemized": True},
    "payout-in-cad": {"amount": 3284, "currency": "cad"},
    "payout-in-transit": {"status": "in_transit", "itemized": False},
    "payout-manual": {"status": "paid", "itemized": True},
    "payout-paid": {
        "amount": 2397,
        "currency": "usd",
        "status": "paid",
        "arrival_date": date(2026, 12, 24),
        "itemized": True,
    },
    "refund-failed": {**GIFT, "status": "failed", "failure_reason": "expired_or_canceled_card"},
    "refund-pending-debit": {"amount": 1000, "status": "pending", "charge_id": "py_3RecAch"},
    "refund-succeeded": {
        **GIFT,
        "amount": 1000,
        "currency": "usd",
        "status": "succeeded",
        "reason": "requested_by_customer",
        "request_token": None,
        "created": AT + DAY,
    },
    "subscription-active": {**SUBSCRIPTION, "status": "active"},
    "subscription-active-2024-06-20": {"status": "active", "customer_id": "cus_Recorded"},
    "subscription-canceled": {
        **SUBSCRIPTION,
        "status": "canceled",
        "ended_at": AT + 20 * DAY,
        "end_reason": "payment_failed",
    },
    "subscription-paused": {
        **SUBSCRIPTION,
        "status": "active",
        "paused": True,
        "resumes_at": AT + 60 * DAY,
    },
}
ERRORS: dict[str, type[Exception]] = {
    "error-amount-too-small": GatewayRefused,
    "error-api": GatewayKeySpent,
    "error-api-replayed": GatewayKeySpent,
    "error-authentication": GatewayForbidden,
    "error-card-declined": GatewayRefused,
    "error-idempotency": GatewayKeySpent,
    "error-idempotency-in-use": GatewayBusy,
    "error-lock-timeout": GatewayThrottled,
    "error-missing": GatewayMissing,
    "error-permission": GatewayForbidden,
    "error-rate-limit": GatewayThrottled,
}


def test_every_shape_is_read_by_a_test() -> None:
    objects = {one.name for one in shapes() if one.object.get("object") in READERS}
    assert objects == set(EXPECTED)
    assert {one.name for one in shapes() if one.status != 200} == set(ERRORS)


@pytest.mark.parametrize("one", shapes(), ids=lambda one: one.name)
def test_every_shape_names_its_page_and_version(one: Shape) -> None:
    assert one.source
    for page in one.source:
        assert page.startswith(("https://docs.stripe.com/", "https://support.stripe.com/"))
    assert date.fromisoformat(one.api_version[:10])


@pytest.mark.parametrize("one", shapes(), ids=lambda one: one.name)
def test_every_shape_of_our_version_is_of_stripes_type(stripe_spec: Spec, one: Shape) -> None:
    if one.status != 200 or one.api_version != stripe_spec.version:
        return
    assert stripe_spec.mismatches(one.object) == []
    if one.object["object"] == "event":
        assert stripe_spec.mismatches(one.object["data"]["object"]) == []


@pytest.mark.parametrize("name", EXPECTED)
def test_an_object_is_read_as_documented(name: str) -> None:
    found = shape(name).object
    read = asdict(READERS[found["object"]](found))
    assert {field: read[field] for field in EXPECTED[name]} == EXPECTED[name]


def test_the_refunds_in_an_old_charge_are_read() -> None:
    (refund,) = read_charge(shape("charge-partly-refunded-2020-08-27").object, AT).refunds
    assert refund == read_refund(shape("refund-succeeded").object, AT)


def test_the_movements_of_a_dispute_are_in_the_currency_they_were_settled_in() -> None:
    found = read_dispute(shape("dispute-lost-with-adjustment-in-cad").object, AT)
    moved = [(one.amount, one.fee, one.currency) for one in found.balance_transactions]
    assert moved == [(-3425, 2055, "cad"), (12, 0, "cad")]


def test_a_subscriptions_total_and_items_are_read() -> None:
    found = read_subscription(shape("subscription-active").object)
    assert (found.total, found.interval) == (2500, "month")
    assert [(one.id, one.product_id) for one in found.items] == [("si_Recorded", "prod_Recorded")]


@pytest.mark.parametrize("one", [one for one in shapes() if one.object.get("object") == "event"])
def test_an_event_is_read_whatever_its_version(one: Shape) -> None:
    found = read_event(json.dumps(one.object).encode())
    assert (found.id, found.type) == ("evt_1Recorded", one.object["type"])
    assert (found.created, found.livemode) == (AT + timedelta(seconds=5), False)
    assert found.object == one.object["data"]["object"]


class _Stripe(BaseHTTPRequestHandler):
    """Answers every call with one documented error."""

    answer: Shape

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(self.answer.object).encode()
        self.send_response(self.answer.status)
        for name, value in self.answer.headers.items():
            self.send_header(name, value)
        # Ends the SDK's retries: https://docs.stripe.com/error-low-level#stripe-should-retry
        self.send_header("Stripe-Should-Retry", "false")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


@pytest.fixture(scope="module")
def failing() -> Iterator[str]:
    """The address of a Stripe that answers with `_Stripe.answer`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Stripe)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("name", ERRORS)
def test_a_documented_error_says_what_can_be_done(
    failing: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(_Stripe, "answer", shape(name), raising=False)
    gateway = StripeGateway("sk_test_sandbox", failing)
    with pytest.raises(ERRORS[name]) as raised:
        gateway.create_refund({"payment_intent": "pi_3RecGift", "amount": 100}, "recorded")
    assert type(raised.value) is ERRORS[name]
    assert shape(name).object["error"]["message"] in str(raised.value)
