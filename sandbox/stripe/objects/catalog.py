"""Products, prices, customers and line items.

https://docs.stripe.com/api/products/object
https://docs.stripe.com/api/prices/object
"""

from sandbox.stripe.objects import no_address
from sandbox.stripe.state import Json
from sandbox.stripe.state.identifiers import new_id


def product(data: Json, created: int, *, active: bool = False) -> Json:
    """Return a product from `price_data[product_data]`. Products created inline are inactive, as at Stripe."""
    return {
        "id": new_id("prod_"),
        "object": "product",
        "active": active,
        "created": created,
        "default_price": None,
        "description": data.get("description"),
        "images": data.get("images", []),
        "livemode": False,
        "marketing_features": [],
        "metadata": data.get("metadata", {}),
        "name": data["name"],
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": data.get("tax_code"),
        "tax_details": None,
        "type": "service",
        "unit_label": data.get("unit_label"),
        "updated": created,
        "url": None,
    }


def price(data: Json, product_id: str, created: int, *, active: bool = False) -> Json:
    """Return a price from `price_data`: currency, unit_amount, recurring."""
    recurring = data.get("recurring")
    if recurring:
        recurring = {
            "interval": recurring["interval"],
            "interval_count": recurring.get("interval_count", 1),
            "meter": None,
            "trial_period_days": None,
            "usage_type": "licensed",
        }
    return {
        "id": new_id("price_"),
        "object": "price",
        "active": active,
        "billing_scheme": "per_unit",
        "created": created,
        "currency": data["currency"],
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": product_id,
        "recurring": recurring,
        "tax_behavior": data.get("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if recurring else "one_time",
        "unit_amount": data["unit_amount"],
        "unit_amount_decimal": str(data["unit_amount"]),
    }


def plan(priced: Json) -> Json:
    """Return a recurring price in the older format that subscription items still include."""
    return {
        "id": priced["id"],
        "object": "plan",
        "active": priced["active"],
        "amount": priced["unit_amount"],
        "amount_decimal": priced["unit_amount_decimal"],
        "billing_scheme": "per_unit",
        "created": priced["created"],
        "currency": priced["currency"],
        "interval": priced["recurring"]["interval"],
        "interval_count": priced["recurring"]["interval_count"],
        "livemode": False,
        "metadata": {},
        "meter": None,
        "nickname": None,
        "product": priced["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def customer(email: str | None, name: str | None, created: int, locale: str | None) -> Json:
    return {
        "id": new_id("cus_"),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": created,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": email,
        "invoice_prefix": new_id("")[:8].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": name,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [locale] if locale and locale != "auto" else [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def customer_details(email: str | None, name: str | None) -> Json:
    """Return what a checkout session records about the payer."""
    return {
        "address": no_address(),
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": name,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }


def line_item(priced: Json, quantity: int, description: str, metadata: Json) -> Json:
    """Return a line item of a checkout session."""
    total = priced["unit_amount"] * quantity
    return {
        "id": new_id("li_"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": total,
        "amount_tax": 0,
        "amount_total": total,
        "currency": priced["currency"],
        "description": description,
        "metadata": metadata,
        "price": priced,
        "quantity": quantity,
    }
