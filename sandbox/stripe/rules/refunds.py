"""Refunds: full, partial or repeated, that succeed at once, stay pending, or fail later.

https://docs.stripe.com/refunds
"""

from sandbox.stripe.errors import Refused
from sandbox.stripe.objects import money
from sandbox.stripe.objects.cards import CARD_BY_NUMBER
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account, require

SETTLE_SECONDS = 3_600
"""Seconds until a pending refund succeeds, or a failing refund fails."""


def refund(account: Account, charge: Json, amount: int | None = None, **more: object) -> Json:
    """Refund `amount`, or all that is left. `more`: reason, metadata, status ("pending"), fate."""
    amount = _allowed(account, charge, amount)
    fate = more.pop("fate", None) or _fate(account, charge)
    obj = money.refund(charge, amount, account.now(), **more)
    if fate in ("pending", "pending_fails"):
        obj.update(status="pending", pending_reason="processing")
    account.add(obj)
    account.note(obj["id"], fate=fate)
    _move(account, obj, charge, -amount)
    if fate == "pending":
        account.schedule("settle_refund", obj["id"], account.now() + SETTLE_SECONDS)
    elif fate in ("fails", "pending_fails"):
        account.schedule("fail_refund", obj["id"], account.now() + SETTLE_SECONDS)
    previous = _update_totals(account, charge)
    account.emit("refund.created", obj)
    account.emit("charge.refunded", charge, previous)
    return obj


def _allowed(account: Account, charge: Json, amount: int | None) -> int:
    name, left = charge["id"], charge["amount"] - charge["amount_refunded"]
    require(
        charge["status"] == "succeeded",
        Refused(
            f"Charge {name} has not succeeded and cannot be refunded.", code="charge_not_refundable"
        ),
    )
    require(
        left > 0,
        Refused(f"Charge {name} has already been refunded.", code="charge_already_refunded"),
    )
    require(
        not _charged_back(account, charge),
        Refused(
            f"Charge {name} has been charged back and cannot be refunded.", code="charge_disputed"
        ),
    )
    amount = left if amount is None else amount
    require(
        amount <= left,
        Refused(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})",
            param="amount",
        ),
    )
    return amount


def _charged_back(account: Account, charge: Json) -> bool:
    return any(
        dispute["charge"] == charge["id"] and not dispute["is_charge_refundable"]
        for dispute in account.every("dispute")
    )


def _fate(account: Account, charge: Json) -> str:
    number = account.notes(charge["payment_method"]).get("number", "")
    card = CARD_BY_NUMBER.get(number)
    return (card.refunds if card else "pending") or "succeeds"


def settle(account: Account, obj: Json) -> Json:
    """Let a pending refund succeed."""
    require(
        obj["status"] == "pending", Refused(f"Refund {obj['id']} is {obj['status']}, not pending.")
    )
    account.unschedule("settle_refund", obj["id"])
    account.unschedule("fail_refund", obj["id"])
    previous = account.change(obj, status="succeeded", pending_reason=None)
    _updated(account, obj, previous)
    return obj


def fail(account: Account, obj: Json, reason: str = "expired_or_canceled_card") -> Json:
    """Fail a refund: the money returns to the balance, and the charge is no longer refunded by it."""
    require(
        obj["status"] in ("pending", "succeeded"),
        Refused(f"Refund {obj['id']} is {obj['status']} and cannot fail."),
    )
    account.unschedule("settle_refund", obj["id"])
    account.unschedule("fail_refund", obj["id"])
    charge = account.get("charge", obj["charge"])
    transaction = money.balance_transaction(
        "refund_failure",
        obj["amount"],
        obj,
        account.now(),
        description="REFUND FAILURE",
        settlement=account.settlement,
    )
    account.add(transaction)
    previous = account.change(
        obj,
        status="failed",
        failure_reason=reason,
        failure_balance_transaction=transaction["id"],
        pending_reason=None,
    )
    _update_totals(account, charge)
    account.emit("refund.failed", obj)
    _updated(account, obj, previous)
    return obj


def _updated(account: Account, obj: Json, previous: Json) -> None:
    account.emit("refund.updated", obj, previous)
    account.emit("charge.refund.updated", obj, previous)


def _move(account: Account, obj: Json, charge: Json, amount: int) -> None:
    card = charge["payment_method_details"]["type"] == "card"
    transaction = money.balance_transaction(
        "refund" if card else "payment_refund",
        amount,
        obj,
        account.now(),
        category="refund",
        description="REFUND FOR CHARGE",
        settlement=account.settlement,
    )
    account.add(transaction)
    account.change(obj, balance_transaction=transaction["id"])


def _update_totals(account: Account, charge: Json) -> Json:
    """Update the refund totals of the charge. Return their previous values."""
    gone = sum(
        obj["amount"]
        for obj in account.every("refund")
        if obj["charge"] == charge["id"] and obj["status"] not in ("failed", "canceled")
    )
    return account.change(charge, amount_refunded=gone, refunded=gone == charge["amount"])


def charge_to_refund(account: Account, params: Json) -> Json:
    """Return the charge that a refund request names by `charge` or `payment_intent`. Raises Refused."""
    if "charge" in params:
        return account.get("charge", params["charge"], "charge")
    intent = account.get("payment_intent", params["payment_intent"], "payment_intent")
    charge = account.find(intent["latest_charge"], "charge")
    if charge is None or charge["status"] != "succeeded":
        message = (
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
        )
        raise Refused(message, code="payment_intent_unexpected_state", param="payment_intent")
    return charge
