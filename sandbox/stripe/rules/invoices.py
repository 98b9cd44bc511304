"""Invoices: draft, finalized, attempted, paid or left open.

https://docs.stripe.com/invoicing/overview
https://docs.stripe.com/billing/revenue-recovery/smart-retries
"""

from sandbox.stripe.objects import billing, payments
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account

DAY = 86_400
RETRIES = (3 * DAY, 5 * DAY, 7 * DAY)
"""Seconds from each failed attempt to the next. After the last attempt the subscription is canceled."""


def draft(account: Account, subscription: Json, reason: str) -> Json:
    customer = account.get("customer", subscription["customer"])
    made = account.add(billing.invoice(subscription, customer, reason, account.now()))
    account.change(subscription, latest_invoice=made["id"])
    account.emit("invoice.created", made)
    return made


def finalize(account: Account, invoice: Json, intent: Json | None = None) -> Json | None:
    """Number the invoice and return the intent that is to pay it, which is created if there is none.

    The customer's credit pays first. If nothing remains due, the invoice is paid and there is no intent:
    https://docs.stripe.com/billing/customer/balance
    """
    now, customer = account.now(), account.get("customer", invoice["customer"])
    sequence = customer["next_invoice_sequence"]
    account.change(customer, next_invoice_sequence=sequence + 1, currency=invoice["currency"])
    address = f"{account.public_url}/invoices/{invoice['id']}"
    account.change(
        invoice,
        effective_at=now,
        hosted_invoice_url=address,
        invoice_pdf=f"{address}.pdf",
        number=f"{customer['invoice_prefix']}-{sequence:04}",
        status="open",
        status_transitions={**invoice["status_transitions"], "finalized_at": now},
    )
    _use_credit(account, invoice, customer)
    if invoice["amount_due"] == 0:
        account.emit("invoice.finalized", invoice)
        _paid(account, invoice)
        return None
    created = intent is None
    if intent is None:
        intent = recurring_intent(account, invoice["amount_due"], invoice, "Subscription update")
    account.note(intent["id"], invoice=invoice["id"])
    payment = account.add(billing.invoice_payment(invoice, intent, now))
    account.note(invoice["id"], intent=intent["id"], payment=payment["id"])
    account.emit("invoice.finalized", invoice)
    if created:
        account.emit("payment_intent.created", intent)
    return intent


def _use_credit(account: Account, invoice: Json, customer: Json) -> None:
    """Apply the customer's balance: credit (negative) lowers what is due, a debt (positive) raises it."""
    before = customer["balance"]
    left = min(0, before + invoice["total"])
    due = max(0, invoice["total"] + before)
    account.change(customer, balance=left)
    account.change(
        invoice,
        starting_balance=before,
        ending_balance=left,
        amount_due=due,
        amount_remaining=due,
    )


def recurring_intent(account: Account, amount: int, payer: Json, description: str) -> Json:
    """Return a new intent whose payment method is kept for renewals. `payer` has a customer and a currency."""
    return account.add(
        payments.payment_intent(
            amount,
            payer["currency"],
            account.now(),
            customer=payer["customer"],
            description=description,
            setup_future_usage="off_session",
        )
    )


def intent_for(account: Account, invoice: Json) -> Json | None:
    return account.find(account.notes(invoice["id"]).get("intent"), "payment_intent")


def invoice_paid_by(account: Account, intent: Json) -> Json | None:
    """Return the invoice that `intent` pays, or None."""
    return account.find(account.notes(intent["id"]).get("invoice"), "invoice")


def mark_paid(account: Account, invoice: Json) -> None:
    """Record that the invoice's own payment intent paid all that remained."""
    payment = account.get("invoice_payment", account.notes(invoice["id"])["payment"])
    account.change(invoice, attempt_count=invoice["attempt_count"] + 1)
    settle_part(account, invoice, payment, invoice["amount_remaining"])


def settle_part(account: Account, invoice: Json, payment: Json, amount: int) -> None:
    """Record that `payment` paid `amount` of an open invoice, which is paid once nothing remains.

    Stripe keeps the default payment at the amount that remains, and cancels it when others have paid:
    https://docs.stripe.com/invoicing/partial-payments
    """
    now = account.now()
    account.change(
        payment,
        amount_paid=amount,
        status="paid",
        status_transitions={"canceled_at": None, "paid_at": now},
    )
    account.change(
        invoice,
        amount_paid=invoice["amount_paid"] + amount,
        amount_remaining=max(0, invoice["amount_remaining"] - amount),
    )
    account.emit("invoice_payment.paid", payment)
    default = account.get("invoice_payment", account.notes(invoice["id"])["payment"])
    if default["status"] == "open":
        _adjust_default(account, invoice, default)
    if invoice["amount_remaining"] == 0:
        _paid(account, invoice)


def _adjust_default(account: Account, invoice: Json, default: Json) -> None:
    now, remaining = account.now(), invoice["amount_remaining"]
    intent = account.get("payment_intent", default["payment"]["payment_intent"])
    if remaining:
        account.change(default, amount_requested=remaining)
        account.change(intent, amount=remaining)
        return
    account.change(
        default, status="canceled", status_transitions={"canceled_at": now, "paid_at": None}
    )
    account.change(intent, status="canceled", canceled_at=now, cancellation_reason="automatic")
    account.emit("payment_intent.canceled", intent)


def _paid(account: Account, invoice: Json) -> None:
    now = account.now()
    account.unschedule("retry_invoice", invoice["id"])
    account.change(
        invoice,
        attempted=True,
        next_payment_attempt=None,
        status="paid",
        status_transitions={**invoice["status_transitions"], "paid_at": now},
        webhooks_delivered_at=now,
    )
    account.emit("invoice.paid", invoice)
    account.emit("invoice.payment_succeeded", invoice)


def mark_failed(account: Account, invoice: Json) -> bool:
    """Record a failed attempt. Return True if another one may follow, False if this was the last."""
    attempts = invoice["attempt_count"] + 1
    first = invoice["billing_reason"] == "subscription_create"
    again = None
    if not first and attempts <= len(RETRIES):
        again = account.now() + RETRIES[attempts - 1]
        account.schedule("retry_invoice", invoice["id"], again)
    account.change(invoice, attempt_count=attempts, attempted=True, next_payment_attempt=again)
    account.emit("invoice.payment_failed", invoice)
    return again is not None or first


def void(account: Account, invoice: Json, status: str = "void") -> None:
    """Void an invoice or mark it uncollectible. `status` is void or uncollectible."""
    account.unschedule("retry_invoice", invoice["id"])
    moment = "voided_at" if status == "void" else "marked_uncollectible_at"
    account.change(
        invoice,
        next_payment_attempt=None,
        status=status,
        status_transitions={**invoice["status_transitions"], moment: account.now()},
    )
    intent = intent_for(account, invoice)
    if intent and intent["status"] not in ("succeeded", "canceled"):
        account.change(
            intent, status="canceled", canceled_at=account.now(), cancellation_reason="void_invoice"
        )
        account.emit("payment_intent.canceled", intent)
    account.emit("invoice.voided" if status == "void" else "invoice.marked_uncollectible", invoice)
