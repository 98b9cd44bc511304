"""Calls to Stripe. Each has a timeout short enough for a web request; each POST has an idempotency key."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import stripe
from stripe.params import EventListParams

from campaign.gateway.account import AccountClient
from campaign.gateway.account_objects import AccountObjectsClient
from campaign.gateway.answers import PAGE, listed
from campaign.gateway.balance_transactions import PaymentsClient
from campaign.gateway.error_mapping import translate_errors
from campaign.gateway.events import (
    CheckoutSession,
    Event,
    Json,
    read_checkout_session,
    read_event,
    read_instant,
)
from campaign.gateway.objects import ObjectsClient
from campaign.gateway.payouts import PayoutsClient
from campaign.gateway.refunds_disputes import StripeRefund, read_refund
from campaign.gateway.subscription_calls import SubscriptionsClient
from campaign.gateway.timeouts import TIMEOUT

if TYPE_CHECKING:
    from stripe.params import RefundCreateParams
    from stripe.params.checkout import SessionListParams

RETRIES = 2

_EXPANDED = ["payment_intent.latest_charge", "invoice"]

_MOST_TYPES = 20
"""Stripe's limits for one list of events: https://docs.stripe.com/api/events/list."""

_MOSTPAGES = 5
"""How many pages of one address's sessions to read: nobody starts 500 gifts in a day."""


@dataclass(frozen=True)
class UndeliveredEvent:
    """An event that no endpoint has acknowledged, and its JSON to be stored.

    A listed event uses the API version that was the account's default when it was created, not the webhook endpoint's
    version.
    """

    event: Event
    body: bytes


class StripeGateway:
    """Stripe's API for one secret key. Thread-safe.

    Calls about subscriptions are in `subscriptions`, those about payments and the balance in `payments`, those about
    payouts in `payouts`, those about what did not begin here in `account_objects`; `objects` reads an event's object
    again, `account` how the account is set up.
    """

    def __init__(self, secret_key: str, api_base: str, *, timeout: float = TIMEOUT) -> None:
        self._client = stripe.StripeClient(
            secret_key,
            base_addresses={"api": api_base},
            max_network_retries=RETRIES,
            http_client=stripe.RequestsClient(timeout=timeout),
        )
        self.subscriptions = SubscriptionsClient(self._client)
        self.payments = PaymentsClient(self._client)
        self.account_objects = AccountObjectsClient(self._client)
        self.payouts = PayoutsClient(self._client)
        self.objects = ObjectsClient(self._client)
        self.account = AccountClient(self._client, secret_key, api_base, timeout)

    def create_checkout_session(
        self, parameters: Mapping[str, Any], idempotency_key: str
    ) -> CheckoutSession:
        """Create a checkout session. Raises GatewayUnavailable, GatewayKeySpent, GatewayBusy or GatewayRefused."""
        return _session(
            lambda: self._client.v1.checkout.sessions.create(
                params=parameters,  # type: ignore[arg-type] # loaded from our own table, which stores this shape
                options={"idempotency_key": idempotency_key},
            )
        )

    def retrieve_checkout_session(self, session_id: str) -> CheckoutSession:
        """Return the session as it is now, with its charge; raises GatewayUnavailable or GatewayRefused."""
        return _session(
            lambda: self._client.v1.checkout.sessions.retrieve(
                session_id, params={"expand": _EXPANDED}
            )
        )

    def list_sessions_for_donation(
        self, donation_id: str, email: str, since: datetime
    ) -> list[CheckoutSession]:
        """Return the sessions created for a donation since then, newest first: to recover from a lost response.

        Stripe can list sessions by email address but not by our reference, so the reference is compared here. Raises
        GatewayUnavailable or GatewayRefused.
        """
        asked: SessionListParams = {
            "customer_details": {"email": email},
            "created": {"gte": int(since.timestamp())},
            "limit": PAGE,
        }
        found: list[CheckoutSession] = []
        for _ in range(_MOSTPAGES):
            page = translate_errors(lambda: self._client.v1.checkout.sessions.list(params=asked))
            found += [read_checkout_session(one.to_dict()) for one in page.data]
            if not page.has_more or not page.data:
                break
            asked["starting_after"] = page.data[-1].id
        return [one for one in found if one.donation_id == donation_id]

    def expire_session(self, session_id: str) -> CheckoutSession:
        """Expire an open session, so that it accepts no payment.

        Raises GatewayUnavailable, or GatewayRefused if it is no longer open.
        """
        return _session(lambda: self._client.v1.checkout.sessions.expire(session_id))

    def create_refund(self, parameters: Mapping[str, Any], idempotency_key: str) -> StripeRefund:
        """Create a refund. Raises GatewayUnavailable, GatewayKeySpent, GatewayBusy or GatewayRefused."""
        # Loaded from our own table, which stores this shape.
        asked: RefundCreateParams = parameters  # type: ignore[assignment]
        made = translate_errors(
            lambda: self._client.v1.refunds.create(
                params=asked, options={"idempotency_key": idempotency_key}
            )
        )
        return read_refund(made.to_dict(), read_instant(made.created))

    def undelivered_events(
        self, types: Sequence[str], since: datetime | None = None
    ) -> Iterator[UndeliveredEvent]:
        """Yield events of `types` whose webhook was not delivered, from `since` on; Stripe keeps events for 30 days.

        Newest first within each group of twenty types. Pages are fetched one at a time as needed; any of them may
        raise GatewayUnavailable or GatewayRefused.
        """
        for start in range(0, len(types), _MOST_TYPES):
            asked: EventListParams = {
                "delivery_success": False,
                "limit": PAGE,
                "types": list(types[start : start + _MOST_TYPES]),
            }
            if since is not None:
                asked["created"] = {"gte": int(since.timestamp())}
            for found in listed(partial(self._client.v1.events.list, asked), asked):
                yield _undelivered(found)


def _undelivered(found: Json) -> UndeliveredEvent:
    body = json.dumps(found).encode()
    return UndeliveredEvent(read_event(body), body)


def _session(call: Callable[[], stripe.checkout.Session]) -> CheckoutSession:
    return read_checkout_session(translate_errors(call).to_dict())
