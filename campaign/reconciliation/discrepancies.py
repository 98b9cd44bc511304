"""A difference between Stripe's balance and the ledger, and how it is worded. Commands and pages show it.

`reconciliation.compare` finds them.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from campaign.core import money
from campaign.models import LedgerKind

_AT_STRIPE = {
    LedgerKind.payment: "Stripe took {0}",
    LedgerKind.payment_reversed: "a bank took {0} back",
    LedgerKind.refund: "Stripe sent {0} back",
    LedgerKind.refund_failed: "a refund of {0} came back",
    LedgerKind.dispute: "a bank took {0} for a dispute",
    LedgerKind.dispute_reversed: "a bank gave {0} back after a dispute",
    LedgerKind.fee: "Stripe kept a fee of {0}",
}


@dataclass(frozen=True)
class ReportedAmount:
    """What one side says: unsigned minor units (a fee that was given back is negative), and by which names."""

    amount: int
    currency: str
    names: tuple[str, ...]
    at: datetime | None = None

    def __str__(self) -> str:
        return f"{money.to_decimal(self.amount, self.currency)} {self.currency.upper()}"


@dataclass(frozen=True)
class Discrepancy:
    """One movement of money on which the two sides disagree.

    `donation` is a public id; of a renewal that the ledger does not know, that of the gift it renews (`renewal`).
    `repairable`: the ledger only lacks a fact. `unconfirmed`: the ledger has it and the window of movements does not;
    Stripe must be asked before it is told. `pending_event` is a stored event about it that is not applied yet.
    """

    donation: str
    kind: LedgerKind
    payment_intent_id: str | None
    stripe: ReportedAmount | None
    ledger: ReportedAmount | None
    repairable: bool = False
    unconfirmed: bool = False
    renewal: bool = False
    repaired: bool = False
    note: str = ""
    pending_event: str | None = None

    @property
    def at(self) -> datetime | None:
        """When it moved, by whichever side tells."""
        moments = (side.at for side in (self.stripe, self.ledger) if side)
        return next((moment for moment in moments if moment), None)

    def sentence(self, timezone: ZoneInfo) -> str:
        """Both sides in a line, with their names; days are those of `timezone`."""
        gift = f"donation {self.donation}"
        told = [
            f"{'a renewal of ' if self.renewal else ''}{gift}: {self._stripe(timezone)}, {self._ledger(timezone)}"
        ]
        if self.note:
            told.append(self.note)
        if self.pending_event:
            told.append(f"event {self.pending_event} waits to be applied")
        return "; ".join(told)

    def _stripe(self, timezone: ZoneInfo) -> str:
        if self.stripe is None:
            return f"Stripe knows nothing of a {self.kind.replace('_', ' ')} of it"
        language = _AT_STRIPE[self.kind].format(self.stripe)
        return f"{language} ({', '.join(self.stripe.names)}){_on(self.stripe.at, timezone)}"

    def _ledger(self, timezone: ZoneInfo) -> str:
        if self.ledger is None:
            return "the ledger has nothing"
        day = _on(self.ledger.at, timezone) if self.stripe is None else ""
        return f"the ledger has {self.ledger} ({', '.join(self.ledger.names)}){day}"


def _on(moment: datetime | None, timezone: ZoneInfo) -> str:
    return f" on {moment.astimezone(timezone):%Y-%m-%d}" if moment else ""
