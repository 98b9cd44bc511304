"""Subscriptions, their items, invoices and what paid them."""

from sandbox.stripe.objects import listing
from sandbox.stripe.objects.catalog import plan
from sandbox.stripe.state import Json
from sandbox.stripe.state.identifiers import new_id

_NO_TAX = {"disabled_reason": None, "enabled": False, "liability": None}


def subscription(
    customer_id: str, currency: str, created: int, metadata: Json, **more: object
) -> Json:
    """An incomplete subscription without items; `more` overrides members."""
    name = new_id("sub_")
    return {
        "id": name,
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": _NO_TAX,
        "billing_cycle_anchor": created,
        "billing_cycle_anchor_config": None,
        "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible"},
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": created,
        "currency": currency,
        "customer": customer_id,
        "customer_account": None,
        "days_until_due": None,
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "items": listing([], f"/v1/subscription_items?subscription={name}"),
        "latest_invoice": None,
        "livemode": False,
        "metadata": metadata,
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": created,
        "status": "incomplete",
        "test_clock": None,
        "transfer_data": None,
        "trial_end": None,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": None,
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
    """A draft for the current period of every item of a subscription."""
    name = new_id("in_")
    items = subscribed["items"]["data"]
    lines = [_line(item, name, created) for item in items]
    total = sum(line["amount"] for line in lines)
    details = {"metadata": dict(subscribed["metadata"]), "subscription": subscribed["id"]}
    return {
        **_EMPTY,
        "id": name,
        "object": "invoice",
        "account_country": "US",
        "account_name": "Sandbox",
        "amount_due": total,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": total,
        "amount_shipping": 0,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": {**_NO_TAX, "provider": None, "status": None},
        "billing_reason": reason,
        "collection_method": "charge_automatically",
        "created": created,
        "currency": subscribed["currency"],
        "customer": subscribed["customer"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_tax_rates": [],
        "discounts": [],
        "issuer": {"type": "self"},
        "lines": listing(lines, f"/v1/invoices/{name}/lines"),
        "livemode": False,
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
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": 0,
        "status": "draft",
        "status_transitions": dict.fromkeys(_TRANSITIONS),
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "total": total,
        "total_discount_amounts": [],
        "total_excluding_tax": total,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
    }


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
    """The attempt of `intent` to pay `billed`: open until it has."""
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


_TRANSITIONS = ("finalized_at", "marked_uncollectible_at", "paid_at", "voided_at")
_EMPTY: Json = dict.fromkeys(
    (
        "account_tax_ids",
        "application",
        "automatically_finalizes_at",
        "custom_fields",
        "customer_account",
        "customer_address",
        "customer_phone",
        "customer_shipping",
        "default_payment_method",
        "default_source",
        "description",
        "due_date",
        "effective_at",
        "ending_balance",
        "footer",
        "from_invoice",
        "hosted_invoice_url",
        "invoice_pdf",
        "last_finalization_error",
        "latest_revision",
        "next_payment_attempt",
        "number",
        "on_behalf_of",
        "receipt_number",
        "rendering",
        "shipping_cost",
        "shipping_details",
        "statement_descriptor",
        "test_clock",
        "webhooks_delivered_at",
    )
)
