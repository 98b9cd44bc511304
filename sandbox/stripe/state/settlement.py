"""The currency in which Stripe settles: what a charge becomes in an account that keeps another currency.

https://docs.stripe.com/currencies/conversions: a charge in a currency that the account does not settle in is converted
when it is made, refunds and disputes at the rate of their own day.
https://docs.stripe.com/api/balance_transactions/object#balance_transaction_object-exchange_rate: the `amount` in the
source's currency, multiplied by the rate, is the `amount` in the balance's.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

# https://docs.stripe.com/currencies#zero-decimal and #three-decimal
_DECIMALS = {
    **dict.fromkeys(("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga"), 0),
    **dict.fromkeys(("pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"), 0),
    **dict.fromkeys(("bhd", "jod", "kwd", "omr", "tnd"), 3),
}


@dataclass(frozen=True)
class Settlement:
    """An account's settlement currency, and its rates: units of it for one unit of another currency."""

    currency: str
    rates: dict[str, str]

    def converts(self, currency: str) -> bool:
        """Whether money in `currency` is converted; one without a rate is kept in a balance of its own."""
        return currency != self.currency and currency in self.rates

    def convert(self, amount: int, currency: str) -> int:
        """Return minor units of the settlement currency for minor units of `currency`, rounded half up."""
        units = Decimal(amount).scaleb(-_DECIMALS.get(currency, 2)) * Decimal(self.rates[currency])
        minor = units.scaleb(_DECIMALS.get(self.currency, 2))
        return int(minor.quantize(Decimal(1), rounding=ROUND_HALF_UP))

    def exchange_rate(self, currency: str) -> float:
        """Return the rate as Stripe sends it: a JSON number, that of the two `amount` fields, in minor units."""
        places = _DECIMALS.get(self.currency, 2) - _DECIMALS.get(currency, 2)
        return float(Decimal(self.rates[currency]).scaleb(places))
