"""A paid gift to refund, in the Stripe sandbox."""

import pytest
from flask.testing import FlaskClient

from campaign.models import Campaign, Donation
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.support.refunds import pay


@pytest.fixture
def gift(
    client: FlaskClient, installation: Installation, campaign: Campaign, stripe: StripeSandbox
) -> Donation:
    return pay(client, installation, stripe)
