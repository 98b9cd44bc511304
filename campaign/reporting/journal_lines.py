"""One line of the journal: one side of an entry."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from campaign.core.chart_of_accounts import ChartOfAccounts
from campaign.models import LedgerKind

DESCRIPTIONS = {
    LedgerKind.payment: "Gifts",
    LedgerKind.payment_reversed: "Reversed gifts",
    LedgerKind.refund: "Refunds",
    LedgerKind.refund_failed: "Failed refunds",
    LedgerKind.dispute: "Disputes",
    LedgerKind.dispute_reversed: "Reversed disputes",
    LedgerKind.fee: "Fees",
}
"""What a line of these ledger entries says."""

COLUMNS = (
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
