"""What a monthly gift begins with. `test_constraints.py` has the rules of its table."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from campaign.models import Campaign, Donor, Subscription
from campaign.runtime.context import Installation
from tests.support.raw_sql import execute, insert

Begin = Callable[..., int]


@pytest.fixture
def begin(installation: Installation, campaign: Campaign) -> Begin:
    """Insert a monthly gift of $10; return its id."""
    donor = insert(installation, Donor, email="ana@example.org", name="Ana")

    def put(stripe_id: str, **values: Any) -> int:
        shown = {"frequency": "monthly", "amount": 1000, "currency": "usd", **values}
        return insert(
            installation, Subscription, stripe_id=stripe_id, campaign_id=campaign.id,
            donor_id=donor, **shown,
        )  # fmt: skip

    return put


def test_it_begins_active_with_a_page_of_its_own(installation: Installation, begin: Begin) -> None:
    numbers = [begin("sub_1"), begin("sub_2")]
    with installation.sessions() as session:
        one, other = (session.get_one(Subscription, number) for number in numbers)
    assert (one.state, one.fee_cover, one.ends_at_period_end, one.as_of) == (
        "active",
        0,
        False,
        None,
    )
    assert one.token != other.token
    with pytest.raises(IntegrityError, match="uq_subscription_stripe_id"):
        begin("sub_1")
    with pytest.raises(IntegrityError, match="uq_subscription_token"):
        execute(installation, "UPDATE subscription SET token = '01234567890123456789'")


def test_stripe_charges_the_gift_and_the_covered_fees_a_period() -> None:
    assert Subscription(amount=1000, fee_cover=59).charge == 1059
