"""One payment as Stripe's balance tells it, against what the ledger says. Plain comparison: nothing is read or written.

`reconciliation.candidates` gathers the two sides.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from campaign.ledger.balance_transactions import MappedTransaction
from campaign.models import LedgerEntry, LedgerKind
from campaign.reconciliation.discrepancies import Difference, Side

FEE_WITHIN = timedelta(days=1)
"""A fee is booked minutes after its movement; one that is missing for longer is a difference."""

_BY_SOURCE = (LedgerKind.refund_failed, LedgerKind.dispute, LedgerKind.reinstatement)
_INTO = (LedgerKind.payment, LedgerKind.refund_failed, LedgerKind.reinstatement)


@dataclass(frozen=True)
class Case:
    """One donation, or one payment that the ledger does not know, with what both sides say of it.

    `charge` is what the donor agreed to, in minor units; None for a renewal of which only Stripe knows.
    """

    donation: str
    payment_intent_id: str | None
    charge: int | None
    currency: str | None
    entries: Sequence[LedgerEntry]
    movements: Sequence[MappedTransaction]
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
class Comparison:
    """The differences of one case, and how many fees are simply not booked yet."""

    differences: list[Difference] = field(default_factory=list)
    young_fees: int = 0


def compare(case: Case, at: datetime) -> Comparison:
    """Where the two sides of `case` differ at `at`."""
    case = replace(case, payment_intent_id=case.intent)
    found = Comparison()
    mine = [one for one in case.movements if one.payment_intent_id == case.payment_intent_id]
    found.differences += _second_payments(case)
    case = replace(case, movements=mine)
    found.differences += [*_payment(case), *_refunds(case)]
    for kind in _BY_SOURCE:
        found.differences += _by_source(case, kind)
    _fees(case, at, found)
    return found


def _second_payments(case: Case) -> Iterator[Difference]:
    """Another payment that names the same donation: charged twice, unless it went back."""
    left: Counter[str] = Counter()
    first: dict[str, MappedTransaction] = {}
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
            yield Difference(case.donation, LedgerKind.payment, intent, stripe, ledger, note=note)


def _payment(case: Case) -> Iterator[Difference]:
    """A charge that was taken back and then charged anew is one payment."""
    taken, back = _of(case, LedgerKind.payment), _of(case, LedgerKind.payment_failed)
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


def _returned(case: Case, back: list[MappedTransaction], returned: int) -> Iterator[Difference]:
    """`returned` is what was taken back and not charged anew, of all that was taken `back`."""
    failed = _entries(case, LedgerKind.payment_failed)
    if returned > _total(failed):
        ledger = _booked(failed) if failed else None
        stripe = replace(_moved(back), amount=returned)
        yield _difference(case, LedgerKind.payment_failed, stripe, ledger, mendable=not failed)
    elif failed and returned < _total(failed) and _within(case, failed):
        yield _doubt(case, LedgerKind.payment_failed, failed)


def _unbooked(
    case: Case, taken: list[MappedTransaction], back: list[MappedTransaction]
) -> Iterator[Difference]:
    """A promised debit that was broken may show in the balance and leave it again: that was no payment."""
    if _amount(taken) <= _amount(back):
        return
    stripe = _moved(taken[-1:])
    agreed = (case.charge, case.currency)
    agrees = case.charge is None or (stripe.amount, stripe.currency) == agreed
    note = "" if agrees else "it is not what the donor agreed to"
    yield _difference(case, LedgerKind.payment, stripe, None, mendable=agrees, note=note)


def _refunds(case: Case) -> Iterator[Difference]:
    """Some refunds are booked by what their charge told in all, under its name and no refund's."""
    told, booked = _of(case, LedgerKind.refund), _entries(case, LedgerKind.refund)
    counted = _counted(told, booked)
    short = _amount(told) - _total(counted)
    yield from _short_refunds(case, told, counted, short)
    strange = [one for one in booked if one not in counted]
    if _within(case, strange) or (short < 0 and _within(case, counted)):
        yield _doubt(case, LedgerKind.refund, booked)


def _counted(told: list[MappedTransaction], booked: list[LedgerEntry]) -> list[LedgerEntry]:
    """The entries that bear a refund's name, then those that bear their charge's."""
    names = {one.source_id for one in told}
    named = [one for one in booked if one.source in names]
    return named + [one for one in booked if one.source.startswith(("ch_", "py_"))]


def _short_refunds(
    case: Case, told: list[MappedTransaction], counted: list[LedgerEntry], short: int
) -> Iterator[Difference]:
    """The refunds that are not booked; `short` is how much more Stripe tells than the entries that count for it."""
    known = {one.source for one in counted}
    missing = [one for one in told if one.source_id not in known]
    if short > 0 and not missing:
        yield _difference(case, LedgerKind.refund, _moved(told), _booked(counted))
    for one in _unbooked_refunds(missing, short):
        yield _difference(case, LedgerKind.refund, _moved([one]), None, mendable=True)


def _unbooked_refunds(missing: Sequence[MappedTransaction], short: int) -> list[MappedTransaction]:
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


def _by_source(case: Case, kind: LedgerKind) -> Iterator[Difference]:
    told: dict[str, list[MappedTransaction]] = defaultdict(list)
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
            yield _difference(case, kind, _moved(moved), ledger, mendable=True)
        elif more < 0 and _within(case, entries):
            yield _doubt(case, kind, entries)


def _fees(case: Case, at: datetime, found: Comparison) -> None:
    if not _entries(case, LedgerKind.payment):
        return
    reported = _names_at_stripe(found.differences)
    booked = {one.balance_transaction_id: one for one in case.entries if one.balance_transaction_id}
    for one in case.movements:
        entry = booked.pop(one.id, None)
        if entry is not None:
            found.differences += _unequal_fee(case, one, entry)
        elif not one.fee or one.id in reported:
            continue
        elif at - one.created > FEE_WITHIN:
            stripe = _fee_at_stripe(one)
            found.differences.append(_difference(case, LedgerKind.fee, stripe, None, mendable=True))
        else:
            found.young_fees += 1
    found.differences += _doubtful_fees(case, booked.values())


def _names_at_stripe(differences: Iterable[Difference]) -> set[str]:
    return {name for one in differences if one.stripe for name in one.stripe.names}


def _unequal_fee(case: Case, one: MappedTransaction, entry: LedgerEntry) -> Iterator[Difference]:
    if entry.fee != one.fee or (one.fee and entry.currency != one.fee_currency):
        yield _difference(case, LedgerKind.fee, _fee_at_stripe(one), _fee_side(entry))


def _doubtful_fees(case: Case, entries: Iterable[LedgerEntry]) -> Iterator[Difference]:
    """Of entries whose movement is not in the window."""
    for entry in entries:
        if entry.fee and _within(case, [entry]):
            yield replace(_doubt(case, LedgerKind.fee, [entry]), ledger=_fee_side(entry))


def _fee_at_stripe(one: MappedTransaction) -> Side:
    return Side(one.fee, one.fee_currency, (one.id, one.payment_intent_id), one.created)


def _fee_side(entry: LedgerEntry) -> Side:
    names = (f"entry {entry.id}", entry.balance_transaction_id or "")
    return Side(entry.fee, entry.currency, names, entry.occurred_at)


def _of(case: Case, kind: LedgerKind) -> list[MappedTransaction]:
    return [one for one in case.movements if one.kind == kind]


def _entries(case: Case, kind: LedgerKind) -> list[LedgerEntry]:
    return [one for one in case.entries if one.kind == kind]


def _amount(movements: Iterable[MappedTransaction]) -> int:
    return sum(one.amount for one in movements)


def _total(entries: Iterable[LedgerEntry]) -> int:
    return abs(sum(one.amount + one.cover for one in entries))


def _within(case: Case, entries: Iterable[LedgerEntry]) -> bool:
    return any(case.since is None or one.occurred_at >= case.since for one in entries)


def _moved(movements: Sequence[MappedTransaction]) -> Side:
    names = [name for one in movements for name in (one.source_id, one.payment_intent_id, one.id)]
    latest = movements[-1]
    return Side(_amount(movements), latest.currency, tuple(dict.fromkeys(names)), latest.created)


def _booked(entries: Sequence[LedgerEntry]) -> Side:
    names = tuple(name for one in entries for name in (f"entry {one.id}", one.source))
    return Side(_total(entries), entries[-1].currency, names, entries[-1].occurred_at)


def _difference(
    case: Case,
    kind: LedgerKind,
    stripe: Side | None,
    ledger: Side | None,
    *,
    mendable: bool = False,
    note: str = "",
) -> Difference:
    return Difference(
        case.donation,
        kind,
        case.payment_intent_id,
        stripe,
        ledger,
        mendable=mendable,
        renewal=case.renewal,
        note=note,
    )


def _doubt(case: Case, kind: LedgerKind, entries: Sequence[LedgerEntry]) -> Difference:
    return replace(_difference(case, kind, None, _booked(entries)), doubtful=True)
