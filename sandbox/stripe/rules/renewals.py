"""Renewals: when a period ends, bill the next one and retry failed payments.

https://docs.stripe.com/billing/subscriptions/billing-cycle
"""

from sandbox.stripe.errors import CardDeclined
from sandbox.stripe.objects.cards import BANK_BY_NUMBER
from sandbox.stripe.rules import charges, debits, invoices, periods, subscriptions
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account


def renew(account: Account, subscription: Json) -> None:
    """Start the next period and bill it, or cancel the subscription if that was requested.

    Stripe keeps the invoice as a draft for about an hour; here it is finalized and charged at once.
    """
    if subscription["status"] in subscriptions.ENDED:
        return
    cancel_at = subscription["cancel_at"]
    if subscription["cancel_at_period_end"] or (cancel_at and cancel_at <= account.now()):
        subscriptions.end(account, subscription)
        return
    old = [dict(item) for item in subscription["items"]["data"]]
    for item in subscription["items"]["data"]:
        recurring, start = item["price"]["recurring"], item["current_period_end"]
        end = periods.next_end(
            subscription["billing_cycle_anchor"],
            recurring["interval"],
            recurring["interval_count"],
            start,
        )
        item.update(current_period_start=start, current_period_end=end)
    account.save(subscription)
    latest = subscription["latest_invoice"]
    invoice = invoices.draft(account, subscription, "subscription_cycle")
    previous = {"items": {**subscription["items"], "data": old}, "latest_invoice": latest}
    account.emit("customer.subscription.updated", subscription, previous)
    account.schedule("renew", subscription["id"], subscriptions.period_end(subscription))
    _bill(account, subscription, invoice)


def _bill(account: Account, subscription: Json, invoice: Json) -> None:
    paused = subscription["pause_collection"]
    if paused and paused["behavior"] == "keep_as_draft":
        account.change(invoice, auto_advance=False)
        return
    invoices.finalize(account, invoice)
    if paused:
        behavior = paused["behavior"]
        invoices.void(account, invoice, "void" if behavior == "void" else "uncollectible")
        return
    collect(account, invoice)


def collect(account: Account, invoice: Json) -> None:
    """Try to charge an open invoice."""
    if invoice["status"] != "open":
        return
    subscription = subscriptions.for_invoice(account, invoice)
    intent = invoices.intent_for(account, invoice)
    assert intent is not None
    method = account.get("payment_method", subscription["default_payment_method"])
    if method["type"] != "card":
        charges.start_debit(account, intent, method)
        bank = BANK_BY_NUMBER[account.notes(method["id"])["number"]]
        debits.schedule(account, intent, bank.failure)
        return
    try:
        charge = charges.charge_card(account, intent, method, renewal=True)
    except CardDeclined as declined:
        subscriptions.payment_failed(account, intent)
        # Sent in addition to `invoice.payment_failed`, about the attempt that was just counted:
        # https://docs.stripe.com/billing/subscriptions/webhooks#payment-failures
        if declined.members.get("decline_code") == "authentication_required":
            account.emit("invoice.payment_action_required", invoice)
    else:
        subscriptions.payment_succeeded(account, intent)
        charges.follow_up(account, charge)


def resume_collection(account: Account, subscription: Json) -> None:
    previous = account.change(subscription, pause_collection=None)
    account.emit("customer.subscription.updated", subscription, previous)
