"""Disputes, inquiries and early fraud warnings from banks, and how they are closed.

https://docs.stripe.com/disputes/how-disputes-work
"""

from sandbox.stripe.errors import Refused
from sandbox.stripe.objects import money
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account, require


def follow_up(account: Account, charge: Json, after: str | None) -> None:
    """Do what a test card triggers after its charge succeeded."""
    if after == "fraud_warning":
        warn(account, charge)
    elif after == "inquiry":
        open_dispute(account, charge, inquiry=True)
    elif after == "dispute_fraudulent":
        open_dispute(account, charge)
    elif after == "dispute_not_received":
        open_dispute(account, charge, reason="product_not_received")


def warn(account: Account, charge: Json) -> Json:
    warning = account.add(money.fraud_warning(charge, account.now()))
    account.emit("radar.early_fraud_warning.created", warning)
    return warning


def open_dispute(
    account: Account,
    charge: Json,
    *,
    amount: int | None = None,
    reason: str = "fraudulent",
    inquiry: bool = False,
) -> Json:
    """Open an inquiry, or a dispute that withdraws amount and fee at once. `amount` defaults to all that is left."""
    left = charge["amount"] - charge["amount_refunded"]
    amount = left if amount is None else amount
    require(
        charge["status"] == "succeeded", Refused("Only a charge that succeeded can be disputed.")
    )
    require(
        charge["payment_method_details"]["type"] == "card",
        Refused("This sandbox disputes only card charges."),
    )
    require(not charge["disputed"], Refused("This charge is already disputed."))
    require(0 < amount <= left, Refused("The amount exceeds what is left of the charge."))
    dispute = money.dispute(charge, amount, account.now(), reason=reason, inquiry=inquiry)
    account.add(dispute)
    account.change(charge, disputed=True)
    account.emit("charge.dispute.created", dispute)
    if not inquiry:
        _withdraw(account, dispute)
    return dispute


def escalate(account: Account, dispute: Json) -> Json:
    """Turn an inquiry into a dispute, which withdraws the money."""
    require(_is_inquiry(dispute), Refused("Only an inquiry can become a dispute."))
    dispute["payment_method_details"]["card"]["case_type"] = "chargeback"
    previous = account.change(dispute, is_charge_refundable=False, status="needs_response")
    account.emit("charge.dispute.updated", dispute, previous)
    _withdraw(account, dispute)
    return dispute


def close(account: Account, dispute: Json, *, won: bool, return_fee: bool = False) -> Json:
    """Close with the bank's decision. Winning a dispute reinstates the money; an inquiry just closes."""
    over = dispute["status"] in ("won", "lost", "warning_closed")
    require(not over, Refused("This dispute is already closed."))
    if _is_inquiry(dispute):
        account.change(dispute, status="warning_closed", is_charge_refundable=True)
        account.change(account.get("charge", dispute["charge"]), disputed=False)
        account.emit("charge.dispute.closed", dispute)
        return dispute
    account.change(dispute, status="won" if won else "lost", is_charge_refundable=won)
    if won:
        _reinstate(account, dispute, return_fee=return_fee)
    account.emit("charge.dispute.closed", dispute)
    return dispute


def _is_inquiry(dispute: Json) -> bool:
    return dispute["status"].startswith("warning_")


def _withdraw(account: Account, dispute: Json) -> None:
    _move(account, dispute, -dispute["amount"], int(account.fees["dispute"]), "dispute")
    account.emit("charge.dispute.funds_withdrawn", dispute)


def _reinstate(account: Account, dispute: Json, *, return_fee: bool) -> None:
    back = -int(account.fees["dispute"]) if return_fee else 0
    _move(account, dispute, dispute["amount"], back, "dispute_reversal")
    account.emit("charge.dispute.funds_reinstated", dispute)


def _move(account: Account, dispute: Json, amount: int, fee: int, category: str) -> None:
    label = "Chargeback withdrawal" if amount < 0 else "Chargeback reversal"
    transaction = money.balance_transaction(
        "adjustment",
        amount,
        dispute,
        account.now(),
        fee=fee,
        fee_description="Dispute fee",
        category=category,
        description=f"{label} for {dispute['charge']}",
    )
    account.add(transaction)
    account.change(dispute, balance_transactions=[*dispute["balance_transactions"], transaction])
