"""Stripe's balance transactions, read page by page, and the payments behind them."""

from datetime import timedelta

import pytest

from campaign.core.clock import now
from campaign.core.errors import GatewayMissing
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.reconciliation import Bank


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def test_every_transaction_is_listed_once_across_pages(bank: Bank) -> None:
    sold = [bank.shop(100 + number)["id"] for number in range(230)]
    gateway = bank.installation.gateway
    found = list(gateway.payments.list_balance_transactions(now() - timedelta(days=1)))
    assert [one.source_id for one in found] == sold[::-1]
    assert list(gateway.payments.list_balance_transactions(now() + timedelta(days=1))) == []
    assert (
        list(
            gateway.payments.list_balance_transactions(
                now() - timedelta(days=2), now() - timedelta(days=1)
            )
        )
        == []
    )


def test_donor_data_is_dropped(bank: Bank) -> None:
    bank.stripe.pay(bank.give(), name="Dana Donor")
    (found,) = bank.installation.gateway.payments.list_balance_transactions(
        now() - timedelta(days=1)
    )
    assert found.source is not None
    assert found.source["object"] == "charge"
    assert "Dana" not in repr(found)
    assert "example.org" not in repr(found)


def test_a_payment_its_invoice_and_back(bank: Bank) -> None:
    bank.stripe.pay(bank.give(frequency="monthly"))
    payments = bank.installation.gateway.payments
    intent, invoice = (bank.stripe.objects(kind)[0] for kind in ("payment_intent", "invoice"))
    fact = payments.retrieve_payment(intent["id"])
    assert (fact.intent.status, fact.intent.donation_id) == ("succeeded", None)
    assert fact.charge is not None
    assert fact.balance_transaction is not None
    assert (fact.charge.amount, fact.balance_transaction.fee) == (2500, 103)
    paid = payments.find_invoice_for_payment(intent["id"])
    assert paid is not None
    assert (paid.id, paid.first, paid.amount_paid) == (invoice["id"], True, 2500)
    assert payments.find_payment_for_invoice(invoice["id"]) == intent["id"]
    assert payments.list_refunds(intent["id"]) == ()


def test_a_missing_object_has_its_own_error(installation: Installation) -> None:
    with pytest.raises(GatewayMissing):
        installation.gateway.payments.retrieve_payment("pi_unknown")
    with pytest.raises(GatewayMissing):
        installation.gateway.payments.retrieve_balance_transaction("txn_unknown")
    with pytest.raises(GatewayMissing):
        installation.gateway.payments.retrieve_dispute("du_unknown")
    assert installation.gateway.payments.find_payment_for_invoice("in_unknown") is None


def test_a_payment_without_an_invoice_has_none(bank: Bank) -> None:
    sold = bank.shop()
    assert (
        bank.installation.gateway.payments.find_invoice_for_payment(sold["payment_intent"]) is None
    )
