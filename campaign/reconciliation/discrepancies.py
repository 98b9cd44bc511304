"""A discrepancy between Stripe's balance and the ledger, and its sentence for commands and pages.

`reconciliation.compare` finds the discrepancies.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from campaign.core import money
from campaign.models import LedgerKind

_AT_STRIPE = {
    LedgerKind.payment: "Stripe charged {0}",
    LedgerKind.payment_reversed: "the bank reversed {0}",
    LedgerKind.refund: "Stripe refunded {0}",
    LedgerKind.refund_failed: "a refund of {0} failed",
    LedgerKind.dispute: "a dispute withdrew {0}",
    LedgerKind.dispute_reversed: "a dispute reinstated {0}",
    LedgerKind.dispute_gain_loss: "a dispute's movements add up to {0}",
    LedgerKind.fee: "Stripe charged a fee of {0}",
}
_MISSING_AT_STRIPE = {
    LedgerKind.payment: "Stripe has no such payment",
    LedgerKind.payment_reversed: "Stripe has no such reversal",
    LedgerKind.refund: "Stripe has no such refund",
    LedgerKind.refund_failed: "Stripe has no such failed refund",
    LedgerKind.dispute: "Stripe has no such dispute",
    LedgerKind.dispute_reversed: "Stripe has no such reinstatement",
    LedgerKind.dispute_gain_loss: "Stripe has no such gain or loss",
    LedgerKind.fee: "Stripe has no such fee",
}

_OBJECTS = {
    LedgerKind.refund: ("re_", "pyr_"),
    LedgerKind.refund_failed: ("re_", "pyr_"),
    LedgerKind.dispute: ("du_", "dp_"),
    LedgerKind.dispute_reversed: ("du_", "dp_"),
    LedgerKind.fee: ("txn_",),
}
"""Of which kinds a payment can have several, and how the id of Stripe's object begins that tells them apart."""


@dataclass(frozen=True)
class ReportedAmount:
    """What one side reports: `amount` in unsigned minor units and the ids involved.

    It is negative for a refunded fee, and for the movements of a dispute that took more than they gave.
    """

    amount: int
    currency: str
    names: tuple[str, ...]
    at: datetime | None = None

    def __str__(self) -> str:
        return f"{money.to_decimal(self.amount, self.currency)} {self.currency.upper()}"


@dataclass(frozen=True)
class Discrepancy:
    """One amount on which the two sides disagree.

    `donation` is a public id; with `renewal`, that of the first donation, because the ledger lacks the renewal itself.
    `repairable`: the ledger only lacks a fact and can be repaired. `unconfirmed`: the ledger has an entry that the
    window does not confirm; Stripe must be asked before it is reported. `pending_event` is the id of a stored event
    about it that is not applied yet.
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
    parts: frozenset[str] = frozenset()
    """The payments of the gift's invoice, which may have been paid in parts."""

    @property
    def id(self) -> str:
        """The same for the same two amounts in any run, whatever else the window shows; another if an amount changes.

        It depends on the gift, the payment and the object at Stripe, never on a key of our own tables.
        """
        sides = [(one.amount, one.currency) if one else None for one in (self.stripe, self.ledger)]
        about = (self.donation, self.kind.value, self.payment_intent_id, self._object, *sides)
        return f"dif_{hashlib.sha256(repr(about).encode()).hexdigest()[:16]}"

    @property
    def _object(self) -> str:
        """The refund, dispute or balance transaction that this is about; '' for the payment as a whole."""
        begins = _OBJECTS.get(self.kind, ())
        names = [name for side in (self.stripe, self.ledger) if side for name in side.names]
        named = {name.partition(":")[0] for name in names if begins and name.startswith(begins)}
        return ",".join(sorted(named))

    @property
    def at(self) -> datetime | None:
        """When the money moved, according to Stripe, else the ledger."""
        moments = (side.at for side in (self.stripe, self.ledger) if side)
        return next((moment for moment in moments if moment), None)

    def sentence(self, timezone: ZoneInfo) -> str:
        """Describe both sides with their ids in one line; dates are in `timezone`."""
        gift = f"donation {self.donation}"
        parts = [
            f"{'a renewal of ' if self.renewal else ''}{gift}: {self._stripe(timezone)}, {self._ledger(timezone)}"
        ]
        if self.note:
            parts.append(self.note)
        if self.pending_event:
            parts.append(f"event {self.pending_event} is not applied yet")
        return "; ".join(parts)

    def _stripe(self, timezone: ZoneInfo) -> str:
        if self.stripe is None:
            return _MISSING_AT_STRIPE[self.kind]
        moved = _AT_STRIPE[self.kind].format(self.stripe)
        return f"{moved} ({', '.join(self.stripe.names)}){_on(self.stripe.at, timezone)}"

    def _ledger(self, timezone: ZoneInfo) -> str:
        if self.ledger is None:
            return "the ledger has no entry"
        day = _on(self.ledger.at, timezone) if self.stripe is None else ""
        return f"the ledger has {self.ledger} ({', '.join(self.ledger.names)}){day}"


def _on(moment: datetime | None, timezone: ZoneInfo) -> str:
    return f" on {moment.astimezone(timezone):%Y-%m-%d}" if moment else ""
