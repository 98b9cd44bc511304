"""One payment at Stripe and in the ledger, side by side, and what a comparison finds. No database or network access."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from campaign.ledger.balance_transactions import PaymentTransaction
from campaign.models import LedgerEntry, LedgerKind
from campaign.reconciliation.discrepancies import Discrepancy, ReportedAmount


@dataclass(frozen=True)
class PaymentComparison:
    """Both sides of one donation, or of one payment that the ledger lacks.

    `charge` is the amount the donor agreed to, in minor units; None for a renewal that only Stripe knows.
    """

    donation: str
    payment_intent_id: str | None
    charge: int | None
    currency: str | None
    entries: Sequence[LedgerEntry]
    movements: Sequence[PaymentTransaction]
    renewal: bool = False
    note: str = ""
    since: datetime | None = None
    """The start of the window: older entries need no balance transaction in it."""
    state: str | None = None
    """The donation's state; None if the ledger lacks the payment."""
    converted: frozenset[str] = frozenset()
    """The balance transactions whose settled amount is recorded."""
    parts: frozenset[str] = frozenset()
    """The payment intents that paid the gift's invoice: each paid a part of it, if there are several."""
    outside: int = 0
    """The part of the gift's invoice that was paid outside Stripe, in minor units."""

    past: bool = False
    """A past gift: its fees and conversions are in the books of then, and are not compared."""

    def is_own(self, payment_intent_id: str) -> bool:
        """Return whether the gift, or a part of it, was paid by this payment."""
        return payment_intent_id == self.intent or payment_intent_id in self.parts

    @property
    def intent(self) -> str | None:
        """The donation's payment intent; if none is recorded, the one of the first transaction."""
        return self.payment_intent_id or next(
            (one.payment_intent_id for one in self.movements), None
        )


@dataclass
class ComparisonResult:
    """The discrepancies of one payment, and the number of unbooked fees that are not overdue."""

    discrepancies: list[Discrepancy] = field(default_factory=list)
    fees_in_progress: int = 0


def transactions_of(case: PaymentComparison, kind: LedgerKind) -> list[PaymentTransaction]:
    """Return the balance transactions of that kind."""
    return [one for one in case.movements if one.kind == kind]


def entries_of(case: PaymentComparison, kind: LedgerKind) -> list[LedgerEntry]:
    """Return the ledger entries of that kind."""
    return [one for one in case.entries if one.kind == kind]


def by_source(movements: Iterable[PaymentTransaction]) -> dict[str, list[PaymentTransaction]]:
    """Group balance transactions by the Stripe object that moved the money."""
    found: dict[str, list[PaymentTransaction]] = defaultdict(list)
    for one in movements:
        found[one.source_id].append(one)
    return found


def by_entry(entries: Iterable[LedgerEntry]) -> dict[str, list[LedgerEntry]]:
    """Group entries by the Stripe object that their source names before the colon."""
    found: dict[str, list[LedgerEntry]] = defaultdict(list)
    for one in entries:
        found[one.source.partition(":")[0]].append(one)
    return found


def amount_of(movements: Iterable[PaymentTransaction]) -> int:
    """Return the sum of unsigned amounts, in minor units."""
    return sum(one.amount for one in movements)


def total_of(entries: Iterable[LedgerEntry]) -> int:
    """Return the unsigned sum of what the entries booked, with covered fees, in minor units."""
    return abs(sum(one.amount + one.fee_cover for one in entries))


def in_window(case: PaymentComparison, entries: Iterable[LedgerEntry]) -> bool:
    """Return whether any of the entries is in the compared window."""
    return any(case.since is None or one.occurred_at >= case.since for one in entries)


def stripe_side(movements: Sequence[PaymentTransaction]) -> ReportedAmount:
    """Return the sum of balance transactions, with the names, currency and time of the latest."""
    names = [name for one in movements for name in (one.source_id, one.payment_intent_id, one.id)]
    latest = movements[-1]
    return ReportedAmount(
        amount_of(movements), latest.currency, tuple(dict.fromkeys(names)), latest.created
    )


def ledger_side(entries: Sequence[LedgerEntry]) -> ReportedAmount:
    """Return the sum of entries, with the names, currency and time of the latest."""
    names = tuple(name for one in entries for name in (f"entry {one.id}", one.source))
    return ReportedAmount(total_of(entries), entries[-1].currency, names, entries[-1].occurred_at)


def discrepancy(
    case: PaymentComparison,
    kind: LedgerKind,
    stripe: ReportedAmount | None,
    ledger: ReportedAmount | None,
    *,
    repairable: bool = False,
    note: str = "",
) -> Discrepancy:
    """Return a discrepancy of the compared donation."""
    return Discrepancy(
        case.donation,
        kind,
        case.payment_intent_id,
        stripe,
        ledger,
        repairable=repairable,
        renewal=case.renewal,
        note=note or case.note,
        parts=case.parts,
    )


def unconfirmed(
    case: PaymentComparison, kind: LedgerKind, entries: Sequence[LedgerEntry]
) -> Discrepancy:
    """Return entries that no balance transaction in the window confirms: Stripe is asked about them."""
    return replace(discrepancy(case, kind, None, ledger_side(entries)), unconfirmed=True)
