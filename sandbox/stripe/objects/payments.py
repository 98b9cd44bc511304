"""Payment methods, intents and charges.

https://docs.stripe.com/api/payment_intents/object
https://docs.stripe.com/api/charges/object
"""

from sandbox.stripe.objects import unset
from sandbox.stripe.objects.cards import BANK_ROUTING, Card
from sandbox.stripe.state import Json
from sandbox.stripe.state.identifiers import new_id


def payment_method(details: Json, billing: Json, created: int) -> Json:
    """Return a payment method. `details` is {"card": {…}} or {"us_bank_account": {…}}; `billing` whose it is."""
    (kind,) = details
    return {
        "id": new_id("pm_"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": billing,
        **details,
        "created": created,
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": kind,
    }


def card_of_method(card: Card, exp_month: int, exp_year: int, address: Json | None = None) -> Json:
    """Return a card. A part of the address that was not entered is not checked: https://docs.stripe.com/disputes/avs."""
    entered = address or {}
    return {
        "card": {
            "brand": card.brand,
            "checks": {
                "address_line1_check": "pass" if entered.get("line1") else None,
                "address_postal_code_check": "pass" if entered.get("postal_code") else None,
                "cvc_check": "pass",
            },
            "country": "US",
            "display_brand": card.brand,
            "exp_month": exp_month,
            "exp_year": exp_year,
            "fingerprint": f"sandbox{card.number[-9:]}",
            "funding": "credit",
            "generated_from": None,
            "last4": card.number[-4:],
            "networks": {"available": [card.brand], "preferred": None},
            "regulated_status": "unregulated",
            "three_d_secure_usage": {"supported": True},
            "wallet": None,
        }
    }


def bank_of_method(number: str) -> Json:
    return {
        "us_bank_account": {
            "account_holder_type": "individual",
            "account_type": "checking",
            "bank_name": "STRIPE TEST BANK",
            "financial_connections_account": None,
            "fingerprint": f"sandbox{number[-9:]}",
            "last4": number[-4:],
            "networks": {"preferred": "ach", "supported": ["ach"]},
            "routing_number": BANK_ROUTING,
            "status_details": None,
        }
    }


def payment_intent(amount: int, currency: str, created: int, **more: object) -> Json:
    """Return an intent without a payment method. `more`: customer, description, metadata, setup_future_usage."""
    name = new_id("pi_")
    return {
        **_UNSET_INTENT,
        "id": name,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "capture_method": "automatic_async",
        "client_secret": f"{name}_secret_{new_id('')}",
        "confirmation_method": "automatic",
        "created": created,
        "currency": currency,
        "livemode": False,
        "metadata": {},
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card", "us_bank_account"],
        "status": "requires_payment_method",
        **more,
    }


def charge(intent: Json, method: Json, created: int) -> Json:
    """Return a pending charge of `intent`. The rules in `charges` set its outcome."""
    details = method[method["type"]]
    return {
        **_UNSET_CHARGE,
        "id": new_id("ch_" if method["type"] == "card" else "py_"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": "SANDBOX",
        "captured": False,
        "created": created,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "fraud_details": {},
        "livemode": False,
        "metadata": dict(intent["metadata"]),
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": _charged_with(method["type"], details, intent["amount"]),
        "radar_options": {},
        "receipt_email": intent["receipt_email"],
        "refunded": False,
        "status": "pending",
    }


def _charged_with(kind: str, details: Json, amount: int) -> Json:
    if kind == "us_bank_account":
        shown = ("account_holder_type", "account_type", "bank_name", "fingerprint", "last4")
        bank = {name: details[name] for name in (*shown, "routing_number")}
        return {kind: {**bank, "mandate": None, "payment_reference": None}, "type": kind}
    known = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding")
    card = {name: details[name] for name in (*known, "last4", "regulated_status", "wallet")}
    more = {
        "amount_authorized": amount,
        "authorization_code": "123456",
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network": details["brand"],
        "network_token": {"used": False},
        "network_transaction_id": "104102978678771",
        "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
        "three_d_secure": None,
    }
    return {kind: {**card, **more}, "type": kind}


def authenticated() -> Json:
    """Return a passed 3-D Secure challenge, as a charge shows it.

    https://docs.stripe.com/api/charges/object#charge_object-payment_method_details-card-three_d_secure
    """
    return {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": new_id("sandbox-"),
        "version": "2.2.0",
    }


def outcome(kind: str, reason: str | None = None, network: str = "approved_by_network") -> Json:
    blocked = kind == "blocked"
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": network,
        "reason": reason,
        "risk_level": "highest" if blocked else "normal",
        "risk_score": 97 if blocked else 12,
        "seller_message": "Payment complete."
        if kind == "authorized"
        else "The payment was declined.",
        "type": kind,
    }


_UNSET_INTENT: Json = unset(
    """application application_fee_amount automatic_payment_methods canceled_at
    cancellation_reason customer customer_account description excluded_payment_method_types
    last_payment_error latest_charge managed_payments next_action on_behalf_of payment_method
    payment_method_configuration_details processing receipt_email review setup_future_usage
    shipping source statement_descriptor statement_descriptor_suffix transfer_data
    transfer_group"""
)


_UNSET_CHARGE: Json = unset(
    """application application_fee application_fee_amount balance_transaction
    failure_balance_transaction failure_code failure_message on_behalf_of outcome
    presentment_details receipt_number receipt_url review shipping source source_transfer
    statement_descriptor statement_descriptor_suffix transfer_data transfer_group"""
)
