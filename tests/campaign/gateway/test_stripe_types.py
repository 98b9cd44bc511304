"""Every field that our code reads exists in Stripe's published types, with the type that our code expects."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from campaign.gateway import (
    read_balance_transaction,
    read_charge,
    read_checkout_session,
    read_dispute,
    read_fraud_warning,
    read_invoice,
    read_invoice_payment,
    read_payment_intent,
    read_refund,
    read_subscription,
)
from campaign.gateway.payment_details import read_dispute_details, read_payment_details
from campaign.gateway.payouts import read_payout
from campaign.gateway.subscriptions import read_payment_methods
from campaign.stripe_events.registry import HANDLERS
from tests.support.stripe_spec import Spec

MOMENT = 1_797_926_400
AT = datetime.fromtimestamp(MOMENT, UTC)
READERS: dict[str, tuple[str, Callable[[Any], object]]] = {
    "a balance transaction": (
        "balance_transaction",
        lambda found: read_balance_transaction(found, AT),
    ),
    "a charge": ("charge", lambda found: read_charge(found, AT)),
    "a session": ("checkout.session", read_checkout_session),
    "a charge's payer": ("charge", read_payment_details),
    "a dispute's bank": ("dispute", read_dispute_details),
    "a dispute": ("dispute", lambda found: read_dispute(found, AT)),
    "a fraud warning": ("radar.early_fraud_warning", lambda found: read_fraud_warning(found, AT)),
    "an invoice": ("invoice", read_invoice),
    "an invoice's payment": ("invoice_payment", read_invoice_payment),
    "a payment intent": ("payment_intent", read_payment_intent),
    "a payout": ("payout", read_payout),
    "a refund": ("refund", lambda found: read_refund(found, AT)),
    "a subscription": ("subscription", read_subscription),
    "a subscription's cards": ("subscription", read_payment_methods),
}


class Shaped(dict[str, Any]):
    """An object with every member of its type, made when it is read. Lists what was read but is no member.

    `filled`: related objects are "ids" or "expanded"; "empty" has None wherever that may be.
    """

    def __init__(self, spec: Spec, schema: Any, filled: str, path: str = "") -> None:
        super().__init__()
        self._spec, self._filled, self._path = spec, filled, path
        self._members = spec.resolve(schema).get("properties", {})
        self.strangers: list[str] = []

    def __bool__(self) -> bool:
        return True

    def get(self, name: str, default: Any = None) -> Any:
        if name not in self._members:
            self.strangers.append(f"{self._path}{name}")
            return default
        if not super().__contains__(name):
            super().__setitem__(name, self._made(self._members[name], f"{self._path}{name}"))
        return super().get(name)

    def __getitem__(self, name: str) -> Any:
        return self.get(name)

    def every_stranger(self) -> list[str]:
        below = [one for value in self.values() for one in _shapes(value)]
        return self.strangers + [name for shape in below for name in shape.every_stranger()]

    def _made(self, schema: Any, path: str) -> Any:
        schema = self._spec.resolve(schema)
        if self._filled == "empty" and schema.get("nullable"):
            return None
        if "anyOf" in schema:
            choices = [self._spec.resolve(one) for one in schema["anyOf"]]
            objects = [one for one in choices if one.get("type") == "object"]
            schema = objects[0] if self._filled == "expanded" and objects else choices[0]
        match schema.get("type"):
            case "object" if "properties" in schema:
                return Shaped(self._spec, schema, self._filled, f"{path}.")
            case "object":
                return {}
            case "array":
                return [self._made(schema["items"], f"{path}[]")]
            case "integer":
                return MOMENT
            case "number":
                return 1.37
            case "boolean":
                return True
        return schema.get("enum", ["text"])[0]


def _shapes(value: Any) -> Iterable[Shaped]:
    if isinstance(value, Shaped):
        yield value
    if isinstance(value, list):
        for one in value:
            yield from _shapes(one)


@pytest.mark.parametrize("filled", ["ids", "expanded", "empty"])
@pytest.mark.parametrize("name", READERS)
def test_every_field_that_is_read_exists(stripe_spec: Spec, name: str, filled: str) -> None:
    kind, read = READERS[name]
    shape = Shaped(stripe_spec, {"$ref": kind}, filled)
    read(shape)
    assert shape.every_stranger() == []


def test_every_event_that_is_handled_exists(stripe_spec: Spec) -> None:
    known = stripe_spec.parameters("POST", "/v1/webhook_endpoints")["enabled_events"]
    assert set(HANDLERS) <= set(known["items"]["enum"])
    assert set(HANDLERS) <= set(stripe_spec.schemas["event"]["properties"]["type"]["enum"])
