"""What people do beside the application's form: Payment Links, and customers, subscriptions, invoices in the dashboard.

https://docs.stripe.com/payment-links
https://docs.stripe.com/billing/subscriptions/creating
https://docs.stripe.com/invoicing/dashboard
"""

from sandbox.stripe.objects import billing, catalog
from sandbox.stripe.rules import charges, invoices, payment, periods, sessions, subscriptions
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account
from sandbox.stripe.state.identifiers import new_id

CARD = "4242424242424242"


def pay_link(
    account: Account, price: Json, instrument: payment.Instrument, metadata: Json, name: str
) -> Json:
    """Let somebody pay by a Payment Link. `price`: currency, unit_amount, recurring. `name`: of the product.

    Each visit is a checkout session that names the link, with the link's metadata. Of a one-time payment they are not
    copied to the payment intent: https://docs.stripe.com/payment-links/customize (metadata).
    """
    data = {**price, "product_data": {"name": name}}
    recurring = bool(price.get("recurring"))
    params = {
        "mode": "subscription" if recurring else "payment",
        "line_items": [{"price_data": data, "quantity": 1}],
        "metadata": metadata,
        "success_url": "https://stripe.com",
    }
    session = sessions.create(account, params)
    account.change(session, payment_link=new_id("plink_"))
    if payment.pay(account, session, instrument) == "challenge":
        payment.answer_challenge(account, session, passed=True)
    return session


def charge_customer(
    account: Account, amount: int, currency: str, who: Json, **more: object
) -> Json:
    """Charge a card in the dashboard ("Create payment"). `more`: description, metadata."""
    customer, method = customer_with_card(account, who)
    intent = invoices.recurring_intent(
        account, amount, {"customer": customer["id"], "currency": currency}, ""
    )
    account.change(intent, setup_future_usage=None, **{"description": None, **more})
    charges.charge_card(account, intent, method)
    return intent


def customer_with_card(account: Account, who: Json) -> tuple[Json, Json]:
    """Return a new customer with a saved card. `who`: email, name, card."""
    customer = account.add(
        catalog.customer(who.get("email"), who.get("name"), account.now(), locale=None)
    )
    account.emit("customer.created", customer)
    instrument = payment.Instrument(
        who.get("card") or CARD, who.get("email") or "", who.get("name") or ""
    )
    method = payment.create_method(account, instrument)
    account.change(method, customer=customer["id"])
    account.emit("payment_method.attached", method)
    return customer, method


def subscribe(account: Account, price: Json, who: Json, metadata: Json) -> Json:
    """Create a subscription in the dashboard for a new customer, and charge its first invoice.

    It is incomplete until its first invoice is paid: https://docs.stripe.com/billing/subscriptions/overview
    """
    customer, method = customer_with_card(account, who)
    now = account.now()
    product = account.add(catalog.product({"name": "Monthly donation"}, now, active=True))
    priced = account.add(catalog.price(price, product["id"], now, active=True))
    begun = billing.subscription(
        customer["id"], price["currency"], now, metadata, default_payment_method=method["id"]
    )
    recurring = priced["recurring"]
    end = periods.after(now, recurring["interval"], recurring["interval_count"])
    begun["items"]["data"] = [billing.subscription_item(priced, 1, begun["id"], now, end)]
    account.add(begun)
    account.emit("customer.subscription.created", begun)
    invoice = invoices.draft(account, begun, "subscription_create")
    intent = invoices.finalize(account, invoice)
    if intent is not None:
        charges.charge_card(account, intent, method)
        invoices.mark_paid(account, invoice)
    previous = account.change(begun, status="active")
    account.emit("customer.subscription.updated", begun, previous)
    account.schedule("renew", begun["id"], end)
    return begun


def bill(account: Account, amount: int, currency: str, who: Json) -> Json:
    """Send a one-off invoice from the dashboard. It stays open until it is paid."""
    customer, _ = customer_with_card(account, who)
    made = billing.manual_invoice(customer, amount, currency, account.now())
    account.add(made)
    account.emit("invoice.created", made)
    invoices.finalize(account, made)
    return made


def pay_part(account: Account, invoice: Json, amount: int, card: str = CARD) -> Json:
    """Pay `amount` of an open invoice by a payment of its own, and return its payment intent.

    https://docs.stripe.com/invoicing/partial-payments
    """
    instrument = payment.Instrument(card, invoice["customer_email"] or "", "")
    method = payment.create_method(account, instrument)
    intent = invoices.recurring_intent(account, amount, invoice, "Payment for Invoice")
    charges.charge_card(account, intent, method)
    paid = account.add(billing.invoice_payment(invoice, intent, account.now()))
    account.change(paid, is_default=False, amount_requested=amount)
    invoices.settle_part(account, invoice, paid, amount)
    _activate(account, invoice)
    return intent


def pay_outside(account: Account, invoice: Json, amount: int | None = None) -> Json:
    """Mark an open invoice, or a part of it, as paid outside Stripe: no charge, no balance transaction.

    Since 2025-03-31.basil `amount_paid` includes it and a payment record stands for it:
    https://docs.stripe.com/changelog/basil/2025-03-31/add-support-for-multiple-partial-payments-on-invoices
    """
    record = {"type": "payment_record", "payment_record": new_id("pr_")}
    paid = billing.invoice_payment(invoice, {"id": ""}, account.now())
    paid.update(payment=record, is_default=False)
    account.add(paid)
    invoices.settle_part(account, invoice, paid, amount or invoice["amount_remaining"])
    _activate(account, invoice)
    return invoice


def _activate(account: Account, invoice: Json) -> None:
    if invoice["status"] == "paid" and invoice["parent"]:
        subscription = subscriptions.for_invoice(account, invoice)
        if subscription["status"] in ("past_due", "incomplete"):
            previous = account.change(subscription, status="active")
            account.emit("customer.subscription.updated", subscription, previous)


def give_credit(account: Account, customer: Json, amount: int) -> Json:
    """Give a customer credit that later invoices use up first. A negative balance is the customer's money.

    https://docs.stripe.com/billing/customer/balance
    """
    account.change(customer, balance=customer["balance"] - amount)
    account.emit("customer.updated", customer)
    return customer
