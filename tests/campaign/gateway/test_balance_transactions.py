"""Stripe's balance transactions, read page by page, and the payments behind them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from campaign.core.clock import now
from campaign.core.errors import GatewayMissing
from campaign.gateway.balance_transactions import PaymentsClient
from campaign.gateway.client import StripeGateway
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.reconciliation import Bank
from tests.support.scripted_stripe import ScriptedStripe, list_of

MOMENT = 1_797_926_400
AT = datetime.fromtimestamp(MOMENT, UTC)
MOVED: dict[str, Any] = {
    "id": "txn_1",
    "created": MOMENT,
    "amount": -2500,
    "fee": 0,
    "currency": "usd",
    "type": "refund",
}


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
    (part,) = payments.list_invoice_payments(invoice["id"])
    assert (part.payment_intent_id, part.amount, part.status) == (intent["id"], 2500, "paid")
    assert payments.list_refunds(intent["id"]) == ()


def test_a_missing_object_has_its_own_error(installation: Installation) -> None:
    with pytest.raises(GatewayMissing):
        installation.gateway.payments.retrieve_payment("pi_unknown")
    with pytest.raises(GatewayMissing):
        installation.gateway.payments.retrieve_balance_transaction("txn_unknown")
    with pytest.raises(GatewayMissing):
        installation.gateway.payments.retrieve_dispute("du_unknown")
    assert installation.gateway.payments.list_invoice_payments("in_unknown") == ()


def test_a_payment_without_an_invoice_has_none(bank: Bank) -> None:
    sold = bank.shop()
    assert (
        bank.installation.gateway.payments.find_invoice_for_payment(sold["payment_intent"]) is None
    )


def payments_of(stripe: ScriptedStripe) -> PaymentsClient:
    return StripeGateway("sk_test_x", stripe.url).payments


def test_a_list_begins_at_its_first_second_and_ends_before_its_last(bank: Bank) -> None:
    sold = bank.shop()
    at = datetime.fromtimestamp(sold["created"], UTC)
    second, payments = timedelta(seconds=1), bank.installation.gateway.payments

    def number(since: datetime, until: datetime | None = None) -> int:
        return len(list(payments.list_balance_transactions(since, until)))

    assert (number(at), number(at + second)) == (1, 0)
    assert (number(at - second, at), number(at - second, at + second)) == (0, 1)


def test_each_page_continues_after_the_last_and_asks_for_the_sources() -> None:
    with ScriptedStripe(list_of(MOVED, more=True), list_of(MOVED | {"id": "txn_2"})) as stripe:
        until = AT + timedelta(days=1)
        found = list(payments_of(stripe).list_balance_transactions(AT, until))
    assert [one.id for one in found] == ["txn_1", "txn_2"]
    first = {
        "created[gte]": str(MOMENT),
        "created[lt]": str(MOMENT + 86_400),
        "expand[0]": "data.source",
        "limit": "100",
    }
    assert [call.values() for call in stripe.calls] == [first, first | {"starting_after": "txn_1"}]


def test_an_empty_page_ends_the_list_even_if_more_is_promised() -> None:
    with ScriptedStripe(list_of(more=True)) as stripe:
        assert list(payments_of(stripe).list_balance_transactions(AT)) == []
    assert len(stripe.calls) == 1


def test_a_source_keeps_what_settlement_and_staff_need_and_nothing_of_the_donor() -> None:
    kept: dict[str, Any] = {
        "id": "du_1",
        "object": "dispute",
        "created": MOMENT,
        "status": "needs_response",
        "amount": 2500,
        "amount_refunded": 0,
        "currency": "usd",
        "metadata": {"donation_id": "don_1"},
        "failure_balance_transaction": None,
        "reason": "fraudulent",
        "failure_reason": None,
        "evidence_details": {"due_by": MOMENT},
        "balance_transactions": [],
    }
    expanded = {name: {"id": f"{name}_1"} for name in ("customer", "payment_intent", "charge")}
    donors = {
        "billing_details": {"name": "Ana"},
        "receipt_email": "ana@example.org",
        "evidence": {},
    }
    with ScriptedStripe(MOVED | {"source": kept | expanded | donors}) as stripe:
        found = payments_of(stripe).retrieve_balance_transaction("txn_1")
    assert found.source == kept | {name: f"{name}_1" for name in expanded}
    assert (found.id, found.created, found.amount, found.kind) == ("txn_1", AT, -2500, "refund")
    (call,) = stripe.calls
    assert (call.request, call.values()) == (
        "GET /v1/balance_transactions/txn_1",
        {"expand[0]": "source"},
    )


def test_a_payment_may_have_no_charge_or_one_that_has_not_moved_the_balance() -> None:
    intent = {"id": "pi_1", "created": MOMENT, "status": "processing", "currency": "usd"}
    charge = {"id": "ch_1", "amount": 2500, "currency": "usd", "balance_transaction": None}
    moved = MOVED | {"amount": 2500, "fee": 103}
    answers = (
        intent | {"latest_charge": None},
        intent | {"latest_charge": charge},
        intent | {"latest_charge": charge | {"created": MOMENT + 9, "balance_transaction": moved}},
    )
    with ScriptedStripe(*answers) as stripe:
        none, pending, paid = (payments_of(stripe).retrieve_payment("pi_1") for _ in answers)
    assert (none.intent.status, none.charge, none.balance_transaction) == ("processing", None, None)
    assert pending.charge is not None
    assert (pending.charge.created, pending.balance_transaction) == (AT, None)
    assert paid.charge is not None
    assert paid.charge.created == AT + timedelta(seconds=9)
    assert paid.balance_transaction is not None
    assert (paid.balance_transaction.fee, paid.balance_transaction.source_id) == (103, "ch_1")
    assert stripe.calls[0].values() == {"expand[0]": "latest_charge.balance_transaction"}


def test_the_invoice_of_a_payment_is_asked_for_by_the_payment() -> None:
    invoice = {"id": "in_1", "amount_paid": 2500, "currency": "usd"}
    with ScriptedStripe(
        list_of({"id": "inpay_1", "invoice": invoice}),
        list_of({"id": "inpay_1", "invoice": "in_1"}),
    ) as stripe:
        found = payments_of(stripe).find_invoice_for_payment("pi_1")
        assert payments_of(stripe).find_invoice_for_payment("pi_1") is None, "it was not expanded"
    assert found is not None
    assert found.id == "in_1"
    assert stripe.calls[0].values() == {
        "payment[type]": "payment_intent",
        "payment[payment_intent]": "pi_1",
        "expand[0]": "data.invoice",
        "limit": "1",
    }


def test_what_paid_an_invoice_is_listed_oldest_first() -> None:
    by_hand = {"id": "inpay_1", "invoice": "in_1", "payment": {"payment_record": "pr_1"}}
    by_card = {"id": "inpay_2", "invoice": "in_1", "payment": {"payment_intent": "pi_2"}}
    with ScriptedStripe(list_of(by_hand, by_card)) as stripe:
        found = payments_of(stripe).list_invoice_payments("in_1")
    assert [one.payment_id for one in found] == ["pi_2", "pr_1"]
    assert stripe.calls[0].values() == {"invoice": "in_1", "status": "paid", "limit": "100"}


def test_the_refunds_of_a_payment_have_their_own_times() -> None:
    refunds = [
        {"id": f"re_{n}", "amount": n, "currency": "usd", "created": MOMENT + n, "status": status}
        for n, status in ((1, "succeeded"), (2, "failed"))
    ]
    with ScriptedStripe(list_of(*refunds)) as stripe:
        found = payments_of(stripe).list_refunds("pi_1")
    assert [(one.id, one.status, one.created) for one in found] == [
        ("re_1", "succeeded", AT + timedelta(seconds=1)),
        ("re_2", "failed", AT + timedelta(seconds=2)),
    ]
    assert stripe.calls[0].values() == {"payment_intent": "pi_1", "limit": "100"}


def test_a_dispute_is_read_as_it_is_now() -> None:
    shown = {"id": "du_1", "amount": 2500, "currency": "usd", "created": MOMENT, "status": "won"}
    with ScriptedStripe(shown) as stripe:
        found = payments_of(stripe).retrieve_dispute("du_1")
    assert (found.id, found.status, found.created) == ("du_1", "won", AT)
    assert stripe.calls[0].request == "GET /v1/disputes/du_1"
