"""Calls about subscriptions: cancel, pause, resume, change the amount or the card.

Each call sets a state, so repeating it is harmless. Every POST has an idempotency key; DELETE and GET are idempotent
without one.
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
        """Return the subscription as it is now."""
        return _fact(lambda: self._client.v1.subscriptions.retrieve(subscription_id))

    def update(
        self, subscription_id: str, parameters: Mapping[str, Any], idempotency_key: str
    ) -> SubscriptionFact:
        """Update the subscription with `parameters`: https://docs.stripe.com/api/subscriptions/update."""
        # Loaded from our own table, which stores this shape.
        asked: SubscriptionUpdateParams = parameters  # type: ignore[assignment]
        return _fact(
            lambda: self._client.v1.subscriptions.update(
                subscription_id, params=asked, options={"idempotency_key": idempotency_key}
            )
        )

    def cancel(self, subscription_id: str, comment: str) -> SubscriptionFact:
        """Cancel it immediately, without proration: nothing is refunded and nothing more is charged."""
        return _fact(
            lambda: self._client.v1.subscriptions.cancel(
                subscription_id, params={"cancellation_details": {"comment": comment}}
            )
        )

    def payment_methods(self, subscription_id: str) -> PaymentMethods:
        """Return the payment method it uses and the one the donor has chosen since."""
        found = translate_errors(
            lambda: self._client.v1.subscriptions.retrieve(
                subscription_id, params={"expand": ["customer"]}
            )
        )
        return read_payment_methods(found.to_dict())

    def create_portal_session(
        self, customer_id: str, return_url: str, language: str, idempotency_key: str
    ) -> str:
        """Create a Stripe page where the donor can change the card; return its URL, a secret valid for minutes.

        `language` is a result of `stripe_language`.

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
