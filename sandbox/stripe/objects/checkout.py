"""Checkout sessions.

https://docs.stripe.com/api/checkout/sessions/object
"""

from sandbox.stripe.objects import unset
from sandbox.stripe.objects.catalog import customer_details
from sandbox.stripe.state import Json
from sandbox.stripe.state.identifiers import new_id


def checkout_session(
    params: Json, total: int, currency: str, created: int, public_url: str
) -> Json:
    """Return an open session for the validated `params`."""
    name = new_id("cs_test_")
    email, guest = params.get("customer_email"), params["mode"] == "payment"
    return {
        **_UNSET,
        **{name: params.get(name) for name in _COPIED_PARAMS},
        "id": name,
        "object": "checkout.session",
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "branding_settings": _BRANDING,
        "created": created,
        "currency": currency,
        "custom_fields": [],
        "custom_text": dict.fromkeys(_TEXTS),
        "customer_creation": params.get("customer_creation", "if_required") if guest else "always",
        "customer_details": customer_details(email, None) if email else None,
        "customer_email": email,
        "discounts": [],
        "expires_at": params.get("expires_at", created + 86_400),
        "invoice_creation": _INVOICE_CREATION if guest else None,
        "livemode": False,
        "metadata": params.get("metadata", {}),
        "mode": params["mode"],
        "payment_method_collection": "if_required" if guest else "always",
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card", "us_bank_account"],
        "payment_status": "unpaid",
        "phone_number_collection": {"enabled": False},
        "shipping_options": [],
        "status": "open",
        "success_url": params["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{public_url}/c/pay/{name}",
    }


_COPIED_PARAMS = (
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "customer",
    "locale",
    "submit_type",
)
_TEXTS = ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
_BRANDING = {
    "background_color": "#ffffff",
    "border_style": "rounded",
    "button_color": "#0074d4",
    "display_name": "Sandbox",
    "font_family": "default",
    "icon": None,
    "logo": None,
}
_INVOICE_CREATION = {
    "enabled": False,
    "invoice_data": {
        "account_tax_ids": None,
        "custom_fields": None,
        "description": None,
        "footer": None,
        "issuer": None,
        "metadata": {},
        "rendering_options": None,
    },
}
_UNSET: Json = unset(
    """collected_information adaptive_pricing after_expiration allow_promotion_codes client_secret consent
    consent_collection currency_conversion customer_account integration_identifier invoice managed_payments
    origin_context payment_intent payment_link payment_method_configuration_details
    permissions recovered_from saved_payment_method_options setup_intent
    shipping_address_collection shipping_cost subscription wallet_options"""
)
