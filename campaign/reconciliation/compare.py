"""Compare one payment in Stripe's balance with the ledger. No database or network access.

`reconciliation.candidates` loads the two sides.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from campaign.ledger.balance_transactions import PaymentTransaction
from campaign.models import LedgerEntry, LedgerKind
from campaign.reconciliation.compare_disputes import DisputeComparison
from campaign.reconciliation.discrepancies import Discrepancy, ReportedAmount

FEE_GRACE_PERIOD = timedelta(days=1)
"""A fee is normally booked within minutes; one missing for longer than this is a discrepancy."""

_OF_DISPUTES = (LedgerKind.dispute, LedgerKind.dispute_reversed, LedgerKind.dispute_gain_loss)
_INCOMING = (LedgerKind.payment, LedgerKind.refund_failed, LedgerKind.dispute_reversed)


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


def compare(case: PaymentComparison, at: datetime) -> ComparisonResult:
    """Return the discrepancies between the two sides of `case` as of `at`."""
    case = replace(case, payment_intent_id=case.intent)
    found = ComparisonResult()
    mine = [one for one in case.movements if case.is_own(one.payment_intent_id)]
    found.discrepancies += _second_payments(case)
    case = replace(case, movements=mine)
    found.discrepancies += [*_payment(case), *_refunds(case), *_failed_refunds(case)]
    found.discrepancies += _disputes(case)
    _fees(case, at, found)
    found.discrepancies += _conversions(case, at)
    return found


def _second_payments(case: PaymentComparison) -> Iterator[Discrepancy]:
    """Yield other payments for the same donation that were not fully returned: the donor was charged twice."""
    remaining: Counter[str] = Counter()
    first: dict[str, PaymentTransaction] = {}
    for one in case.movements:
        if not case.is_own(one.payment_intent_id):
            remaining[one.payment_intent_id] += one.amount if one.kind in _INCOMING else -one.amount
            first.setdefault(one.payment_intent_id, one)
    booked = _entries(case, LedgerKind.payment)
    for intent, amount in remaining.items():
        if amount > 0:
            stripe = replace(_stripe_side([first[intent]]), amount=amount)
            note = f"a second payment for the same gift, in addition to {case.payment_intent_id}"
            ledger = _ledger_side(booked) if booked else None
            yield Discrepancy(case.donation, LedgerKind.payment, intent, stripe, ledger, note=note)


def _payment(case: PaymentComparison) -> Iterator[Discrepancy]:
    """Compare the payment. A charge that was reversed and charged again counts as one payment."""
    charges = _transactions(case, LedgerKind.payment)
    reversals = _transactions(case, LedgerKind.payment_reversed)
    booked = _entries(case, LedgerKind.payment)
    if not booked:
        yield from _unbooked(case, charges, reversals)
        return
    surplus = _amount(charges) + case.outside - _total(booked) if charges else 0
    repeated = min(max(surplus, 0), _amount(reversals))
    # One part may be older than the window, or paid by a payment that nobody told us of.
    partial = surplus < 0 and booked[0].source.startswith("in_")
    if not charges or partial:
        if _in_window(case, booked):
            yield _unconfirmed(case, LedgerKind.payment, booked)
    elif surplus != repeated or charges[-1].currency != booked[-1].currency:
        yield _discrepancy(case, LedgerKind.payment, _stripe_side(charges), _ledger_side(booked))
    yield from _reversals(case, reversals, _amount(reversals) - repeated)


def _reversals(
    case: PaymentComparison, reversals: list[PaymentTransaction], returned: int
) -> Iterator[Discrepancy]:
    """Compare the reversals. `returned` is the part of `reversals` that was not charged again."""
    failed = _entries(case, LedgerKind.payment_reversed)
    if returned > _total(failed):
        ledger = _ledger_side(failed) if failed else None
        stripe = replace(_stripe_side(reversals), amount=returned)
        yield _discrepancy(case, LedgerKind.payment_reversed, stripe, ledger, repairable=not failed)
    elif failed and returned < _total(failed) and _in_window(case, failed):
        yield _unconfirmed(case, LedgerKind.payment_reversed, failed)


def _unbooked(
    case: PaymentComparison, charges: list[PaymentTransaction], reversals: list[PaymentTransaction]
) -> Iterator[Discrepancy]:
    """Yield a payment that the ledger lacks. A failed debit that entered and left the balance again is no payment."""
    if _amount(charges) <= _amount(reversals):
        return
    stripe = _stripe_side(charges[-1:])
    agreed = (case.charge, case.currency)
    agrees = case.charge is None or (stripe.amount, stripe.currency) == agreed
    note = "" if agrees else "it is not what the donor agreed to"
    yield _discrepancy(case, LedgerKind.payment, stripe, None, repairable=agrees, note=note)


def _refunds(case: PaymentComparison) -> Iterator[Discrepancy]:
    """Compare the refunds. Some are booked from a charge's refunded total, under the charge's id."""
    reported, booked = _transactions(case, LedgerKind.refund), _entries(case, LedgerKind.refund)
    counted = _counted_entries(reported, booked)
    short = _amount(reported) - _total(counted)
    yield from _missing_refunds(case, reported, counted, short)
    unexplained = [one for one in booked if one not in counted]
    if _in_window(case, unexplained) or (short < 0 and _in_window(case, counted)):
        yield _unconfirmed(case, LedgerKind.refund, booked)


def _counted_entries(
    reported: list[PaymentTransaction], booked: list[LedgerEntry]
) -> list[LedgerEntry]:
    """Return the entries with a reported refund's id, then those with a charge's id."""
    names = {one.source_id for one in reported}
    named = [one for one in booked if one.source in names]
    return named + [one for one in booked if one.source.startswith(("ch_", "py_"))]


def _missing_refunds(
    case: PaymentComparison,
    reported: list[PaymentTransaction],
    counted: list[LedgerEntry],
    short: int,
) -> Iterator[Discrepancy]:
    """Yield the unbooked refunds. `short` is what Stripe reports beyond the entries in `counted`."""
    known = {one.source for one in counted}
    missing = [one for one in reported if one.source_id not in known]
    if short > 0 and not missing:
        yield _discrepancy(case, LedgerKind.refund, _stripe_side(reported), _ledger_side(counted))
    for one in _unbooked_refunds(missing, short):
        yield _discrepancy(case, LedgerKind.refund, _stripe_side([one]), None, repairable=True)


def _unbooked_refunds(
    missing: Sequence[PaymentTransaction], short: int
) -> list[PaymentTransaction]:
    """Return which of `missing` were probably not part of the charge's refunded total, if `short` is not booked.

    A refund of exactly that amount, else the latest ones. Stripe's times are whole seconds, so order alone is not
    reliable.
    """
    exact = [one for one in missing if one.amount == short]
    if exact:
        return exact[-1:]
    found = []
    for one in reversed(missing):
        if short > 0:
            found.append(one)
            short -= one.amount
    return found


def _failed_refunds(case: PaymentComparison) -> Iterator[Discrepancy]:
    """Compare failed refunds, each by the id of its refund."""
    kind = LedgerKind.refund_failed
    reported, booked = _by_source(_transactions(case, kind)), _by_entry(_entries(case, kind))
    for name in reported.keys() | booked.keys():
        moved, entries = reported.get(name, []), booked.get(name, [])
        more = _amount(moved) - _total(entries)
        if more > 0:
            ledger = _ledger_side(entries) if entries else None
            yield _discrepancy(case, kind, _stripe_side(moved), ledger, repairable=True)
        elif more < 0 and _in_window(case, entries):
            yield _unconfirmed(case, kind, entries)


def _by_source(movements: Iterable[PaymentTransaction]) -> dict[str, list[PaymentTransaction]]:
    found: dict[str, list[PaymentTransaction]] = defaultdict(list)
    for one in movements:
        found[one.source_id].append(one)
    return found


def _by_entry(entries: Iterable[LedgerEntry]) -> dict[str, list[LedgerEntry]]:
    """Group entries by the Stripe object that their source names before the colon."""
    found: dict[str, list[LedgerEntry]] = defaultdict(list)
    for one in entries:
        found[one.source.partition(":")[0]].append(one)
    return found


def _disputes(case: PaymentComparison) -> Iterator[Discrepancy]:
    """Compare each dispute as a whole, by what Stripe says of it now, and not by what its movements mean.

    Its status and its own amount say how much of the gift is gone; the sum of its transactions says the rest.
    """
    reported = _by_source(one for one in case.movements if one.source.get("object") == "dispute")
    booked = _by_entry(one for one in case.entries if one.kind in _OF_DISPUTES)
    names = sorted(reported.keys() | booked.keys())
    for name in names:
        moved, entries = reported.get(name, []), booked.get(name, [])
        if moved:
            alone = names == [name]
            found = DisputeComparison(_latest(moved), entries, case.state, alone=alone)
            yield from _differences(case, found, moved)
        else:
            yield from _unconfirmed_dispute(case, entries)


def _latest(moved: Sequence[PaymentTransaction]) -> dict[str, Any]:
    """Return a dispute as its latest transaction shows it, with all transactions that any of them shows."""
    listed = {
        one["id"]: one
        for movement in moved
        for one in movement.source["balance_transactions"]
        if isinstance(one, Mapping)
    }
    return {**moved[-1].source, "balance_transactions": list(listed.values())}


def _differences(
    case: PaymentComparison, found: DisputeComparison, moved: list[PaymentTransaction]
) -> Iterator[Discrepancy]:
    names = tuple(
        dict.fromkeys(
            name for one in moved for name in (one.source_id, one.payment_intent_id, one.id)
        )
    )
    for one in found.differences():
        ledger = _ledger_side(found.of(one.kind)) if found.of(one.kind) else None
        if ledger is not None:
            ledger = replace(ledger, amount=one.ledger, currency=one.currency)
        stripe = ReportedAmount(one.stripe, one.currency, names, moved[-1].created)
        yield _discrepancy(case, one.kind, stripe, ledger, repairable=True, note=one.note)


def _unconfirmed_dispute(
    case: PaymentComparison, entries: Sequence[LedgerEntry]
) -> Iterator[Discrepancy]:
    """Yield a dispute that the window does not show: what it took and did not give back, else what it gave back."""
    if not _in_window(case, entries):
        return
    moved = [one for one in entries if one.kind != LedgerKind.dispute_gain_loss]
    back = [one for one in moved if one.kind == LedgerKind.dispute_reversed]
    if sum(one.amount + one.fee_cover for one in moved) < 0:
        yield _unconfirmed(case, LedgerKind.dispute, moved)
    elif back:
        yield _unconfirmed(case, LedgerKind.dispute_reversed, back)


def _fees(case: PaymentComparison, at: datetime, found: ComparisonResult) -> None:
    if not _entries(case, LedgerKind.payment):
        return
    known = _names_at_stripe(found.discrepancies)
    booked = {one.balance_transaction_id: one for one in case.entries if one.balance_transaction_id}
    for one in case.movements:
        entry = booked.pop(one.id, None)
        if entry is not None:
            found.discrepancies += _unequal_fee(case, one, entry)
        elif not one.fee or one.id in known:
            continue
        elif at - one.created > FEE_GRACE_PERIOD:
            stripe = _stripe_fee(one)
            found.discrepancies.append(
                _discrepancy(case, LedgerKind.fee, stripe, None, repairable=True)
            )
        else:
            found.fees_in_progress += 1
    found.discrepancies += _unconfirmed_fees(case, booked.values())


def _conversions(case: PaymentComparison, at: datetime) -> Iterator[Discrepancy]:
    """Yield what Stripe settled in another currency without a record of the settled amount."""
    if not _entries(case, LedgerKind.payment):
        return
    for one in case.movements:
        overdue = at - one.created > FEE_GRACE_PERIOD
        if one.converted and one.id not in case.converted and overdue:
            names = (one.source_id, one.payment_intent_id, one.id)
            settled = ReportedAmount(abs(one.settled_amount), one.fee_currency, names, one.created)
            note = "what Stripe converted it to is not recorded"
            kind = LedgerKind(one.kind)
            yield _discrepancy(case, kind, settled, None, repairable=True, note=note)


def _names_at_stripe(discrepancies: Iterable[Discrepancy]) -> set[str]:
    return {name for one in discrepancies if one.stripe for name in one.stripe.names}


def _unequal_fee(
    case: PaymentComparison, one: PaymentTransaction, entry: LedgerEntry
) -> Iterator[Discrepancy]:
    if entry.fee != one.fee or (one.fee and entry.currency != one.fee_currency):
        yield _discrepancy(case, LedgerKind.fee, _stripe_fee(one), _ledger_fee(entry))


def _unconfirmed_fees(
    case: PaymentComparison, entries: Iterable[LedgerEntry]
) -> Iterator[Discrepancy]:
    """Yield fees whose balance transaction is not in the window."""
    for entry in entries:
        if entry.fee and _in_window(case, [entry]):
            yield replace(_unconfirmed(case, LedgerKind.fee, [entry]), ledger=_ledger_fee(entry))


def _stripe_fee(one: PaymentTransaction) -> ReportedAmount:
    return ReportedAmount(one.fee, one.fee_currency, (one.id, one.payment_intent_id), one.created)


def _ledger_fee(entry: LedgerEntry) -> ReportedAmount:
    names = (f"entry {entry.id}", entry.balance_transaction_id or "")
    return ReportedAmount(entry.fee, entry.currency, names, entry.occurred_at)


def _transactions(case: PaymentComparison, kind: LedgerKind) -> list[PaymentTransaction]:
    return [one for one in case.movements if one.kind == kind]


def _entries(case: PaymentComparison, kind: LedgerKind) -> list[LedgerEntry]:
    return [one for one in case.entries if one.kind == kind]


def _amount(movements: Iterable[PaymentTransaction]) -> int:
    return sum(one.amount for one in movements)


def _total(entries: Iterable[LedgerEntry]) -> int:
    return abs(sum(one.amount + one.fee_cover for one in entries))


def _in_window(case: PaymentComparison, entries: Iterable[LedgerEntry]) -> bool:
    return any(case.since is None or one.occurred_at >= case.since for one in entries)


def _stripe_side(movements: Sequence[PaymentTransaction]) -> ReportedAmount:
    names = [name for one in movements for name in (one.source_id, one.payment_intent_id, one.id)]
    latest = movements[-1]
    return ReportedAmount(
        _amount(movements), latest.currency, tuple(dict.fromkeys(names)), latest.created
    )


def _ledger_side(entries: Sequence[LedgerEntry]) -> ReportedAmount:
    names = tuple(name for one in entries for name in (f"entry {one.id}", one.source))
    return ReportedAmount(_total(entries), entries[-1].currency, names, entries[-1].occurred_at)


def _discrepancy(
    case: PaymentComparison,
    kind: LedgerKind,
    stripe: ReportedAmount | None,
    ledger: ReportedAmount | None,
    *,
    repairable: bool = False,
    note: str = "",
) -> Discrepancy:
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


def _unconfirmed(
    case: PaymentComparison, kind: LedgerKind, entries: Sequence[LedgerEntry]
) -> Discrepancy:
    return replace(_discrepancy(case, kind, None, _ledger_side(entries)), unconfirmed=True)
