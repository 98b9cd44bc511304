"""Charges and the balance: money moves here, for both checkout and renewals.

https://docs.stripe.com/api/charges/object
"""

from sandbox.stripe.errors import CardDeclined
from sandbox.stripe.objects import payments
from sandbox.stripe.objects.cards import CARD_BY_NUMBER, Card
from sandbox.stripe.rules import balance, disputes
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account

Decline = tuple[str, str | None, str]


def charge_card(account: Account, intent: Json, method: Json, *, renewal: bool = False) -> Json:
    """Charge the card behind `method`. Raises CardDeclined after recording the failure."""
    card = CARD_BY_NUMBER[account.notes(method["id"])["number"]]
    decline = card.renewals if renewal else card.decline
    if decline:
        raise fail_charge(account, intent, method, decline, card=card)
    charge = _new_charge(account, intent, method)
    succeed(account, intent, charge)
    return charge


def follow_up(account: Account, charge: Json) -> None:
    """Do what the test card triggers after a charge. Call this after all other events were emitted."""
    card = CARD_BY_NUMBER.get(account.notes(charge["payment_method"])["number"])
    disputes.follow_up(account, charge, card.after if card else None)


def start_debit(account: Account, intent: Json, method: Json) -> Json:
    """Start a bank debit. The charge stays pending until the debit settles or is returned."""
    charge = _new_charge(account, intent, method)
    charge["outcome"] = payments.outcome("authorized")
    account.change(intent, status="processing", payment_method=method["id"], next_action=None)
    account.change(intent, last_payment_error=None, latest_charge=charge["id"])
    account.emit("charge.pending", charge)
    account.emit("payment_intent.processing", intent)
    return charge


def _new_charge(account: Account, intent: Json, method: Json) -> Json:
    charge = payments.charge(intent, method, account.now())
    # Only a payment that was challenged: a renewal of the same card is not.
    if account.notes(method["id"]).get("authenticated"):
        charge["payment_method_details"]["card"]["three_d_secure"] = payments.authenticated()
        account.note(method["id"], authenticated=False)
    charge["receipt_url"] = f"{account.public_url}/receipts/{charge['id']}"
    return account.add(charge)


def succeed(account: Account, intent: Json, charge: Json) -> None:
    """Record a successful charge, with its balance transaction and fee."""
    kind = "charge" if charge["payment_method_details"]["type"] == "card" else "payment"
    transaction = balance.move(
        account,
        kind,
        charge["amount"],
        charge,
        fee=fee(account, kind, balance.in_balance(account, charge["amount"], charge["currency"])),
        category="charge",
        description=charge["description"],
    )
    account.change(
        charge,
        amount_captured=charge["amount"],
        balance_transaction=transaction["id"],
        captured=True,
        outcome=payments.outcome("authorized"),
        paid=True,
        status="succeeded",
    )
    account.emit("charge.succeeded", charge)
    account.change(
        intent,
        amount_received=intent["amount"],
        last_payment_error=None,
        latest_charge=charge["id"],
        next_action=None,
        payment_method=charge["payment_method"],
        status="succeeded",
    )
    account.emit("payment_intent.succeeded", intent)


def fee(account: Account, kind: str, amount: int) -> int:
    """Return the fee in minor units of the balance's currency, rounded half up.

    Cards cost a rate plus a fixed amount, debits a capped rate.
    """
    fees = account.fees
    if kind == "payment":
        return int(min(fees["bank_most"], amount * fees["bank_rate"] + 0.5))
    return int(amount * fees["card_rate"] + fees["card_fixed"] + 0.5)


def fail_charge(
    account: Account,
    intent: Json,
    method: Json,
    decline: Decline,
    *,
    card: Card | None = None,
    charge: Json | None = None,
) -> CardDeclined:
    """Record the decline on charge and intent, and return the error."""
    code, decline_code, message = decline
    charge = charge or _new_charge(account, intent, method)
    blocked = card is not None and card.blocked
    network = "not_sent_to_network" if blocked else "declined_by_network"
    reason = "highest_risk_level" if blocked else decline_code
    account.change(
        charge,
        failure_code=code,
        failure_message=message,
        outcome=payments.outcome("blocked" if blocked else "issuer_declined", reason, network),
        status="failed",
    )
    account.emit("charge.failed", charge)
    fail_intent(account, intent, decline, method=method, charge=charge)
    return CardDeclined(message, code, decline_code, charge=charge["id"], payment_intent=intent)


def fail_intent(
    account: Account, intent: Json, decline: Decline, *, method: Json, charge: Json | None = None
) -> None:
    """Set the intent to require another payment method, with the reason."""
    code, decline_code, message = decline
    error: Json = {"code": code, "message": message, "payment_method": method, "type": "card_error"}
    error["doc_url"] = "https://stripe.com/docs/error-codes/" + code.replace("_", "-")
    if decline_code:
        error["decline_code"] = decline_code
    if charge:
        error["charge"] = charge["id"]
        intent["latest_charge"] = charge["id"]
    account.change(
        intent,
        last_payment_error=error,
        next_action=None,
        payment_method=None,
        status="requires_payment_method",
    )
    account.emit("payment_intent.payment_failed", intent)
