"""Bank debits after checkout: they settle, fail or are returned."""

from datetime import UTC, datetime, timedelta

from sandbox.stripe.errors import Refused
from sandbox.stripe.objects import money
from sandbox.stripe.rules import charges, subscriptions
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account, require

BUSINESS_DAYS = 4
_SATURDAY = 5


def schedule(account: Account, intent: Json, failure: tuple[str, str] | None) -> None:
    """Schedule the debit to settle after four business days, or to fail with `failure` (code, message)."""
    account.note(intent["id"], failure=failure)
    account.schedule("settle_debit", intent["id"], after_business_days(account.now()))


def after_business_days(now: int) -> float:
    day, left = datetime.fromtimestamp(now, UTC), BUSINESS_DAYS
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < _SATURDAY
    return day.timestamp()


def settle_scheduled(account: Account, intent: Json) -> Json:
    return settle(account, intent, account.notes(intent["id"]).get("failure"))


def settle(account: Account, intent: Json, failure: tuple[str, str] | None = None) -> Json:
    """Settle a debit in progress, or fail it with `failure`."""
    message = f"PaymentIntent {intent['id']} is {intent['status']}: no debit is in progress."
    require(intent["status"] == "processing", Refused(message))
    account.unschedule("settle_debit", intent["id"])
    charge = account.get("charge", intent["latest_charge"])
    session = account.find(account.notes(intent["id"]).get("session"), "checkout.session")
    if failure:
        method = account.get("payment_method", charge["payment_method"])
        decline = (failure[0], None, failure[1])
        charges.fail_charge(account, intent, method, decline, charge=charge)
        subscriptions.payment_failed(account, intent)
        if session:
            account.emit("checkout.session.async_payment_failed", session)
        return intent
    charges.succeed(account, intent, charge)
    subscriptions.payment_succeeded(account, intent)
    if session and session["status"] == "complete":
        account.change(session, payment_status="paid")
        account.emit("checkout.session.async_payment_succeeded", session)
    return intent


def return_debit(account: Account, charge: Json, failure: tuple[str, str]) -> Json:
    """Return a debit that had succeeded: the money leaves the balance.

    https://docs.stripe.com/reports/balance-transaction-types: `payment_failure_refund`.
    """
    debit = charge["payment_method_details"]["type"] != "card"
    message = f"Charge {charge['id']} is not a debit that has succeeded."
    require(debit and charge["status"] == "succeeded", Refused(message))
    # https://docs.stripe.com/reports/reporting-categories
    transaction = money.balance_transaction(
        "payment_failure_refund",
        -charge["amount"],
        charge,
        account.now(),
        category="charge_failure",
        settlement=account.settlement,
    )
    account.add(transaction)
    account.change(charge, failure_balance_transaction=transaction["id"], paid=False)
    intent = account.get("payment_intent", charge["payment_intent"])
    method = account.get("payment_method", charge["payment_method"])
    account.change(intent, amount_received=0)
    charges.fail_charge(account, intent, method, (failure[0], None, failure[1]), charge=charge)
    return charge
