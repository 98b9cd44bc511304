"""What our key may read, and how the account at Stripe is set up. Every call only reads."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from operator import attrgetter
from typing import Any, cast

import stripe

from campaign.core.errors import GatewayForbidden, GatewayUnavailable
from campaign.core.outside_text import read_http_date
from campaign.gateway.error_mapping import translate_errors
from campaign.gateway.events import Json

READ_BY_US: Mapping[str, str] = {
    "balance transactions": "balance_transactions",
    "charges": "charges",
    "checkout sessions": "checkout.sessions",
    "customer portal": "billing_portal.configurations",
    "customers": "customers",
    "disputes": "disputes",
    "early fraud warnings": "radar.early_fraud_warnings",
    "events": "events",
    "invoice payments": "invoice_payments",
    "invoices": "invoices",
    "payment intents": "payment_intents",
    "payouts": "payouts",
    "refunds": "refunds",
    "subscriptions": "subscriptions",
    "webhook endpoints": "webhook_endpoints",
}
"""What this service reads, by name, with the SDK's service that lists it."""

_PAGE = 100


@dataclass(frozen=True)
class AnswerHeaders:
    """The headers of any answer: the account's default API version and Stripe's clock, None where they are missing."""

    default_version: str | None
    date: datetime | None


@dataclass(frozen=True)
class EventEndpoint:
    """A webhook endpoint; without `api_version` it has the account's.

    https://docs.stripe.com/api/webhook_endpoints/object
    """

    id: str
    url: str
    enabled: bool
    livemode: bool
    api_version: str | None
    events: tuple[str, ...]

    def misses(self, types: Iterable[str]) -> list[str]:
        """Return those of `types` that the endpoint is not subscribed to."""
        return [name for name in types if not any(fnmatchcase(name, one) for one in self.events)]


@dataclass(frozen=True)
class PortalSettings:
    """The default configuration of the customer portal."""

    active: bool
    updates_cards: bool


class AccountClient:
    """The account as our key sees it. Each call may raise GatewayUnavailable, GatewayForbidden or GatewayRefused."""

    def __init__(
        self, client: stripe.StripeClient, secret_key: str, api_base: str, timeout: float
    ) -> None:
        self._client = client
        self._secret_key, self._api_base, self._timeout = secret_key, api_base, timeout

    def read_answer(self) -> AnswerHeaders:
        """Ask anything without naming a version: the answer names the account's default one.

        https://docs.stripe.com/api/versioning. The SDK always names ours, so its transport is used alone.
        """
        headers = {"Authorization": f"Bearer {self._secret_key}"}
        address = f"{self._api_base.rstrip('/')}/v1/events?limit=1"
        http = stripe.RequestsClient(timeout=self._timeout)
        body, status, received = translate_errors(lambda: http.request("get", address, headers))
        if status == 401:
            raise GatewayForbidden(f"Stripe rejected our API key: HTTP {status}.")
        if status == 429 or status >= 500:
            raise GatewayUnavailable(f"Stripe answered with HTTP {status}: {str(body)[:200]}")
        found = {name.lower(): value for name, value in received.items()}
        return AnswerHeaders(found.get("stripe-version"), _date(found.get("date")))

    def list_unreadable(self) -> list[tuple[str, str]]:
        """Return (name, missing permission) for each kind of READ_BY_US that our key may not read."""
        found = []
        for name, service in READ_BY_US.items():
            try:
                self._list(service, {"limit": 1})
            except GatewayForbidden as error:
                found.append((name, error.permission))
        return found

    def list_endpoints(self) -> list[EventEndpoint]:
        return [
            EventEndpoint(
                id=found["id"],
                url=found["url"],
                enabled=found.get("status") == "enabled",
                livemode=bool(found.get("livemode")),
                api_version=found.get("api_version"),
                events=tuple(found.get("enabled_events") or ()),
            )
            for found in self._list("webhook_endpoints", {"limit": _PAGE})
        ]

    def read_portal(self) -> PortalSettings | None:
        """Return the default configuration of the customer portal; None if its settings were never saved."""
        asked = {"is_default": True, "limit": 1}
        for found in self._list("billing_portal.configurations", asked):
            updates = (found.get("features") or {}).get("payment_method_update") or {}
            return PortalSettings(bool(found.get("active")), bool(updates.get("enabled")))
        return None

    def find_adapted_session(self) -> str | None:
        """Return the id of the newest session of ours if Stripe may show its amount in another currency; else None.

        No setting of the account says so: https://docs.stripe.com/payments/currencies/localize-prices/adaptive-pricing.
        """
        for found in self._list("checkout.sessions", {"limit": _PAGE}):
            if (found.get("metadata") or {}).get("donation_id"):
                adapted = (found.get("adaptive_pricing") or {}).get("enabled")
                return str(found["id"]) if adapted else None
        return None

    def _list(self, service: str, asked: Mapping[str, Any]) -> list[Json]:
        found: Any = attrgetter(service)(self._client.v1)
        page = translate_errors(lambda: found.list(params=dict(asked)))
        # It is None only on objects that were not returned by an API call.
        answer = cast("stripe.StripeResponse", page.last_response)
        return cast("list[Json]", cast("Json", answer.data)["data"])


def _date(sent: str | None) -> datetime | None:
    return read_http_date(sent)
