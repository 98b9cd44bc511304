"""A monthly gift to change, in the Stripe sandbox."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from campaign.models import Campaign, Subscription
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.support.monthly_gifts import pay_monthly_gift


@pytest.fixture
def gift(
    client: FlaskClient,
    installation: Installation,
    campaign: Campaign,
    stripe: StripeSandbox,
    store: Callable[..., None],
) -> Subscription:
    """A monthly gift of $25 and $1.06 for fees."""
    return pay_monthly_gift(client, installation, stripe, store)
