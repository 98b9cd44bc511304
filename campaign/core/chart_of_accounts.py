"""The accounts of the journal: what each is for, and the number and name that it has in the organization's books.

`CHART_OF_ACCOUNTS` renames them: `stripe = 1010 Stripe clearing; fees = 6040 Merchant fees`. An account that it does
not mention keeps its own name and has no number.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

STRIPE = "Stripe balance"
BANK = "Bank"
IN_HAND = "Checks and cash in hand"
STOCK = "Stock received"
FEES = "Card fees"
CHARGES = "Other Stripe activity"
CONTRIBUTIONS = "Contributions"
COVERED = "Fees covered by donors"
EXCHANGE = "Exchange gains and losses"
DISPUTES = "Gains and losses on disputes"

ACCOUNTS: Mapping[str, str] = {
    "stripe": STRIPE,
    "bank": BANK,
    "in_hand": IN_HAND,
    "stock": STOCK,
    "fees": FEES,
    "other_stripe": CHARGES,
    "contributions": CONTRIBUTIONS,
    "covered_fees": COVERED,
    "exchange": EXCHANGE,
    "disputes": DISPUTES,
}
"""Our names of the accounts, by their keys in the setting."""

LONGEST_NAME = 100
_NUMBERED = re.compile(r"(?P<number>\d[0-9A-Za-z.-]{0,19})(?:\s+(?P<name>.+))?")


@dataclass(frozen=True)
class BookAccount:
    """An account as the organization's books have it; `number` is '' if it has none."""

    number: str
    name: str


@dataclass(frozen=True)
class ChartOfAccounts:
    """The organization's accounts by our names; those that are not set are as we call them."""

    accounts: Mapping[str, BookAccount] = field(default_factory=dict)

    def account(self, name: str) -> BookAccount:
        """Return the account that the journal calls `name`."""
        return self.accounts.get(name) or BookAccount("", name)

    @property
    def unnumbered(self) -> list[str]:
        """The keys of the accounts without a number, in our order."""
        return [key for key, name in ACCOUNTS.items() if not self.account(name).number]


def parse_chart(text: str) -> ChartOfAccounts:
    """Parse `key = number name; …`; number or name may be left out. Raises ValueError that says what is wrong."""
    found: dict[str, BookAccount] = {}
    for item in filter(None, (part.strip() for part in re.split(r"[;\n]", text))):
        key, separator, wanted = (part.strip() for part in item.partition("="))
        if not separator or not wanted:
            raise ValueError(f"{item!r} must be written as stripe = 1010 Stripe clearing")
        if key not in ACCOUNTS:
            raise ValueError(f"{key!r} is no account; the accounts are {', '.join(ACCOUNTS)}")
        if ACCOUNTS[key] in found:
            raise ValueError(f"{key!r} is given twice")
        found[ACCOUNTS[key]] = _account(key, wanted)
    return ChartOfAccounts(found)


def _account(key: str, wanted: str) -> BookAccount:
    numbered = _NUMBERED.fullmatch(wanted)
    number = numbered["number"] if numbered else ""
    name = (numbered["name"] or ACCOUNTS[key]) if numbered else wanted
    if len(name) > LONGEST_NAME:
        raise ValueError(f"the name of {key!r} is longer than {LONGEST_NAME} characters")
    return BookAccount(number, name)
