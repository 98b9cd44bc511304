"""`campaign adopt` takes in what did not begin here, says what it did, and does nothing the second time."""

import pytest

from sandbox.stripe import StripeSandbox
from tests.campaign.cli.conftest import Run
from tests.conftest import sandbox_address
from tests.support.reconciliation import Bank


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def test_a_payment_link_and_again(bank: Bank, run: Run) -> None:
    page = bank.stripe.pay_link(1500)["id"]
    first = run("adopt", page, "--campaign", "nine-days")
    assert (first.status, first.errors) == (0, [])
    assert "$15 of" in first.out
    assert ": 1 gift." in first.out
    again = run("adopt", page, "--campaign", "nine-days")
    assert again.status == 0
    assert again.out.endswith("is booked already: nothing new.\n")


def test_a_subscription_says_that_it_goes_on(bank: Bank, run: Run) -> None:
    made = bank.stripe.subscribe(2000)["id"]
    done = run("adopt", made, "--campaign", "nine-days", "--email", "ana@example.org")
    assert "later payments follow by themselves" in done.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pi_nowhere", "--campaign", "nine-days"), "Stripe has no pi_nowhere"),
        (("pi_1", "--campaign", "no-such"), "no-such"),
        (("", "--campaign", "nine-days"), "begin with pi_"),
    ],
)
def test_a_refusal_is_one_line(bank: Bank, run: Run, arguments: tuple[str, ...], said: str) -> None:
    refused = run("adopt", *arguments)
    assert refused.status == 1
    assert len(refused.errors) == 1
    assert said in refused.errors[0]


def test_the_campaign_is_required(run: Run) -> None:
    assert run("adopt", "pi_1").status == 2
