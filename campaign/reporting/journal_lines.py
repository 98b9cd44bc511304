"""One line of the journal: one side of an entry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from campaign.core.chart_of_accounts import ChartOfAccounts

DESCRIPTIONS: Mapping[str, str] = {
    "payment": "Gifts",
    "payment_reversed": "Reversed gifts",
    "refund": "Refunds",
    "refund_failed": "Failed refunds",
    "dispute": "Disputes",
    "dispute_reversed": "Reversed disputes",
    "dispute_gain_loss": "Gains and losses on disputes",
    "fee": "Fees",
}
"""What a line of these ledger entries says."""

COLUMNS: Sequence[str] = (
    "day",
    "account",
    "designation",
    "description",
    "debit",
    "credit",
    "currency",
    "reference",
    "account_number",
)


@dataclass(frozen=True)
class JournalLine:
    """One side of an entry. `reference` is a payout id or a batch name; `number` is how many gifts it sums up."""

    day: date
    account: str
    designation: str
    description: str
    debit: int
    credit: int
    currency: str
    reference: str = ""
    number: int = 0

    def row(self, chart: ChartOfAccounts) -> dict[str, Any]:
        """Return the line as an export row with the accounts of `chart`; the keys are COLUMNS."""
        account = chart.account(self.account)
        named = {"account": account.name, "account_number": account.number}
        return {name: named[name] if name in named else getattr(self, name) for name in COLUMNS}
