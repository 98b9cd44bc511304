"""Planted faults that change nothing anyone can see, each with its reason."""

_REFUNDED = "a charge with 0 <= refunded <= amount has no negative amount"
_LOWER = "in the databases' collation a text with capitals is before the same text in lower case"

EQUIVALENT: dict[str, str] = {
    "charge.ck_charge_amount: `0` becomes `-1` after `(((amount >=`": _REFUNDED,
    "charge.ck_charge_amount: without (amount >= 0)": _REFUNDED,
    "receipt.ck_receipt_amount: `=` becomes `<=` after `(((amount >= 0) AND ((amount`": (
        "the other branch refuses what is below 0"
    ),
    "suppression.ck_suppression_email: `=` becomes `>=` after `(((email`": _LOWER,
}
