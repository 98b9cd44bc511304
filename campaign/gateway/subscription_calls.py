"""Calls about subscriptions: end, pause, resume, another amount, another card.

Each sets a state, so repeating one is harmless. Every POST carries an idempotency key of ours; a DELETE and a GET are
repeatable by themselves.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

import stripe

from campaign.gateway.error_mapping import translate_errors
from campaign.gateway.subscriptions import (
    PaymentMethods,
    SubscriptionFact,
    read_payment_methods,
    read_subscription,
)

if TYPE_CHECKING:
    from stripe.params import SubscriptionUpdateParams


class SubscriptionsClient:
    """Stripe's subscriptions and customer portal. Each call may raise GatewayUnavailable or GatewayRefused."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client

    def retrieve(self, subscription_id: str) -> SubscriptionFact:
        """The subscription as Stripe has it now."""
        return _fact(lambda: self._client.v1.subscriptions.retrieve(subscription_id))

    def update(
        self, subscription_id: str, parameters: Mapping[str, Any], idempotency_key: str
    ) -> SubscriptionFact:
        """Set what `parameters` say: https://docs.stripe.com/api/subscriptions/update."""
        # Read back from our own table, where its shape was persisted.
        asked: SubscriptionUpdateParams = parameters  # type: ignore[assignment]
        return _fact(
            lambda: self._client.v1.subscriptions.update(
                subscription_id, params=asked, options={"idempotency_key": idempotency_key}
            )
        )

    def cancel(self, subscription_id: str, comment: str) -> SubscriptionFact:
        """End it at once, without proration: nothing is paid back and nothing more is charged."""
        return _fact(
            lambda: self._client.v1.subscriptions.cancel(
                subscription_id, params={"cancellation_details": {"comment": comment}}
            )
        )

    def payment_methods(self, subscription_id: str) -> PaymentMethods:
        """Which card it uses, and which one the donor has chosen since."""
        found = translate_errors(
            lambda: self._client.v1.subscriptions.retrieve(
                subscription_id, params={"expand": ["customer"]}
            )
        )
        return read_payment_methods(found.to_dict())

    def create_portal_session(
        self, customer_id: str, return_url: str, language: str, idempotency_key: str
    ) -> str:
        """The address of Stripe's page on which a donor gives another card: a bearer secret, good for minutes.

        `language` as `stripe_language` gives it.

        https://docs.stripe.com/customer-management/portal-deep-links
        """
        opened = translate_errors(
            lambda: self._client.v1.billing_portal.sessions.create(
                params={
                    "customer": customer_id,
                    "return_url": return_url,
                    "locale": cast("Any", language),
                    "flow_data": {
                        "type": "payment_method_update",
                        "after_completion": {
                            "type": "redirect",
                            "redirect": {"return_url": return_url},
                        },
                    },
                },
                options={"idempotency_key": idempotency_key},
            )
        )
        return opened.url


def _fact(call: Callable[[], stripe.Subscription]) -> SubscriptionFact:
    return read_subscription(translate_errors(call).to_dict())
