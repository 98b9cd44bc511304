"""Subscriptions: created by checkout, updated, canceled. Their renewals are in `renewals`.

https://docs.stripe.com/billing/subscriptions/overview
"""

from sandbox.stripe.errors import Refused, missing, unsupported
from sandbox.stripe.objects import billing, catalog
from sandbox.stripe.rules import invoices, periods
from sandbox.stripe.state import Json, copied
from sandbox.stripe.state.account import Account, require

ENDED = ("canceled", "incomplete_expired")


def begin(
    account: Account, session: Json, customer: Json, intent: Json, method: Json, *, paid: bool
) -> Json:
    """Create a session's subscription and first invoice, once `intent` has paid it or its bank debit is processing.

    Before, there is neither: https://docs.stripe.com/changelog/basil/2025-03-31/checkout-legacy-subscription-upgrade
    """
    notes, now = account.notes(session["id"]), account.now()
    params = notes["subscription_data"]
    begun = billing.subscription(
        customer["id"],
        session["currency"],
        now,
        dict(params.get("metadata", {})),
        default_payment_method=method["id"],
        description=params.get("description"),
        status="active",
    )
    begun["items"]["data"] = [_item(line, begun["id"], now) for line in notes["line_items"]]
    account.add(begun)
    account.change(method, customer=customer["id"])
    account.emit("payment_method.attached", method)
    invoice = invoices.draft(account, begun, "subscription_create")
    invoices.finalize(account, invoice, intent)
    if paid:
        invoices.mark_paid(account, invoice)
    account.emit("customer.subscription.created", begun)
    account.schedule("renew", begun["id"], period_end(begun))
    return begun


def _item(line: Json, subscription_id: str, now: int) -> Json:
    recurring = line["price"]["recurring"]
    end = periods.after(now, recurring["interval"], recurring["interval_count"])
    return billing.subscription_item(line["price"], line["quantity"], subscription_id, now, end)


def for_invoice(account: Account, invoice: Json) -> Json:
    details = invoice["parent"]["subscription_details"]
    return account.get("subscription", details["subscription"])


def period_end(subscription: Json) -> int:
    return subscription["items"]["data"][0]["current_period_end"]


def payment_succeeded(account: Account, intent: Json) -> None:
    """Mark the intent's invoice as paid, if it has one, and reactivate the subscription."""
    invoice = invoices.invoice_paid_by(account, intent)
    if invoice and invoice["status"] == "open":
        invoices.mark_paid(account, invoice)
        if invoice["parent"] is None:
            return
        subscription = for_invoice(account, invoice)
        if subscription["status"] == "past_due":
            previous = account.change(subscription, status="active")
            account.emit("customer.subscription.updated", subscription, previous)


def payment_failed(account: Account, intent: Json) -> None:
    """Record a failed attempt to pay an invoice. It is retried, or the subscription is canceled."""
    invoice = invoices.invoice_paid_by(account, intent)
    if invoice is None:
        return
    again = invoices.mark_failed(account, invoice)
    if invoice["parent"] is None:
        return
    subscription = for_invoice(account, invoice)
    if not again:
        end(account, subscription, reason="payment_failed")
    elif subscription["status"] == "active":
        previous = account.change(subscription, status="past_due")
        account.emit("customer.subscription.updated", subscription, previous)


def end(account: Account, subscription: Json, reason: str = "cancellation_requested") -> Json:
    """Cancel immediately."""
    if subscription["status"] in ENDED:
        raise missing("subscription", subscription["id"])
    now = account.now()
    account.unschedule("renew", subscription["id"])
    account.unschedule("resume_collection", subscription["id"])
    latest = account.find(subscription["latest_invoice"], "invoice")
    if latest and latest["status"] == "open":
        account.unschedule("retry_invoice", latest["id"])
        account.change(latest, auto_advance=False, next_payment_attempt=None)
    account.change(
        subscription,
        canceled_at=subscription["canceled_at"] or now,
        cancellation_details={**subscription["cancellation_details"], "reason": reason},
        ended_at=now,
        status="canceled",
    )
    account.emit("customer.subscription.deleted", subscription)
    return subscription


def cancel(account: Account, subscription: Json, params: Json) -> Json:
    """Cancel with `cancellation_details`, as the API's DELETE does."""
    details = params.get("cancellation_details", {})
    subscription["cancellation_details"] = {**subscription["cancellation_details"], **details}
    return end(account, subscription)


def update(account: Account, subscription: Json, params: Json) -> Json:
    """Apply all changes or none, and emit one event with the previous values."""
    if subscription["status"] in ENDED:
        message = "A canceled subscription can only update its cancellation_details and metadata."
        require(set(params) <= {"metadata", "cancellation_details"}, Refused(message))
    before = copied(subscription)
    if "items" in params:
        _change_items(account, subscription, params)
    _change_members(subscription, params)
    if "pause_collection" in params:
        _pause(account, subscription, params["pause_collection"])
    if "cancel_at" in params:
        _cancel_at(account, subscription, params["cancel_at"])
    if "cancel_at_period_end" in params:
        _cancel_later(account, subscription, at_end=params["cancel_at_period_end"])
    previous = {name: value for name, value in before.items() if subscription[name] != value}
    account.save(subscription)
    if previous:
        account.emit("customer.subscription.updated", subscription, previous)
    return subscription


def _change_members(subscription: Json, params: Json) -> None:
    """Change members that have no further effect."""
    if "metadata" in params:
        subscription["metadata"] = merged(subscription["metadata"], params["metadata"])
    for name in ("description", "default_payment_method"):
        if name in params:
            subscription[name] = params[name]
    if "cancellation_details" in params:
        subscription["cancellation_details"].update(params["cancellation_details"])


def merged(metadata: Json, params: Json | None) -> Json:
    """Merge metadata like Stripe: add keys, remove keys with empty values; None removes all keys."""
    if params is None:
        return {}
    return {key: value for key, value in {**metadata, **params}.items() if value != ""}


def _pause(account: Account, subscription: Json, params: Json | None) -> None:
    account.unschedule("resume_collection", subscription["id"])
    paused = (
        {"behavior": params["behavior"], "resumes_at": params.get("resumes_at")} if params else None
    )
    subscription["pause_collection"] = paused
    if paused and paused["resumes_at"]:
        account.schedule("resume_collection", subscription["id"], paused["resumes_at"])


def _cancel_later(account: Account, subscription: Json, *, at_end: bool) -> None:
    details = subscription["cancellation_details"]
    subscription.update(
        cancel_at=period_end(subscription) if at_end else None,
        cancel_at_period_end=at_end,
        canceled_at=account.now() if at_end else None,
        cancellation_details={**details, "reason": "cancellation_requested" if at_end else None},
    )


def _cancel_at(account: Account, subscription: Json, moment: int | None) -> None:
    """Cancel at a date, or no longer: https://docs.stripe.com/billing/subscriptions/cancel#schedule-cancellations.

    Here it ends with the first period that begins at that date or later; Stripe also ends it within a period.
    """
    _cancel_later(account, subscription, at_end=False)
    if moment is not None:
        details = {**subscription["cancellation_details"], "reason": "cancellation_requested"}
        subscription.update(
            cancel_at=moment, canceled_at=account.now(), cancellation_details=details
        )


def _change_items(account: Account, subscription: Json, params: Json) -> None:
    items = {item["id"]: item for item in subscription["items"]["data"]}
    for place, change in enumerate(params["items"]):
        where = f"items[{place}]"
        if change.get("id") not in items:
            if "id" in change:
                raise missing("subscription_item", change["id"], f"{where}[id]")
            raise unsupported("adding an item to a subscription", f"{where}[id]")
        item = items[change["id"]]
        if "price" in change or "price_data" in change:
            _reprice(account, item, change, where)
        item["quantity"] = change.get("quantity", item["quantity"])
        item["metadata"] = merged(item["metadata"], change.get("metadata", {}))


def _reprice(account: Account, item: Json, change: Json, where: str) -> None:
    if "price" in change:
        priced = account.get("price", change["price"], f"{where}[price]")
    else:
        data = change["price_data"]
        product = account.get("product", data["product"], f"{where}[price_data][product]")
        priced = account.add(catalog.price(data, product["id"], account.now()))
    old, new = item["price"]["recurring"], priced["recurring"]
    message = "The price must be recurring and in the subscription's currency."
    same = new and priced["currency"] == item["price"]["currency"]
    require(same, Refused(message, param=f"{where}[price]"))
    if (old["interval"], old["interval_count"]) != (new["interval"], new["interval_count"]):
        raise unsupported("changing a subscription's interval", f"{where}[price_data][recurring]")
    item.update(price=priced, plan=catalog.plan(priced))
