"""The sandbox, held against Stripe's published API types instead of its authors' reading of the documentation."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from stripe import StripeClient

import sandbox.stripe
from sandbox.stripe import CardDeclined, StripeSandbox
from sandbox.stripe.api.endpoints import ENDPOINTS, Endpoint
from sandbox.stripe.api.expandable import TARGETS
from sandbox.stripe.api.retrieval import KINDS
from sandbox.stripe.errors import Refused
from sandbox.stripe.objects.cards import CARDS
from tests.sandbox.stripe.conftest import PORT, client_for, parameters
from tests.support.stripe_spec import Spec

SOURCES = Path(sandbox.stripe.__file__).parent


def _sent() -> set[str]:
    """Return the types of the events that the sandbox can send, from its source."""
    calls = [
        node
        for source in SOURCES.rglob("*.py")
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "emit"
    ]
    words = [word for call in calls for word in ast.walk(call.args[0])]
    return {
        str(word.value)
        for word in words
        if isinstance(word, ast.Constant) and "." in str(word.value)
    }


CARD = {
    "card-number": "4242424242424242",
    "card-expiry": "12 / 34",
    "card-cvc": "123",
    "card-name": "Dana Donor",
    "email": "dana@example.org",
}


class History:
    """Plays everything that the sandbox can play, in one account."""

    def __init__(self, stripe: StripeSandbox) -> None:
        self.stripe = stripe
        self.client = client_for(stripe.url)

    def begin(self, interval: str | None = None, **more: Any) -> str:
        asked = parameters(2500, interval, **more)
        return self.client.v1.checkout.sessions.create(params=asked).id

    def pay(self, number: str = "4242424242424242", interval: str | None = None, **how: Any) -> str:
        session = self.begin(interval)
        try:
            self.stripe.pay(session, number, **how)
        except CardDeclined:
            self.stripe.expire(session)
        return session

    def play(self) -> None:
        self.stripe.deliver("hold")
        self._cards()
        self._debits()
        self._refunds()
        self._disputes()
        self._subscriptions()
        self._account()

    def _cards(self) -> None:
        for card in CARDS:
            self.pay(card.number)
            self.pay(card.number, "month")
        self.pay("4000002500003155", authenticate=False)
        self.stripe.pay(self.begin(customer_creation="always"))
        self.stripe.expire(self.begin())

    def _debits(self) -> None:
        for outcome in ("succeeds", "fails", "insufficient_funds"):
            self.pay(bank=outcome)
            self.pay(interval="year", bank=outcome)
        for fail in (False, True):
            self.stripe.settle(self.pay(bank="succeeds"), fail=fail)
        returned = self.pay(bank="succeeds")
        self.stripe.settle(returned)
        self.stripe.take_back(returned)

    def _refunds(self) -> None:
        for fate in ("succeeds", "pending", "fails", "pending_fails"):
            self.stripe.refund(self.pay(), 500, fate=fate)
        debit = self.pay(bank="succeeds")
        self.stripe.settle(debit)
        made = self.stripe.refund(debit)
        changed = {"metadata": {"seen": "yes"}}
        self.client.v1.refunds.update(made["id"], params=changed)

    def _disputes(self) -> None:
        for won in (False, True):
            disputed = self.stripe.dispute(self.pay(), reason="duplicate")
            self.stripe.close_dispute(disputed["id"], won=won, return_fee=won)
        self.stripe.warn(self.pay())
        self.stripe.escalate(self.stripe.dispute(self.pay(), inquiry=True)["id"])
        closed = self.stripe.dispute(self.pay(), inquiry=True)
        self.stripe.close_dispute(closed["id"], won=True)
        self.stripe.dispute(self.pay(), prevented=True)
        debit = self.pay(bank="succeeds")
        self.stripe.settle(debit)
        self.stripe.dispute(debit)
        self.stripe.set_settlement("cad", {"usd": "1.37"})
        for won in (False, True):
            appealed = self.stripe.dispute(self.pay(), amount=500)["id"]
            self.stripe.answer_dispute(appealed)
            self.stripe.close_dispute(appealed, won=False)
            self.stripe.adjust_dispute(appealed, 12)
            self.stripe.appeal(appealed)
            self.stripe.answer_dispute(appealed)
            self.stripe.close_dispute(appealed, won=won)
        self.stripe.refund(self.pay(), 500)
        self.stripe.set_settlement("usd", {})

    def _subscriptions(self) -> None:
        subscriptions = self.client.v1.subscriptions
        for pause in ("void", "keep_as_draft", "mark_uncollectible"):
            self.pay(interval="month")
            paused = self._newest("subscription")["id"]
            resumes = self.stripe.now() + 50 * 86_400
            asked: Any = {"pause_collection": {"behavior": pause, "resumes_at": resumes}}
            subscriptions.update(paused, params=asked)
        self.pay(interval="month")
        ending = self._newest("subscription")
        subscriptions.update(ending["id"], params={"cancel_at_period_end": True})
        self.pay(interval="month")
        self._change_and_cancel(self._newest("subscription"))
        self.pay("4000000000000341", "month")
        self.stripe.advance(days=95)

    def _change_and_cancel(self, found: dict[str, Any]) -> None:
        (item,) = found["items"]["data"]
        price: Any = {"currency": "usd", "product": item["price"]["product"], "unit_amount": 900}
        price["recurring"] = {"interval": "month"}
        asked: Any = {"items": [{"id": item["id"], "price_data": price}]}
        asked["proration_behavior"] = "none"
        subscriptions = self.client.v1.subscriptions
        subscriptions.update(found["id"], params=asked)
        subscriptions.cancel(found["id"], params={"cancellation_details": {"comment": "Enough."}})

    def _account(self) -> None:
        customer = self._newest("customer")["id"]
        portal = self.client.v1.billing_portal.sessions.create(params={"customer": customer})
        requests.post(portal.url, data=CARD, timeout=30).raise_for_status()
        self.client.v1.customers.update(customer, params={"name": "Ana Reyes"})
        self.client.v1.webhook_endpoints.create(
            params={"url": "https://hooks.example/x", "enabled_events": ["charge.failed"]}
        )
        self.stripe.payout()
        self.pay()
        self.stripe.fail_payout(self.stripe.payout(arrive=False)["id"])

    def _newest(self, kind: str) -> dict[str, Any]:
        return self.stripe.objects(kind)[0]


@pytest.fixture(scope="module")
def account(stripe_spec: Spec) -> Iterator[StripeSandbox]:
    with StripeSandbox(port=PORT) as running:
        History(running).play()
        yield running


def test_every_object_is_of_stripes_type(account: StripeSandbox, stripe_spec: Spec) -> None:
    wrong = [
        f"{kind} {where}: {what}"
        for kind in account.account.kinds()
        for found in account.objects(kind)
        for where, what in stripe_spec.mismatches(found)
    ]
    assert sorted(set(wrong)) == []


WORDS = {
    # https://docs.stripe.com/api/refunds/object#refund_object-status
    ("refund", "status"): {"pending", "requires_action", "succeeded", "failed", "canceled"},
    # https://docs.stripe.com/api/payouts/object#payout_object-status
    ("payout", "status"): {"paid", "pending", "in_transit", "canceled", "failed"},
    # https://docs.stripe.com/reports/reporting-categories
    ("balance_transaction", "reporting_category"): {
        "charge",
        "charge_failure",
        "dispute",
        "dispute_reversal",
        "payout",
        "payout_reversal",
        "refund",
        "refund_failure",
    },
}
"""Documented values of members that are plain strings in the types."""


def test_documented_words_are_used(account: StripeSandbox) -> None:
    for (kind, member), words in WORDS.items():
        assert {found[member] for found in account.objects(kind)} <= words, f"{kind}.{member}"


def test_every_object_has_the_members_of_stripes_example(
    account: StripeSandbox, stripe_spec: Spec
) -> None:
    """The types do not say which of the members that may be null are always there; the examples do."""
    wrong = {
        f"{kind}.{member} is missing"
        for kind in account.account.kinds()
        for member in stripe_spec.examples[kind]
        if member in stripe_spec.schemas[kind]["properties"]
        for found in account.objects(kind)
        if member not in found
    }
    # Only on request since 2022-11-15: https://docs.stripe.com/upgrades#2022-11-15. Of one type of payment method.
    assert wrong == {"charge.refunds is missing", "payment_method.card is missing"}


def test_every_event_says_what_stripe_says(account: StripeSandbox, stripe_spec: Spec) -> None:
    events = account.events()
    assert {event["type"] for event in events} == _sent()
    wrong = set()
    for event in events:
        named = event.pop("deliveries", None) is not None
        assert named
        shown, before = event["data"]["object"], event["data"].get("previous_attributes", {})
        wrong |= {(event["type"], *one) for one in stripe_spec.mismatches(event)}
        wrong |= {(event["type"], *one) for one in stripe_spec.mismatches(shown)}
        wrong |= {(event["type"], name, "was no member") for name in before if name not in shown}
        wrong |= {
            (event["type"], *one)
            for one in stripe_spec.mismatches({**shown, **before})
            if one[0].split(".")[1:2] != ["items"]
        }
    assert sorted(wrong) == []


def test_every_kind_of_object_that_can_be_asked_for_was_compared(account: StripeSandbox) -> None:
    assert set(KINDS.values()) <= set(account.account.kinds())


def test_every_object_can_be_asked_for_and_listed(account: StripeSandbox) -> None:
    """The answers are compared with the types while they are given."""
    client: StripeClient = client_for(account.url)
    for path, kind in KINDS.items():
        client.raw_request("get", f"/v1/{path}/{account.objects(kind)[0]['id']}")
    for entry in ENDPOINTS:
        if entry.method == "GET" and "<name>" not in entry.path:
            most = "?limit=100" if "limit" in entry.fields else ""
            client.raw_request("get", f"/v1/{entry.path}{most}")


@pytest.mark.parametrize("entry", ENDPOINTS, ids=lambda one: f"{one.method} {one.path}")
def test_every_parameter_exists_at_stripe(entry: Endpoint, stripe_spec: Spec) -> None:
    known = stripe_spec.parameters(entry.method, f"/v1/{entry.path}")
    assert set(entry.fields) | set(entry.unsupported_params) <= set(known)
    for name, checker in entry.fields.items():
        for value in known[name].get("enum", ()):
            assert _accepts(checker, value, name), f"{name}={value}"


def _accepts(checker: Any, value: str, name: str) -> bool:
    try:
        checker(value, name)
    except Refused:
        return False
    return True


def test_a_session_knows_every_parameter_of_stripes(stripe_spec: Spec) -> None:
    (entry,) = (one for one in ENDPOINTS if (one.method, one.path) == ("POST", "checkout/sessions"))
    known = set(stripe_spec.parameters("POST", "/v1/checkout/sessions"))
    assert known == {*entry.fields, *entry.unsupported_params, "expand"}


def test_what_can_be_expanded_can_be_expanded_at_stripe(stripe_spec: Spec) -> None:
    for kind, members in TARGETS.items():
        if kind not in stripe_spec.schemas:
            continue
        schema = stripe_spec.schemas[kind]
        expandable = set(schema["x-expandableFields"])
        on_request = {name for name, target in members.items() if target.startswith("[")}
        assert set(members) - on_request <= expandable, kind
        assert on_request <= set(schema["properties"]), kind


NO_RULE = {"__init__.py", "clock.py", "endpoints.py", "modes.py"}
"""Modules that imitate nothing of Stripe's: our own clock, tables and network."""


@pytest.mark.parametrize("room", ["api", "objects", "rules", "webhooks"])
def test_what_is_imitated_names_its_page(room: str) -> None:
    silent = [
        source.name
        for source in sorted((SOURCES / room).glob("*.py"))
        if source.name not in NO_RULE
        and "https://docs.stripe.com/" not in source.read_text(encoding="utf-8")
    ]
    assert silent == []
