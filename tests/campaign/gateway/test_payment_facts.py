"""What Stripe said about a payment cannot be changed after it was read."""

from typing import Any

import pytest

from campaign.gateway import client, payment_facts
from tests.support.frozen import assert_unchangeable, dataclasses_of


@pytest.mark.parametrize("kind", dataclasses_of(client, payment_facts))
def test_a_fact_cannot_be_changed(kind: type[Any]) -> None:
    assert_unchangeable(kind)
