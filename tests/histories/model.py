"""The expected result: for each donation, a function of the set of facts that were reported about it.

It is independent of the service on purpose: it follows docs/money.md and imports none of our code. A fact is the
content of an event without its order and number; two events may report the same fact.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

STRENGTH = ("pending", "declined", "expired", "processing", "failed")


@dataclass(frozen=True)
class Terms:
    """What the donor agreed to give, in minor units. `key` is the donation's public id, or a renewal's invoice."""

    key: str
    campaign: str
    donor: str
    amount: int
    fee_cover: int
    one_time: bool
    renewal: bool = False

    @property
    def charge(self) -> int:
        return self.amount + self.fee_cover


@dataclass(frozen=True)
class Unpaid:
    """Not paid: declined, expired, processing or failed."""

    state: str


@dataclass(frozen=True)
class Paid:
    """The gift was paid."""


@dataclass(frozen=True)
class PayerKnown:
    """The payment of an invoice is known. Only then can refunds and disputes be matched to a monthly gift."""


@dataclass(frozen=True)
class DebitFailed:
    """The bank declined the debit."""


@dataclass(frozen=True)
class Returned:
    """A debit that had succeeded was returned, and the balance shows it."""


@dataclass(frozen=True)
class Refunded:
    """A refund with this name. `back`: it failed or was canceled."""

    name: str
    amount: int
    back: bool = False


@dataclass(frozen=True)
class RunningTotal:
    """The total refunded of the charge at that moment."""

    total: int


@dataclass(frozen=True)
class Moved:
    """A movement of a dispute in the balance, and its role: out, back, beside or fee."""

    name: str
    currency: str
    amount: int
    fee: int
    role: str


@dataclass(frozen=True)
class Disputed:
    """The report number `at` about a dispute: its status, whether the amount was withdrawn, the movements it lists."""

    name: str
    at: int
    amount: int
    status: str
    out: bool
    moved: frozenset[Moved] = frozenset()


Fact = (
    Unpaid | Paid | PayerKnown | DebitFailed | Returned | Refunded | RunningTotal | Disputed
)  # fmt: skip


@dataclass(frozen=True)
class BookedState:
    """A donation in the books: what is left of gift and covered fees, Stripe's fees and the gains on disputes by
    currency, the amount of the valid receipt, and the number of first receipts."""

    state: str
    gift: int = 0
    fee_cover: int = 0
    fees: tuple[tuple[str, int], ...] = ()
    gains: tuple[tuple[str, int], ...] = ()
    acknowledged: int | None = None
    first_receipts: int = 0


@dataclass(frozen=True)
class Figure:
    """The figures on a campaign's page."""

    raised: int = 0
    donations: int = 0
    donors: int = 0


@dataclass
class _Moved:
    """What was reversed of a donation by cause, including covered fees."""

    refunded: int = 0
    disputed: int = 0
    lost: int = 0
    void: int = 0
    returned: int = 0
    fees: dict[str, int] = field(default_factory=dict)
    gains: dict[str, int] = field(default_factory=dict)

    @property
    def gone(self) -> int:
        return self.refunded + self.disputed + self.returned


def expected_state(terms: Terms, facts: Iterable[Fact]) -> BookedState | None:
    """Return the expected books after `facts` were reported, or None for a renewal that is not known yet."""
    reported = frozenset(facts)
    if Paid() not in reported:
        return None if terms.renewal else BookedState(_short_of_paid(reported))
    moved = _moved(terms, reported)
    return BookedState(
        state=_state(terms, moved),
        gift=terms.amount - min(moved.gone, terms.amount) - max(0, moved.gone - terms.charge),
        fee_cover=terms.fee_cover - min(max(0, moved.gone - terms.amount), terms.fee_cover),
        fees=tuple(sorted((currency, fee) for currency, fee in moved.fees.items() if fee)),
        gains=tuple(sorted((currency, gain) for currency, gain in moved.gains.items() if gain)),
        acknowledged=max(0, terms.charge - moved.refunded - moved.void - moved.returned),
        first_receipts=1,
    )


def _short_of_paid(reported: frozenset[Fact]) -> str:
    states = {fact.state for fact in reported if isinstance(fact, Unpaid)}
    states |= {"failed"} if DebitFailed() in reported else set()
    return max(states, key=STRENGTH.index, default="pending")


def _moved(terms: Terms, reported: frozenset[Fact]) -> _Moved:
    if not terms.one_time and PayerKnown() not in reported:
        return _Moved()
    moved = _Moved(refunded=_refunded(reported))
    words: dict[str, list[Disputed]] = {}
    for fact in reported:
        if isinstance(fact, Disputed):
            words.setdefault(fact.name, []).append(fact)
    for said in words.values():
        _dispute(moved, said)
    if terms.one_time and reported & {DebitFailed(), Returned()}:
        moved.returned = terms.charge
    return moved


def _dispute(moved: _Moved, said: list[Disputed]) -> None:
    """Add what the latest report makes of a dispute, and what all of them list."""
    latest = max(said, key=lambda one: one.at)
    gone = latest.amount if any(one.out for one in said) and latest.status != "won" else 0
    lost = latest.status in {"lost", "prevented"}
    void = lost or latest.status.startswith("appeal_")
    moved.disputed += gone
    moved.lost += gone * lost
    moved.void += gone * void
    listed = {one for report in said for one in report.moved}
    for one in listed:
        fee = one.fee - (one.amount if one.role == "fee" else 0)
        moved.fees[one.currency] = moved.fees.get(one.currency, 0) + fee
    roles = {one.role for one in listed}
    for one in listed:
        exchanged = (
            latest.status == "won" and {"out", "back"} <= roles and one.role in {"out", "back"}
        )
        if (latest.status == "won" or void) and (one.role == "beside" or exchanged):
            moved.gains[one.currency] = moved.gains.get(one.currency, 0) + one.amount


def _refunded(reported: frozenset[Fact]) -> int:
    """Return the larger of the charge's total and the sum of refunds, less failed refunds."""
    amounts = {fact.name: fact.amount for fact in reported if isinstance(fact, Refunded)}
    back = {fact.name for fact in reported if isinstance(fact, Refunded) and fact.back}
    totals = [fact.total for fact in reported if isinstance(fact, RunningTotal)]
    return max([sum(amounts.values()), *totals]) - sum(amounts[name] for name in back)


def _state(terms: Terms, moved: _Moved) -> str:
    """Return the state. The most severe one takes precedence."""
    if moved.returned:
        return "failed"
    if moved.lost:
        return "dispute_lost"
    if moved.disputed:
        return "disputed"
    if moved.refunded >= terms.charge:
        return "refunded"
    return "partially_refunded" if moved.refunded else "paid"


def figure(campaign: str, booked_states: Iterable[tuple[Terms, BookedState]]) -> Figure:
    """Return the sum of what is left of each gift. Gifts and donors count while something is left."""
    mine = [(terms, one) for terms, one in booked_states if terms.campaign == campaign]
    standing_gifts = [terms for terms, one in mine if one.gift > 0]
    return Figure(
        raised=sum(one.gift for _, one in mine),
        donations=len(standing_gifts),
        donors=len({terms.donor.lower() for terms in standing_gifts}),
    )
