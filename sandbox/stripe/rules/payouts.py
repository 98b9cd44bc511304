"""Payouts of the balance to the newsroom's bank.

https://docs.stripe.com/payouts
"""

from sandbox.stripe.errors import Refused
from sandbox.stripe.objects import money
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account, require


def pay_out(account: Account, currency: str | None = None) -> Json:
    """Pay out everything in that currency, including funds that Stripe would still hold.

    By default that is the settlement currency: a payout is in the currency of the balance that it empties.
    https://docs.stripe.com/api/payouts/object#payout_object-currency
    """
    settlement = account.settlement
    currency = currency or (settlement.currency if settlement else "usd")
    waiting = [
        transaction
        for transaction in account.every("balance_transaction")
        if transaction["currency"] == currency
        and not account.notes(transaction["id"]).get("payout")
    ]
    total = sum(transaction["net"] for transaction in waiting)
    require(total > 0, Refused(f"The balance is {total} {currency}: nothing to pay out."))
    payout = account.add(money.payout(total, currency, account.now()))
    transaction = money.balance_transaction(
        "payout", -total, payout, account.now(), description="STRIPE PAYOUT"
    )
    account.add(transaction)
    for part in (*waiting, transaction):
        account.note(part["id"], payout=payout["id"])
    account.change(payout, balance_transaction=transaction["id"], status="in_transit")
    account.emit("payout.created", payout)
    account.schedule("pay_payout", payout["id"], payout["arrival_date"])
    return payout


def arrive(account: Account, payout: Json) -> Json:
    require(payout["status"] == "in_transit", Refused(f"This payout is {payout['status']}."))
    account.unschedule("pay_payout", payout["id"])
    account.change(payout, status="paid", reconciliation_status="completed")
    account.emit("payout.paid", payout)
    account.emit("payout.reconciliation_completed", payout)
    return payout


def fail(account: Account, payout: Json) -> Json:
    """Fail the payout: the bank rejects it, and the money returns to the balance."""
    require(payout["status"] == "in_transit", Refused(f"This payout is {payout['status']}."))
    account.unschedule("pay_payout", payout["id"])
    # https://docs.stripe.com/reports/reporting-categories
    transaction = money.balance_transaction(
        "payout_failure",
        payout["amount"],
        payout,
        account.now(),
        category="payout_reversal",
        description="PAYOUT FAILURE",
    )
    account.add(transaction)
    account.change(
        payout,
        failure_balance_transaction=transaction["id"],
        failure_code="account_closed",
        failure_message="The bank account has been closed.",
        status="failed",
    )
    account.emit("payout.failed", payout)
    return payout
