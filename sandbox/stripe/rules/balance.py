"""The account's balance: each movement in the currency in which the account settles, with its exchange rate.

https://docs.stripe.com/currencies/conversions
https://docs.stripe.com/api/balance_transactions/object (amount, currency, exchange_rate)
"""

from decimal import ROUND_HALF_UP, Decimal

from sandbox.stripe.objects import money
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account

SETTING = "settlement"


def settle_in(account: Account, currency: str | None, rate: float = 1.0) -> None:
    """Settle everything from now on in `currency` at `rate`; None: each payment in its own currency."""
    account.set_setting(SETTING, {"currency": currency, "rate": str(rate)} if currency else None)


def settlement(account: Account, currency: str) -> tuple[str, float | None]:
    """Return the currency in which money in `currency` settles, and the rate; None if it is not exchanged."""
    setting = account.setting(SETTING)
    if not setting or setting["currency"] == currency:
        return currency, None
    return setting["currency"], float(setting["rate"])


def exchanged(amount: int, rate: float | None) -> int:
    """Return `amount` at `rate`, rounded half up: the rate applies to the smallest units, as Stripe documents it."""
    if rate is None:
        return amount
    return int((amount * Decimal(str(rate))).quantize(Decimal(1), ROUND_HALF_UP))


def move(
    account: Account,
    kind: str,
    amount: int,
    source: Json,
    *,
    settled: bool = False,
    fee: int = 0,
    fee_description: str = "Stripe processing fees",
    category: str | None = None,
    description: str | None = None,
) -> Json:
    """Record that `amount` of the source's currency moved, and return the balance transaction.

    `settled`: the amount is in the balance's currency already, such as an adjustment. `fee` always is.
    """
    currency, rate = settlement(account, source["currency"])
    made = money.balance_transaction(
        kind,
        amount if settled else exchanged(amount, rate),
        source,
        account.now(),
        fee=fee,
        fee_description=fee_description,
        category=category,
        description=description,
    )
    made.update(currency=currency, exchange_rate=None if settled else rate)
    for detail in made["fee_details"]:
        detail["currency"] = currency
    return account.add(made)
