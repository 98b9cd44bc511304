"""Subscriptions, their items, invoices and invoice payments.

https://docs.stripe.com/api/subscriptions/object
https://docs.stripe.com/api/invoices/object
"""

from sandbox.stripe.objects import listing, unset
from sandbox.stripe.objects.catalog import plan
from sandbox.stripe.state import Json
from sandbox.stripe.state.identifiers import new_id

_NO_TAX = {"disabled_reason": None, "enabled": False, "liability": None}


def subscription(
    customer_id: str, currency: str, created: int, metadata: Json, **more: object
) -> Json:
    """Return an incomplete subscription without items. `more` overrides members."""
    name = new_id("sub_")
    return {
        **_UNSET_SUBSCRIPTION,
        "id": name,
        "object": "subscription",
        "automatic_tax": _NO_TAX,
        "billing_cycle_anchor": created,
        "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"},
        "billing_schedules": [],
        "cancel_at_period_end": False,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": created,
        "currency": currency,
        "customer": customer_id,
        "default_tax_rates": [],
        "discounts": [],
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": listing([], f"/v1/subscription_items?subscription={name}"),
        "livemode": False,
        "metadata": metadata,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "start_date": created,
        "status": "incomplete",
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        **more,
    }


def subscription_item(
    priced: Json, quantity: int, subscription_id: str, start: int, end: int
) -> Json:
    return {
        "id": new_id("si_"),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": start,
        "current_period_end": end,
        "current_period_start": start,
        "discounts": [],
        "metadata": {},
        "plan": plan(priced),
        "price": priced,
        "quantity": quantity,
        "subscription": subscription_id,
        "tax_rates": [],
    }


def invoice(subscribed: Json, customer: Json, reason: str, created: int) -> Json:
    """Return a draft invoice for the current period of every item of a subscription."""
    name = new_id("in_")
    items = subscribed["items"]["data"]
    lines = [_line(item, name, created) for item in items]
    total = sum(line["amount"] for line in lines)
    details = {"metadata": dict(subscribed["metadata"]), "subscription": subscribed["id"]}
    return {
        **_UNSET_INVOICE,
        **_DRAFT,
        **dict.fromkeys(_ZEROS, 0),
        **{name: [] for name in _LISTS},
        "id": name,
        "object": "invoice",
        "amount_due": total,
        "amount_remaining": total,
        "automatic_tax": {**_NO_TAX, "provider": None, "status": None},
        "billing_reason": reason,
        "created": created,
        "currency": subscribed["currency"],
        "customer": subscribed["customer"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "issuer": {"type": "self"},
        "lines": listing(lines, f"/v1/invoices/{name}/lines"),
        "metadata": {},
        "parent": {
            "quote_details": None,
            "subscription_details": details,
            "type": "subscription_details",
        },
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": None,
            "payment_method_types": None,
        },
        "period_end": created,
        "period_start": created,
        "status_transitions": dict.fromkeys(_TRANSITIONS),
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "total": total,
        "total_excluding_tax": total,
    }


def manual_invoice(customer: Json, amount: int, currency: str, created: int) -> Json:
    """Return a draft invoice that belongs to no subscription, with one line."""
    priced = {"unit_amount": amount, "unit_amount_decimal": str(amount), "currency": currency}
    item = {
        "id": None,
        "quantity": 1,
        "price": {**priced, "id": new_id("price_"), "product": new_id("prod_")},
        "current_period_start": created,
        "current_period_end": created,
        "subscription": None,
    }
    payer = {"id": None, "items": {"data": [item]}, "metadata": {}, "currency": currency}
    made = invoice({**payer, "customer": customer["id"]}, customer, "manual", created)
    made["parent"] = None
    for line in made["lines"]["data"]:
        line["parent"] = {
            "invoice_item_details": {
                "invoice_item": new_id("ii_"),
                "proration": False,
                "proration_details": {"credited_items": None},
                "subscription": None,
            },
            "subscription_item_details": None,
            "type": "invoice_item_details",
        }
    return made


def _line(item: Json, invoice_id: str, created: int) -> Json:
    total = item["price"]["unit_amount"] * item["quantity"]
    period = {"end": item["current_period_end"], "start": item["current_period_start"]}
    source = {
        "invoice_item": None,
        "proration": False,
        "proration_details": {"credited_items": None},
        "subscription": item["subscription"],
        "subscription_item": item["id"],
    }
    named = {"price": item["price"]["id"], "product": item["price"]["product"]}
    return {
        "id": new_id("il_"),
        "object": "line_item",
        "amount": total,
        "currency": item["price"]["currency"],
        "description": None,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": invoice_id,
        "livemode": False,
        "metadata": {},
        "parent": {
            "invoice_item_details": None,
            "subscription_item_details": source,
            "type": "subscription_item_details",
        },
        "period": period if period["end"] else {"end": created, "start": created},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": named,
            "type": "price_details",
            "unit_amount_decimal": item["price"]["unit_amount_decimal"],
        },
        "quantity": item["quantity"],
        "subtotal": total,
        "taxes": [],
    }


def invoice_payment(billed: Json, intent: Json, created: int) -> Json:
    """Return an open invoice payment, by which `intent` is to pay `billed`."""
    return {
        "id": new_id("inpay_"),
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": billed["amount_due"],
        "created": created,
        "currency": billed["currency"],
        "invoice": billed["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }


_DRAFT: Json = {
    "account_country": "US",
    "account_name": "Sandbox",
    "attempted": False,
    "auto_advance": True,
    "collection_method": "charge_automatically",
    "customer_tax_exempt": "none",
    "livemode": False,
    "status": "draft",
}
_ZEROS = (
    "amount_overpaid",
    "amount_paid",
    "amount_shipping",
    "attempt_count",
    "post_payment_credit_notes_amount",
    "pre_payment_credit_notes_amount",
    "starting_balance",
)
_LISTS = (
    "customer_tax_ids",
    "default_tax_rates",
    "discounts",
    "total_discount_amounts",
    "total_pretax_credit_amounts",
    "total_taxes",
)
_TRANSITIONS = ("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")
_UNSET_INVOICE: Json = unset(
    """account_tax_ids application automatically_finalizes_at custom_fields customer_account
    customer_address customer_phone customer_shipping default_payment_method default_source
    description due_date effective_at ending_balance footer from_invoice hosted_invoice_url
    invoice_pdf last_finalization_error latest_revision next_payment_attempt number
    on_behalf_of receipt_number rendering shipping_cost shipping_details statement_descriptor
    test_clock webhooks_delivered_at"""
)


_UNSET_SUBSCRIPTION: Json = unset(
    """application application_fee_percent billing_cycle_anchor_config billing_thresholds
    cancel_at canceled_at customer_account days_until_due default_payment_method
    default_source description ended_at latest_invoice managed_payments next_pending_invoice_item_invoice
    on_behalf_of pause_collection pending_invoice_item_interval pending_setup_intent
    pending_update schedule test_clock transfer_data trial_end trial_start"""
)
