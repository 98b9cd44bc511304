"""The members of each kind of object that can be expanded, and their targets. Used by `expansion`.

A target in brackets is a list of that kind, which is included only on request. An empty target may be of
several kinds; the path below it is not checked.

https://docs.stripe.com/expand
"""

from sandbox.stripe.errors import Refused

MAX_DEPTH = 4

_PAYMENT = {"charge": "charge", "payment_intent": "payment_intent"}
_BALANCE_TRANSACTIONS = {
    "balance_transaction": "balance_transaction",
    "failure_balance_transaction": "balance_transaction",
}
TARGETS: dict[str, dict[str, str]] = {
    "balance_transaction": {"source": ""},
    "charge": {
        **_BALANCE_TRANSACTIONS,
        "customer": "customer",
        "payment_intent": "payment_intent",
        "refunds": "[refund]",
    },
    "checkout.session": {
        "customer": "customer",
        "invoice": "invoice",
        "line_items": "[item]",
        "payment_intent": "payment_intent",
        "subscription": "subscription",
    },
    "dispute": _PAYMENT,
    "invoice": {
        "customer": "customer",
        "default_payment_method": "payment_method",
        "payments": "[invoice_payment]",
    },
    "invoice_payment": {"invoice": "invoice"},
    "payment": _PAYMENT,
    "payment_intent": {
        "customer": "customer",
        "latest_charge": "charge",
        "payment_method": "payment_method",
    },
    "payment_method": {"customer": "customer"},
    "payout": _BALANCE_TRANSACTIONS,
    "price": {"product": "product"},
    "price_details": {"price": "price"},
    "radar.early_fraud_warning": _PAYMENT,
    "refund": {**_BALANCE_TRANSACTIONS, **_PAYMENT, "payment_method": "payment_method"},
    "subscription": {
        "customer": "customer",
        "default_payment_method": "payment_method",
        "latest_invoice": "invoice",
    },
    "subscription_details": {"subscription": "subscription"},
}
# Members that are always included and only lead to other members.
_INTERMEDIATE: dict[str, dict[str, str]] = {
    "dispute": {"balance_transactions": "balance_transaction"},
    "invoice": {"lines": "[line_item]", "parent": "parent"},
    "invoice_payment": {"payment": "payment"},
    "item": {"price": "price"},
    "line_item": {"pricing": "pricing"},
    "parent": {"subscription_details": "subscription_details"},
    "pricing": {"price_details": "price_details"},
    "subscription": {"items": "[subscription_item]"},
    "subscription_item": {"price": "price"},
}


def require_expandable(kind: str, path: str) -> None:
    """Raise Refused for a path that Stripe rejects for a response of that kind. `[charge]` is a list."""
    steps = path.split(".")
    if len(steps) - (steps[0] == "data") > MAX_DEPTH:
        raise Refused(
            f"You cannot expand more than {MAX_DEPTH} levels of a property", param="expand"
        )
    expanded = False
    for step in steps:
        if not kind:
            return
        if kind.startswith("["):
            target = kind[1:-1] if step == "data" else None
        elif step in TARGETS.get(kind, {}):
            target, expanded = TARGETS[kind][step], True
        else:
            target, expanded = _INTERMEDIATE.get(kind, {}).get(step), False
        if target is None:
            raise _not_expandable(path)
        kind = target
    if not expanded:
        raise _not_expandable(path)


def _not_expandable(path: str) -> Refused:
    return Refused(f"This property cannot be expanded ({path}).", param="expand")
