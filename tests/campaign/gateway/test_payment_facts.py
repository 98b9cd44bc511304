"""What Stripe said cannot be changed after it was read."""

import dataclasses
from typing import Any

import pytest

from campaign.gateway import client, events, payment_facts, payouts, refunds_disputes, subscriptions

MODULES = (client, events, payment_facts, payouts, refunds_disputes, subscriptions)
FACTS = sorted(
    {
        one
        for module in MODULES
        for one in vars(module).values()
        if isinstance(one, type) and dataclasses.is_dataclass(one)
    },
    key=lambda one: one.__name__,
)


def test_every_kind_of_fact_is_looked_at() -> None:
    assert len(FACTS) == 16, "add the new one to MODULES if it is missing here"


@pytest.mark.parametrize("kind", FACTS)
def test_a_fact_cannot_be_changed(kind: Any) -> None:
    names = [field.name for field in dataclasses.fields(kind)]
    fact = kind(**dict.fromkeys(names))
    for name in names:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(fact, name, "changed")
