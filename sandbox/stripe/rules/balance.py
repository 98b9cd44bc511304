"""The account's balance: each movement in the currency in which the account settles, with its exchange rate.

https://docs.stripe.com/currencies/conversions
https://docs.stripe.com/api/balance_transactions/object (amount, currency, exchange_rate)
"""

from sandbox.stripe.objects import money
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account


def in_balance(account: Account, amount: int, currency: str) -> int:
    """Return what `amount` in `currency` becomes in the balance. Stripe's fee is a part of that.

    https://docs.stripe.com/currencies/conversions#conversion-fees
    """
    settlement = account.settlement
    if settlement and settlement.converts(currency):
        return settlement.convert(amount, currency)
    return amount


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
    made = money.balance_transaction(
        kind,
        amount,
        source,
        account.now(),
        fee=fee,
        fee_description=fee_description,
        category=category,
        description=description,
        settlement=account.settlement,
    )
    if settled and made["exchange_rate"] is not None:
        made.update(amount=amount, net=amount - fee, exchange_rate=None)
    return account.add(made)
