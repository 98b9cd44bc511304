"""Disputes, inquiries and early fraud warnings from banks, and how they are closed.

https://docs.stripe.com/disputes/how-disputes-work
"""

from sandbox.stripe.errors import Refused
from sandbox.stripe.objects import money
from sandbox.stripe.rules import balance
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account, require

APPEAL_DAYS = 7
"""How long an appeal can be submitted here; Stripe says it in `evidence_details.due_by`."""


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
    reason: str = "",
    inquiry: bool = False,
    prevented: bool = False,
) -> Json:
    """Open an inquiry, or a dispute that withdraws amount and fee at once. `amount` defaults to all that is left.

    A charge can have several disputes, of parts. A bank debit's is final and lost at once:
    https://docs.stripe.com/payments/ach-direct-debit#disputed-payments. One that is resolved beforehand (`prevented`:
    Visa's rapid dispute resolution) returns the money without a dispute fee:
    https://docs.stripe.com/changelog/basil/2025-08-27/add-preventions-to-dispute.
    """
    card = charge["payment_method_details"]["type"] == "card"
    left = charge["amount"] - charge["amount_refunded"] - _held(account, charge)
    amount = left if amount is None else amount
    require(
        charge["status"] == "succeeded", Refused("Only a charge that succeeded can be disputed.")
    )
    require(card or not (inquiry or prevented), Refused("A bank debit has only final disputes."))
    require(left > 0, Refused("This charge is already disputed."))
    require(0 < amount <= left, Refused("The amount exceeds what is left of the charge."))
    reason = reason or _REASONS[card]
    case_type = _case_type(inquiry=inquiry, prevented=prevented)
    dispute = money.dispute(charge, amount, account.now(), reason=reason, case_type=case_type)
    account.add(dispute)
    account.change(charge, disputed=True)
    account.emit("charge.dispute.created", dispute)
    if not inquiry:
        _withdraw(account, dispute, fee=0 if prevented else int(account.fees["dispute"]))
    if dispute["status"] in ("lost", "prevented"):
        account.emit("charge.dispute.closed", dispute)
    return dispute


_REASONS = {True: "fraudulent", False: "debit_not_authorized"}
"""The usual reason: of a card's dispute, of a bank debit's."""


def _case_type(*, inquiry: bool, prevented: bool) -> str:
    if prevented:
        return "resolution"
    return "inquiry" if inquiry else "chargeback"


def _held(account: Account, charge: Json) -> int:
    """Return what the other disputes of a charge cover, except those that were won or closed."""
    return sum(
        dispute["amount"]
        for dispute in account.every("dispute")
        if dispute["charge"] == charge["id"] and dispute["status"] not in ("won", "warning_closed")
    )


def escalate(account: Account, dispute: Json) -> Json:
    """Turn an inquiry into a dispute, which withdraws the money."""
    require(_is_inquiry(dispute), Refused("Only an inquiry can become a dispute."))
    dispute["payment_method_details"]["card"]["case_type"] = "chargeback"
    previous = account.change(dispute, is_charge_refundable=False, status="needs_response")
    account.emit("charge.dispute.updated", dispute, previous)
    _withdraw(account, dispute, fee=int(account.fees["dispute"]))
    return dispute


def answer(account: Account, dispute: Json) -> Json:
    """Submit evidence, also of an appeal: the bank or the network reviews it."""
    under_review = {
        "needs_response": "under_review",
        "warning_needs_response": "warning_under_review",
        "appeal_needs_response": "appeal_under_review",
    }
    message = f"A dispute that is {dispute['status']} takes no evidence."
    require(dispute["status"] in under_review, Refused(message))
    details = dispute["evidence_details"]
    submitted = {
        **details,
        "has_evidence": True,
        "submission_count": details["submission_count"] + 1,
        "submission_method": "manual",
    }
    status = under_review[dispute["status"]]
    previous = account.change(dispute, status=status, evidence_details=submitted)
    account.emit("charge.dispute.updated", dispute, previous)
    return dispute


def appeal(account: Account, dispute: Json) -> Json:
    """Let the account appeal a lost card dispute, with a deadline of its own. No money moves until it is decided.

    https://docs.stripe.com/disputes/arbitration,
    https://docs.stripe.com/changelog/endive/2026-10-28/evidence-submission-appeal-dispute-decisions
    """
    card = (dispute["payment_method_details"] or {}).get("card")
    require(card and dispute["status"] == "lost", Refused("Only a lost dispute can be appealed."))
    details = {**dispute["evidence_details"], "due_by": account.now() + APPEAL_DAYS * money.DAY}
    previous = account.change(dispute, status="appeal_needs_response", evidence_details=details)
    account.emit("charge.dispute.updated", dispute, previous)
    return dispute


def close(account: Account, dispute: Json, *, won: bool, return_fee: bool = False) -> Json:
    """Close with the bank's decision, or the network's on an appeal. Winning reinstates; an inquiry just closes."""
    over = dispute["status"] in ("won", "lost", "warning_closed", "prevented")
    require(not over, Refused("This dispute is already closed."))
    if _is_inquiry(dispute):
        previous = account.change(dispute, status="warning_closed", is_charge_refundable=True)
        account.change(account.get("charge", dispute["charge"]), disputed=False)
        account.emit("charge.dispute.closed", dispute, previous)
        return dispute
    previous = account.change(dispute, status="won" if won else "lost", is_charge_refundable=won)
    if won:
        _reinstate(account, dispute, return_fee=return_fee)
    account.emit("charge.dispute.closed", dispute, previous)
    return dispute


def adjust(account: Account, dispute: Json, amount: int, category: str | None = None) -> Json:
    """Move a signed amount of the balance's currency again for a dispute: a rounding, an exchange, a fee of its own.

    `category`: dispute, dispute_reversal, fee, …; by default what the sign suggests. The event is the one for money
    that moved, whatever the dispute's status: https://docs.stripe.com/api/events/types ("includes partially …").
    """
    category = category or ("dispute" if amount < 0 else "dispute_reversal")
    require(amount, Refused("An adjustment of nothing.", param="amount"))
    _record(account, dispute, amount, category, description="Adjustment", settled=True)
    if amount < 0:
        account.emit("charge.dispute.funds_withdrawn", dispute)
    else:
        account.emit("charge.dispute.funds_reinstated", dispute)
    return dispute


def _is_inquiry(dispute: Json) -> bool:
    return dispute["status"].startswith("warning_")


def _withdraw(account: Account, dispute: Json, *, fee: int) -> None:
    label = f"Chargeback withdrawal for {dispute['charge']}"
    _record(account, dispute, -dispute["amount"], "dispute", fee=fee, description=label)
    account.emit("charge.dispute.funds_withdrawn", dispute)


def _reinstate(account: Account, dispute: Json, *, return_fee: bool) -> None:
    back = -int(account.fees["dispute"]) if return_fee else 0
    label = f"Chargeback reversal for {dispute['charge']}"
    _record(account, dispute, dispute["amount"], "dispute_reversal", fee=back, description=label)
    account.emit("charge.dispute.funds_reinstated", dispute)


def _record(
    account: Account,
    dispute: Json,
    amount: int,
    category: str,
    *,
    fee: int = 0,
    description: str,
    settled: bool = False,
) -> None:
    """Add a balance transaction; its category says what it is: https://docs.stripe.com/reports/reporting-categories."""
    transaction = balance.move(
        account,
        "adjustment",
        amount,
        dispute,
        settled=settled,
        fee=fee,
        fee_description="Dispute fee",
        category=category,
        description=description,
    )
    account.change(dispute, balance_transactions=[*dispute["balance_transactions"], transaction])
