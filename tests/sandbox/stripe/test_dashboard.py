"""Payment Links, and what staff make in Stripe's dashboard: payments, subscriptions and invoices."""

from typing import Any

from stripe import StripeClient

from sandbox.stripe import StripeSandbox

DAY = 86_400
RENEWALS_FAIL = "4000000000000341"


def types(sandbox: StripeSandbox, match: str = "*") -> list[str]:
    return [event["type"] for event in sandbox.events(match)]


def payments_of(client: StripeClient, invoice_id: str) -> list[Any]:
    found = client.v1.invoices.retrieve(invoice_id, params={"expand": ["payments"]})
    return list(found.payments.data)


def test_a_payment_link_leaves_a_session_without_our_reference(
    client: StripeClient, sandbox: StripeSandbox
) -> None:
    session = client.v1.checkout.sessions.retrieve(
        sandbox.pay_link(1500, metadata={"fund": "roof"})["id"]
    )
    assert session.payment_link.startswith("plink_")
    assert (session.payment_status, session.client_reference_id) == ("paid", None)
    assert session.metadata.to_dict() == {"fund": "roof"}
    intent = client.v1.payment_intents.retrieve(session.payment_intent)
    assert (intent.status, intent.metadata.to_dict()) == ("succeeded", {})


def test_a_subscription_of_the_dashboard_is_incomplete_until_its_first_invoice_is_paid(
    client: StripeClient, sandbox: StripeSandbox
) -> None:
    made = sandbox.subscribe(5000)
    found = client.v1.subscriptions.retrieve(made["id"])
    assert (found.status, found.metadata.to_dict()) == ("active", {})
    created = next(
        one for one in sandbox.events() if one["type"] == "customer.subscription.created"
    )
    assert created["data"]["object"]["status"] == "incomplete"
    sandbox.advance(days=32)
    paid = client.v1.invoices.list(params={"subscription": made["id"], "status": "paid"})
    assert [one.billing_reason for one in paid.data] == [
        "subscription_cycle",
        "subscription_create",
    ]


def test_parts_pay_an_invoice_and_the_default_payment_is_canceled(
    client: StripeClient, sandbox: StripeSandbox
) -> None:
    """https://docs.stripe.com/invoicing/partial-payments"""
    invoice = sandbox.bill(2000)
    sandbox.pay_part(invoice["id"], 1200)
    assert client.v1.invoices.retrieve(invoice["id"]).amount_remaining == 800
    sandbox.pay_part(invoice["id"], 800)
    found = client.v1.invoices.retrieve(invoice["id"])
    assert (found.status, found.amount_paid, found.amount_remaining) == ("paid", 2000, 0)
    parts = sorted((one.status, one.amount_paid or 0) for one in payments_of(client, invoice["id"]))
    assert parts == [("canceled", 0), ("paid", 800), ("paid", 1200)]


def test_an_invoice_paid_outside_moves_no_balance(
    client: StripeClient, sandbox: StripeSandbox
) -> None:
    invoice = sandbox.bill(2000)
    sandbox.pay_outside(invoice["id"])
    found = client.v1.invoices.retrieve(invoice["id"], params={"expand": ["payments"]})
    assert (found.status, found.amount_paid) == ("paid", 2000)
    kinds = {one.payment.type: one.status for one in found.payments.data}
    assert kinds == {"payment_record": "paid", "payment_intent": "canceled"}
    assert client.v1.balance_transactions.list().data == []


def test_credit_pays_an_invoice_before_the_card(
    client: StripeClient, sandbox: StripeSandbox
) -> None:
    """https://docs.stripe.com/billing/customer/balance"""
    made = sandbox.subscribe(2000)
    sandbox.give_credit(made["customer"], 2500)
    sandbox.advance(days=32)
    sandbox.advance(days=31)
    listed = client.v1.invoices.list(params={"subscription": made["id"]}).data
    paid = [(one.amount_due, one.amount_paid, one.starting_balance) for one in listed]
    assert paid == [(1500, 1500, -500), (0, 0, -2500), (2000, 2000, 0)]
    assert {one.status for one in listed} == {"paid"}


def test_a_failed_renewal_can_be_paid_outside(client: StripeClient, sandbox: StripeSandbox) -> None:
    made = sandbox.subscribe(2000, card=RENEWALS_FAIL)
    sandbox.advance(days=32)
    found = client.v1.subscriptions.retrieve(made["id"])
    assert found.status == "past_due"
    sandbox.pay_outside(found.latest_invoice)
    assert client.v1.subscriptions.retrieve(made["id"]).status == "active"
