"""What Stripe said cannot be changed after it was read."""

from typing import Any

import pytest

from campaign.gateway import client, events, payment_facts, payouts, refunds_disputes, subscriptions
from tests.support.frozen import assert_unchangeable, dataclasses_of

FACTS = dataclasses_of(client, events, payment_facts, payouts, refunds_disputes, subscriptions)


def test_every_kind_of_fact_is_looked_at() -> None:
    assert {
        "Event",
        "Invoice",
        "PaymentFact",
        "StripePayout",
        "StripeDispute",
        "SubscriptionFact",
    } <= {kind.__name__ for kind in FACTS}


@pytest.mark.parametrize("kind", FACTS)
def test_a_fact_cannot_be_changed(kind: type[Any]) -> None:
    assert_unchangeable(kind)
