"""One payment as Stripe's balance tells it, against what the ledger says. Plain comparison: nothing is read or written.

`reconciliation.candidates` gathers the two sides.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from campaign.ledger.balance_transactions import PaymentTransaction
from campaign.models import LedgerEntry, LedgerKind
from campaign.reconciliation.discrepancies import Discrepancy, ReportedAmount

FEE_GRACE_PERIOD = timedelta(days=1)
"""A fee is booked minutes after its movement; one that is missing for longer is a difference."""

_BY_SOURCE = (LedgerKind.refund_failed, LedgerKind.dispute, LedgerKind.dispute_reversed)
_INTO = (LedgerKind.payment, LedgerKind.refund_failed, LedgerKind.dispute_reversed)


@dataclass(frozen=True)
class PaymentComparison:
    """One donation, or one payment that the ledger does not know, with what both sides say of it.

    `charge` is what the donor agreed to, in minor units; None for a renewal of which only Stripe knows.
    """

    donation: str
    payment_intent_id: str | None
    charge: int | None
    currency: str | None
    entries: Sequence[LedgerEntry]
    movements: Sequence[PaymentTransaction]
    renewal: bool = False
    since: datetime | None = None
    """The beginning of the window: older entries need no movement in it."""

    @property
    def intent(self) -> str | None:
        """The donation's payment; where none is noted, the first that moved."""
        return self.payment_intent_id or next(
            (one.payment_intent_id for one in self.movements), None
        )


@dataclass
class ComparisonResult:
    """The differences of one case, and how many fees are simply not booked yet."""

    discrepancies: list[Discrepancy] = field(default_factory=list)
    fees_in_progress: int = 0


def compare(case: PaymentComparison, at: datetime) -> ComparisonResult:
    """Where the two sides of `case` differ at `at`."""
    case = replace(case, payment_intent_id=case.intent)
    found = ComparisonResult()
    mine = [one for one in case.movements if one.payment_intent_id == case.payment_intent_id]
    found.discrepancies += _second_payments(case)
    case = replace(case, movements=mine)
    found.discrepancies += [*_payment(case), *_refunds(case)]
    for kind in _BY_SOURCE:
        found.discrepancies += _by_source(case, kind)
    _fees(case, at, found)
    return found


def _second_payments(case: PaymentComparison) -> Iterator[Discrepancy]:
    """Another payment that names the same donation: charged twice, unless it went back."""
    left: Counter[str] = Counter()
    first: dict[str, PaymentTransaction] = {}
    for one in case.movements:
        if one.payment_intent_id != case.payment_intent_id:
            left[one.payment_intent_id] += one.amount if one.kind in _INTO else -one.amount
            first.setdefault(one.payment_intent_id, one)
    booked = _entries(case, LedgerKind.payment)
    for intent, amount in left.items():
        if amount > 0:
            stripe = replace(_moved([first[intent]]), amount=amount)
            note = f"a second payment of the same gift, beside {case.payment_intent_id}"
            ledger = _booked(booked) if booked else None
            yield Discrepancy(case.donation, LedgerKind.payment, intent, stripe, ledger, note=note)


def _payment(case: PaymentComparison) -> Iterator[Discrepancy]:
    """A charge that was taken back and then charged anew is one payment."""
    taken, back = _of(case, LedgerKind.payment), _of(case, LedgerKind.payment_reversed)
    booked = _entries(case, LedgerKind.payment)
    if not booked:
        yield from _unbooked(case, taken, back)
        return
    surplus = _amount(taken) - _total(booked) if taken else 0
    repeated = min(max(surplus, 0), _amount(back))
    if not taken:
        if _within(case, booked):
            yield _doubt(case, LedgerKind.payment, booked)
    elif surplus != repeated or taken[-1].currency != booked[-1].currency:
        yield _difference(case, LedgerKind.payment, _moved(taken), _booked(booked))
    yield from _returned(case, back, _amount(back) - repeated)


def _returned(
    case: PaymentComparison, back: list[PaymentTransaction], returned: int
) -> Iterator[Discrepancy]:
    """`returned` is what was taken back and not charged anew, of all that was taken `back`."""
    failed = _entries(case, LedgerKind.payment_reversed)
    if returned > _total(failed):
        ledger = _booked(failed) if failed else None
        stripe = replace(_moved(back), amount=returned)
        yield _difference(case, LedgerKind.payment_reversed, stripe, ledger, repairable=not failed)
    elif failed and returned < _total(failed) and _within(case, failed):
        yield _doubt(case, LedgerKind.payment_reversed, failed)


def _unbooked(
    case: PaymentComparison, taken: list[PaymentTransaction], back: list[PaymentTransaction]
) -> Iterator[Discrepancy]:
    """A promised debit that was broken may show in the balance and leave it again: that was no payment."""
    if _amount(taken) <= _amount(back):
        return
    stripe = _moved(taken[-1:])
    agreed = (case.charge, case.currency)
    agrees = case.charge is None or (stripe.amount, stripe.currency) == agreed
    note = "" if agrees else "it is not what the donor agreed to"
    yield _difference(case, LedgerKind.payment, stripe, None, repairable=agrees, note=note)


def _refunds(case: PaymentComparison) -> Iterator[Discrepancy]:
    """Some refunds are booked by what their charge told in all, under its name and no refund's."""
    told, booked = _of(case, LedgerKind.refund), _entries(case, LedgerKind.refund)
    counted = _counted(told, booked)
    short = _amount(told) - _total(counted)
    yield from _short_refunds(case, told, counted, short)
    strange = [one for one in booked if one not in counted]
    if _within(case, strange) or (short < 0 and _within(case, counted)):
        yield _doubt(case, LedgerKind.refund, booked)


def _counted(told: list[PaymentTransaction], booked: list[LedgerEntry]) -> list[LedgerEntry]:
    """The entries that bear a refund's name, then those that bear their charge's."""
    names = {one.source_id for one in told}
    named = [one for one in booked if one.source in names]
    return named + [one for one in booked if one.source.startswith(("ch_", "py_"))]


def _short_refunds(
    case: PaymentComparison, told: list[PaymentTransaction], counted: list[LedgerEntry], short: int
) -> Iterator[Discrepancy]:
    """The refunds that are not booked; `short` is how much more Stripe tells than the entries that count for it."""
    known = {one.source for one in counted}
    missing = [one for one in told if one.source_id not in known]
    if short > 0 and not missing:
        yield _difference(case, LedgerKind.refund, _moved(told), _booked(counted))
    for one in _unbooked_refunds(missing, short):
        yield _difference(case, LedgerKind.refund, _moved([one]), None, repairable=True)


def _unbooked_refunds(
    missing: Sequence[PaymentTransaction], short: int
) -> list[PaymentTransaction]:
    """Which of `missing` are likely not in what the charge told in all, when `short` is not booked.

    The one that is exactly that much, else the latest: Stripe's moments are whole seconds, so order alone may lie.
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


def _by_source(case: PaymentComparison, kind: LedgerKind) -> Iterator[Discrepancy]:
    told: dict[str, list[PaymentTransaction]] = defaultdict(list)
    booked: dict[str, list[LedgerEntry]] = defaultdict(list)
    for one in _of(case, kind):
        told[one.source_id].append(one)
    for entry in _entries(case, kind):
        booked[entry.source.partition(":")[0]].append(entry)
    for name in told.keys() | booked.keys():
        moved, entries = told.get(name, []), booked.get(name, [])
        more = _amount(moved) - _total(entries)
        if more > 0:
            ledger = _booked(entries) if entries else None
            yield _difference(case, kind, _moved(moved), ledger, repairable=True)
        elif more < 0 and _within(case, entries):
            yield _doubt(case, kind, entries)


def _fees(case: PaymentComparison, at: datetime, found: ComparisonResult) -> None:
    if not _entries(case, LedgerKind.payment):
        return
    reported = _names_at_stripe(found.discrepancies)
    booked = {one.balance_transaction_id: one for one in case.entries if one.balance_transaction_id}
    for one in case.movements:
        entry = booked.pop(one.id, None)
        if entry is not None:
            found.discrepancies += _unequal_fee(case, one, entry)
        elif not one.fee or one.id in reported:
            continue
        elif at - one.created > FEE_GRACE_PERIOD:
            stripe = _fee_at_stripe(one)
            found.discrepancies.append(
                _difference(case, LedgerKind.fee, stripe, None, repairable=True)
            )
        else:
            found.fees_in_progress += 1
    found.discrepancies += _doubtful_fees(case, booked.values())


def _names_at_stripe(discrepancies: Iterable[Discrepancy]) -> set[str]:
    return {name for one in discrepancies if one.stripe for name in one.stripe.names}


def _unequal_fee(
    case: PaymentComparison, one: PaymentTransaction, entry: LedgerEntry
) -> Iterator[Discrepancy]:
    if entry.fee != one.fee or (one.fee and entry.currency != one.fee_currency):
        yield _difference(case, LedgerKind.fee, _fee_at_stripe(one), _fee_side(entry))


def _doubtful_fees(
    case: PaymentComparison, entries: Iterable[LedgerEntry]
) -> Iterator[Discrepancy]:
    """Of entries whose movement is not in the window."""
    for entry in entries:
        if entry.fee and _within(case, [entry]):
            yield replace(_doubt(case, LedgerKind.fee, [entry]), ledger=_fee_side(entry))


def _fee_at_stripe(one: PaymentTransaction) -> ReportedAmount:
    return ReportedAmount(one.fee, one.fee_currency, (one.id, one.payment_intent_id), one.created)


def _fee_side(entry: LedgerEntry) -> ReportedAmount:
    names = (f"entry {entry.id}", entry.balance_transaction_id or "")
    return ReportedAmount(entry.fee, entry.currency, names, entry.occurred_at)


def _of(case: PaymentComparison, kind: LedgerKind) -> list[PaymentTransaction]:
    return [one for one in case.movements if one.kind == kind]


def _entries(case: PaymentComparison, kind: LedgerKind) -> list[LedgerEntry]:
    return [one for one in case.entries if one.kind == kind]


def _amount(movements: Iterable[PaymentTransaction]) -> int:
    return sum(one.amount for one in movements)


def _total(entries: Iterable[LedgerEntry]) -> int:
    return abs(sum(one.amount + one.fee_cover for one in entries))


def _within(case: PaymentComparison, entries: Iterable[LedgerEntry]) -> bool:
    return any(case.since is None or one.occurred_at >= case.since for one in entries)


def _moved(movements: Sequence[PaymentTransaction]) -> ReportedAmount:
    names = [name for one in movements for name in (one.source_id, one.payment_intent_id, one.id)]
    latest = movements[-1]
    return ReportedAmount(
        _amount(movements), latest.currency, tuple(dict.fromkeys(names)), latest.created
    )


def _booked(entries: Sequence[LedgerEntry]) -> ReportedAmount:
    names = tuple(name for one in entries for name in (f"entry {one.id}", one.source))
    return ReportedAmount(_total(entries), entries[-1].currency, names, entries[-1].occurred_at)


def _difference(
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
        note=note,
    )


def _doubt(
    case: PaymentComparison, kind: LedgerKind, entries: Sequence[LedgerEntry]
) -> Discrepancy:
    return replace(_difference(case, kind, None, _booked(entries)), unconfirmed=True)
