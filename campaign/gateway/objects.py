"""Read one object again at Stripe, in our API version: for events whose own wording our code does not read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, cast

import stripe

from campaign.core import clock
from campaign.core.errors import GatewayMissing, GatewayRefused
from campaign.core.outside_text import read_http_date
from campaign.gateway.error_mapping import translate_errors
from campaign.gateway.events import Json

CLOCKS_AGREE = timedelta(seconds=2)
"""Stripe's `Date` header has whole seconds; a clock within this distance of it is precise enough to order two reads."""

_SERVICES = {
    "charge": "charges",
    "checkout.session": "checkout.sessions",
    "dispute": "disputes",
    "invoice": "invoices",
    "invoice_payment": "invoice_payments",
    "payment_intent": "payment_intents",
    "payout": "payouts",
    "radar.early_fraud_warning": "radar.early_fraud_warnings",
    "refund": "refunds",
    "subscription": "subscriptions",
}
"""The SDK's service for each kind of object."""

_EXPANDED = {"charge": "refunds", "payment_intent": "latest_charge"}
"""Older versions include a charge's refunds, ours does so on request. A payment's charge says when the money was taken,
which may be after the event."""


@dataclass(frozen=True)
class ReadObject:
    """An object as Stripe has it at `read_at` or later."""

    object: Json
    read_at: datetime


class ObjectsClient:
    """Stripe's objects by kind and id. Each call may raise GatewayUnavailable, GatewayMissing or GatewayRefused."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def retrieve(self, kind: str, object_id: str) -> ReadObject:
        """Return the object of that kind, such as `invoice`, as it is now.

        Raises GatewayMissing also if it was deleted, and GatewayRefused if Stripe answers with another object.
        """
        asked_at = clock.now()
        service: Any = attrgetter(_SERVICES[kind])(self._client.v1)
        asked = {"expand": [_EXPANDED[kind]]} if kind in _EXPANDED else {}
        answer = translate_errors(lambda: service.retrieve(object_id, params=asked))
        # It is None only on objects that were not returned by an API call.
        response = cast("stripe.StripeResponse", answer.last_response)
        found = cast("Json", response.data)
        if found.get("deleted"):
            raise GatewayMissing(f"{object_id} was deleted at Stripe.")
        if (found.get("object"), found.get("id")) != (kind, object_id):
            raise GatewayRefused(
                f"Stripe answered with something else than the {kind} {object_id}."
            )
        return ReadObject(found, _read_at(response.headers, asked_at))


def _read_at(headers: Mapping[str, str] | None, asked_at: datetime) -> datetime:
    """Return when the object was read, by Stripe's clock: ours may be wrong, and events carry Stripe's time."""
    sent = {name.lower(): value for name, value in (headers or {}).items()}.get("date")
    theirs = read_http_date(sent)
    if theirs is None:
        return asked_at
    return asked_at if abs(theirs - asked_at) <= CLOCKS_AGREE else theirs
