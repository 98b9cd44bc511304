"""Stripe in tests: events in Stripe's format, signed as Stripe signs them.

`Facts` builds the events of one donation for tests of our own rules. Tests of complete flows use the sandbox.
"""

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from campaign.core.clock import now
from campaign.donations.donations import Gift, begin_donation
from campaign.gateway import read_event
from campaign.models import Campaign, Donation
from campaign.runtime.context import Installation
from campaign.stripe_events.inbox import store_event
from campaign.stripe_events.process import apply_due_events

Json = dict[str, Any]
WEBHOOK_SECRET = "whsec_for_tests"
_numbers = itertools.count(1)


def signature(body: bytes, secret: str = WEBHOOK_SECRET, at: float | None = None) -> str:
    """Return the value of `Stripe-Signature`: https://docs.stripe.com/webhooks#verify-manually."""
    moment = int(time.time() if at is None else at)
    signed = hmac.new(secret.encode(), b"%d." % moment + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={signed}"


def event(kind: str, found: Json, *, created: int | None = None, livemode: bool = False) -> Json:
    """Return an event with this object."""
    return {
        "id": f"evt_{next(_numbers):024d}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "type": kind,
        "livemode": livemode,
        "created": created or int(time.time()),
        "data": {"object": found},
    }


class Facts:
    """Build Stripe's events about one donation."""

    def __init__(self, donation: Donation) -> None:
        self.donation = donation
        self.number = next(_numbers)
        self.created = int(donation.created_at.timestamp())
        self.subscription = f"sub_{self.number}"

    def session(self, **changes: Any) -> Json:
        one_time = self.donation.frequency == "one_time"
        return {
            "id": f"cs_test_{self.number}",
            "object": "checkout.session",
            "created": self.created,
            "mode": "payment" if one_time else "subscription",
            "status": "complete",
            "payment_status": "paid",
            "amount_total": self.donation.charge,
            "currency": self.donation.currency,
            "client_reference_id": self.donation.public_id,
            "metadata": {"donation_id": self.donation.public_id, "campaign": "nine-days"},
            "payment_intent": f"pi_{self.number}" if one_time else None,
            "subscription": None if one_time else self.subscription,
            "invoice": None if one_time else f"in_{self.number}_first",
            "url": None,
            "expires_at": self.created + 86_400,
            **changes,
        }

    def intent(self, **changes: Any) -> Json:
        return {
            "id": f"pi_{self.number}",
            "object": "payment_intent",
            "created": self.created,
            "status": "succeeded",
            "amount_received": self.donation.charge,
            "currency": self.donation.currency,
            "metadata": {"donation_id": self.donation.public_id, "campaign": "nine-days"},
            "last_payment_error": None,
            **changes,
        }

    def invoice(self, name: str = "first", **changes: Any) -> Json:
        return {
            "id": f"in_{self.number}_{name}",
            "object": "invoice",
            "billing_reason": "subscription_create" if name == "first" else "subscription_cycle",
            "amount_paid": self.donation.charge,
            "currency": self.donation.currency,
            "status_transitions": {"paid_at": self.created},
            "parent": {
                "type": "subscription_details",
                "subscription_details": {
                    "subscription": self.subscription,
                    "metadata": {"donation_id": self.donation.public_id},
                },
            },
            **changes,
        }

    def completed(self, **changes: Any) -> Json:
        return event("checkout.session.completed", self.session(**changes))

    def promised(self) -> Json:
        return event("checkout.session.completed", self.session(payment_status="unpaid"))

    def debit_succeeded(self) -> Json:
        return event("checkout.session.async_payment_succeeded", self.session())

    def debit_failed(self) -> Json:
        found = self.session(payment_status="unpaid")
        return event("checkout.session.async_payment_failed", found)

    def expired(self) -> Json:
        found = self.session(status="expired", payment_status="unpaid", payment_intent=None)
        return event("checkout.session.expired", found)

    def intent_succeeded(self) -> Json:
        return event("payment_intent.succeeded", self.intent())

    def intent_failed(self) -> Json:
        error = {"code": "card_declined", "decline_code": "insufficient_funds"}
        found = self.intent(
            status="requires_payment_method", amount_received=0, last_payment_error=error
        )
        return event("payment_intent.payment_failed", found)

    def intent_canceled(self) -> Json:
        return event("payment_intent.canceled", self.intent(status="canceled", amount_received=0))

    def charge(self, **changes: Any) -> Json:
        return {
            "id": f"ch_{self.number}",
            "object": "charge",
            "created": self.created,
            "status": "succeeded",
            "amount": self.donation.charge,
            "amount_refunded": 0,
            "currency": self.donation.currency,
            "payment_intent": f"pi_{self.number}",
            "metadata": {},
            "failure_balance_transaction": None,
            **changes,
        }

    def charge_refunded(self, amount: int) -> Json:
        """Return a refunded charge; `amount` is the total refunded so far."""
        found = self.charge(amount_refunded=amount, refunded=amount == self.donation.charge)
        return event("charge.refunded", found)

    def charge_returned(self) -> Json:
        found = self.charge(status="failed", failure_balance_transaction=f"txn_back_{self.number}")
        return event("charge.failed", found)

    def refund(self, name: str, amount: int, status: str = "succeeded", **changes: Any) -> Json:
        return {
            "id": f"re_{self.number}_{name}",
            "object": "refund",
            "created": self.created + 60,
            "status": status,
            "amount": amount,
            "currency": self.donation.currency,
            "payment_intent": f"pi_{self.number}",
            "charge": f"ch_{self.number}",
            "reason": None,
            "metadata": {},
            **changes,
        }

    def refunded(self, name: str, amount: int, status: str = "succeeded") -> Json:
        return event("refund.created", self.refund(name, amount, status))

    def refund_failed(self, name: str, amount: int) -> Json:
        found = self.refund(name, amount, "failed", failure_reason="expired_or_canceled_card")
        return event("refund.failed", found)

    def dispute(self, status: str = "needs_response", *moved: int, **changes: Any) -> Json:
        """Return a dispute; `moved` are its signed balance transactions; each withdrawal has a fee of 1500."""
        movements = [
            {
                "id": f"txn_{self.number}_{place}",
                "object": "balance_transaction",
                "amount": amount,
                "fee": 1500 if amount < 0 else 0,
                "currency": self.donation.currency,
                "created": self.created + 100 + place,
                "type": "adjustment",
                "reporting_category": "dispute" if amount <= 0 else "dispute_reversal",
                "source": f"du_{self.number}",
            }
            for place, amount in enumerate(moved)
        ]
        return {
            "id": f"du_{self.number}",
            "object": "dispute",
            "created": self.created + 90,
            "status": status,
            "amount": self.donation.charge,
            "currency": self.donation.currency,
            "reason": "fraudulent",
            "payment_intent": f"pi_{self.number}",
            "charge": f"ch_{self.number}",
            "evidence_details": {"due_by": self.created + 800_000},
            "balance_transactions": movements,
            **changes,
        }

    def disputed(self, happened: str, status: str = "needs_response", *moved: int) -> Json:
        """Return a dispute event. `happened`: created, updated, closed, funds_withdrawn or funds_reinstated."""
        return event(f"charge.dispute.{happened}", self.dispute(status, *moved))

    def fraud_warned(self) -> Json:
        found = {
            "id": f"issfr_{self.number}",
            "object": "radar.early_fraud_warning",
            "created": self.created + 30,
            "actionable": True,
            "fraud_type": "made_with_stolen_card",
            "charge": f"ch_{self.number}",
            "payment_intent": f"pi_{self.number}",
        }
        return event("radar.early_fraud_warning.created", found)

    def invoice_paid(self, name: str = "first", **changes: Any) -> Json:
        return event("invoice.paid", self.invoice(name, **changes))


@pytest.fixture
def give(installation: Installation, campaign: Campaign) -> Callable[..., Facts]:
    """Create a donation as the form would; return the builder of its events."""

    def begin(email: str = "ana@example.org", amount: int = 2500, **changes: Any) -> Facts:
        gift = Gift(
            **{
                "email": email,
                "amount": amount,
                "frequency": "one_time",
                "attempt": f"attempt-{next(_numbers)}",
                "name": "Ana Reyes",
                **changes,
            }
        )
        with installation.sessions.begin() as session:
            return Facts(begin_donation(session, campaign, gift, now()))

    return begin


@pytest.fixture
def store(installation: Installation) -> Callable[..., None]:
    """Store events in the inbox, as the webhook would."""

    def put(*events: Json) -> None:
        for found in events:
            body = json.dumps(found).encode()
            with installation.sessions.begin() as session:
                store_event(session, read_event(body), body)

    return put


@pytest.fixture
def post_event(client: FlaskClient) -> Callable[..., TestResponse]:
    """Send an event to the webhook, signed."""

    def post(found: Json | bytes, **headers: str) -> TestResponse:
        body = found if isinstance(found, bytes) else json.dumps(found).encode()
        sent = {"Stripe-Signature": signature(body), **headers}
        return client.post(
            "/stripe/webhook", data=body, headers=sent, content_type="application/json"
        )

    return post


@pytest.fixture
def paid(
    installation: Installation, give: Callable[..., Facts], store: Callable[..., None]
) -> Facts:
    """A paid donation of $25 by Ana."""
    facts = give()
    store(facts.completed())
    apply_due_events(installation)
    return facts


@pytest.fixture
def gave(
    give: Callable[..., Facts], store: Callable[..., None], installation: Installation
) -> Callable[..., int]:
    """Create a paid gift; return its donor's id."""

    def pay(email: str = "ana@example.org", amount: int = 2500, **more: str) -> int:
        facts = give(email, amount, **more)
        store(facts.completed())
        apply_due_events(installation)
        return facts.donation.donor_id

    return pay
