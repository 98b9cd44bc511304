"""`campaign doctor`: a line for each finding, exit 1 if there is a fault."""

import pytest

from campaign.stripe_events.registry import HANDLERS
from sandbox.stripe import StripeSandbox
from sandbox.stripe.objects import portal
from tests.campaign.cli.conftest import Run
from tests.conftest import UNREACHABLE, sandbox_address


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture
def endpoint(stripe: StripeSandbox) -> None:
    made = portal.webhook_endpoint("http://localhost/stripe/webhook", list(HANDLERS), stripe.now())
    with stripe.account.transaction():
        stripe.account.add({**made, "api_version": "2026-10-28.endive"})


@pytest.mark.usefixtures("endpoint")
def test_a_good_setup_has_no_fault(run: Run) -> None:
    ended = run("doctor")
    assert (ended.status, ended.errors) == (0, [])
    lines = ended.out.splitlines()
    assert len(lines) >= 9
    assert {line.split()[0] for line in lines} == {"ok", "note"}


def test_faults_are_named_and_counted(run: Run, stripe: StripeSandbox) -> None:
    stripe.set_portal(saved=False)
    ended = run("doctor")
    faults = [line for line in ended.out.splitlines() if line.startswith("fault ")]
    assert len(faults) == 2
    assert "Webhook endpoint: Stripe has no webhook endpoint at" in faults[0]
    assert "Customer portal: The settings of" in faults[1]
    assert ended.status == 1
    assert ended.errors == ["2 faults found. Do what each line that begins with `fault` says."]


def test_an_unreachable_stripe_is_one_fault(run: Run) -> None:
    ended = run("doctor", STRIPE_API_BASE=UNREACHABLE)
    assert (ended.status, len(ended.errors)) == (1, 1)
    assert ended.errors[0].startswith("1 fault found.")
