"""What the account has beside what began here, read as Stripe sends it."""

import pytest

from campaign.core.errors import GatewayMissing
from campaign.gateway.payers import Payer
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.reconciliation import Bank


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def test_a_payment_comes_with_its_payer_refunds_and_disputes(bank: Bank) -> None:
    intent = bank.stripe.charge_customer(3000, description="By phone", metadata={"fund": "roof"})
    bank.stripe.refund(intent["id"], 500)
    bank.stripe.dispute(intent["id"])
    found = bank.installation.gateway.account_objects.retrieve_payment(intent["id"])
    assert found.payer == Payer("dora@example.org", "Dora Dash", "")
    assert (found.description, found.metadata, found.livemode) == (
        "By phone",
        {"fund": "roof"},
        False,
    )
    assert found.charge is not None
    assert [one.amount for one in found.charge.refunds] == [500]
    assert [one.status for one in found.disputes] == ["needs_response"]


def test_a_subscriptions_paid_invoices_are_listed_oldest_first(bank: Bank) -> None:
    made = bank.stripe.subscribe(900)
    bank.stripe.advance(days=32)
    account = bank.installation.gateway.account_objects
    first, second = account.list_paid_invoices(made["id"])
    assert (first.invoice.first, second.invoice.first) == (True, False)
    assert [one.amount for one in first.payments] == [900]
    found = account.retrieve_subscription(made["id"])
    assert (found.every, found.fact.interval, found.payer.email) == (1, "month", "mona@example.org")


def test_lists_are_continued_after_an_object(bank: Bank) -> None:
    names = [bank.stripe.charge_customer(100 + n)["id"] for n in range(3)]
    account = bank.installation.gateway.account_objects
    assert [one.intent.id for one in account.list_payments(None, None)] == names[::-1]
    assert [one.intent.id for one in account.list_payments(None, None, names[1])] == names[:1]
    assert list(account.list_subscriptions(None, None)) == []


def test_what_is_missing_has_its_own_error(bank: Bank) -> None:
    account = bank.installation.gateway.account_objects
    for call in (account.retrieve_payment, account.retrieve_invoice, account.find_charges_payment):
        with pytest.raises(GatewayMissing):
            call("pi_nowhere")
