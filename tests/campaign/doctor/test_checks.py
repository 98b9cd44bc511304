"""All checks are made; one that Stripe does not let us make is a fault."""

from dataclasses import replace

import pytest

from campaign.doctor.checks import CHECKS, STRIPE_CHECKS, run_checks
from campaign.doctor.findings import Level
from campaign.gateway.client import StripeGateway
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import UNREACHABLE, sandbox_address


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def test_every_check_says_something(installation: Installation) -> None:
    assert list(dict(run_checks(installation))) == list(CHECKS)


def test_without_stripe_one_fault_is_enough(installation: Installation) -> None:
    away = replace(installation, make_gateway=lambda: StripeGateway("sk_test_x", UNREACHABLE))
    found = dict(run_checks(away))
    assert [name for name in CHECKS if name not in found] == list(STRIPE_CHECKS)[2:]
    faults = [one.text for one in found.values() if one.level == Level.fault]
    assert len(faults) == 1
    assert faults[0].startswith("It could not be checked. Stripe cannot be reached: ")


def test_a_check_without_its_permission_stops_no_other(
    installation: Installation, stripe: StripeSandbox
) -> None:
    stripe.take_permissions(["rak_webhook_read"])
    restricted = replace(installation, make_gateway=lambda: StripeGateway("rk_test_x", stripe.url))
    found = dict(run_checks(restricted))
    assert list(found) == list(CHECKS)
    assert "rak_webhook_read" in found["Webhook endpoint"].text
