"""Balance transactions, refunds, disputes, payouts and early fraud warnings.

https://docs.stripe.com/api/balance_transactions/object and the pages of the other objects beside it
"""

from sandbox.stripe.state import Json
from sandbox.stripe.state.identifiers import new_id
from sandbox.stripe.state.settlement import Settlement

DAY = 86_400


def balance_transaction(
    kind: str,
    amount: int,
    source: Json,
    created: int,
    *,
    fee: int = 0,
    fee_description: str = "Stripe processing fees",
    category: str | None = None,
    description: str | None = None,
    settlement: Settlement | None = None,
) -> Json:
    """Return a balance transaction. `amount` is signed, `fee` goes to Stripe, `net` is the difference.

    `amount` is in the currency of `source`, `fee` in the balance's. With a `settlement` that converts, both of the
    object's are in its currency.
    """
    currency, rate = source["currency"], None
    if settlement and settlement.converts(currency):
        amount, rate = settlement.convert(amount, currency), settlement.exchange_rate(currency)
        currency = settlement.currency
    details = {
        "amount": fee,
        "application": None,
        "currency": currency,
        "description": fee_description,
        "type": "stripe_fee",
    }
    return {
        "id": new_id("txn_"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": created + 2 * DAY if amount > 0 else created,
        "balance_type": "payments",
        "created": created,
        "currency": currency,
        "description": description,
        "exchange_rate": rate,
        "fee": fee,
        "fee_details": [details] if fee else [],
        "net": amount - fee,
        "reporting_category": category or kind,
        "source": source["id"],
        "status": "pending" if amount > 0 else "available",
        "type": kind,
    }


def refund(charge: Json, amount: int, created: int, **more: object) -> Json:
    """Return a refund. It has succeeded unless `more` overrides its status."""
    card = charge["payment_method_details"]["type"] == "card"
    destination = {
        "card": {"reference_status": "pending", "reference_type": "acquirer_reference_number"}
        | {"type": "refund"},
        "type": "card",
    }
    return {
        "id": new_id("re_" if card else "pyr_"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": created,
        "currency": charge["currency"],
        "customer": charge["customer"],
        "customer_account": None,
        "destination_details": destination if card else {"type": "us_bank_transfer"},
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
        **more,
    }


def dispute(charge: Json, amount: int, created: int, *, reason: str, case_type: str) -> Json:
    """Return a dispute. `case_type` is a card's: inquiry, chargeback or resolution; a bank debit's is always lost."""
    code = "10.4" if reason == "fraudulent" else "13.1"
    card = charge["payment_method_details"].get("card")
    return {
        "id": new_id("du_"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": created,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": created + 9 * DAY if card and case_type != "resolution" else None,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": case_type == "inquiry",
        "livemode": False,
        "metadata": {},
        "network_reason_code": code if card else None,
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {
            "card": {
                "brand": card["brand"],
                "case_type": case_type,
                "network": card["brand"],
                "network_reason_code": code,
            },
            "type": "card",
        }
        if card
        else None,
        "reason": reason,
        "status": _FIRST_STATUS[case_type] if card else "lost",
    }


_FIRST_STATUS = {
    "inquiry": "warning_needs_response",
    "chargeback": "needs_response",
    "resolution": "prevented",
}


_EVIDENCE = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)


def payout(amount: int, currency: str, created: int) -> Json:
    return {
        "id": new_id("po_"),
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": created - created % DAY + 2 * DAY,
        "automatic": True,
        "balance_transaction": None,
        "created": created,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": "ba_sandboxbankaccount",
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "in_progress",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "pending",
        "trace_id": None,
        "type": "bank_account",
    }


def fraud_warning(charge: Json, created: int) -> Json:
    return {
        "id": new_id("issfr_"),
        "object": "radar.early_fraud_warning",
        "actionable": True,
        "charge": charge["id"],
        "created": created,
        "fraud_type": "made_with_stolen_card",
        "livemode": False,
        "payment_intent": charge["payment_intent"],
    }
