"""What must come out: for each donation a function of the set of facts that were told of it. For the histories' tests.

Independent of the services on purpose: it knows docs/money.md and imports nothing of ours. A fact is what an event
says, stripped of its order and number; two events may say the same fact.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

STRENGTH = ("pending", "declined", "expired", "processing", "failed")


@dataclass(frozen=True)
class Terms:
    """What the donor meant to give, in minor units. `key` names the donation: its public id, or a renewal's invoice."""

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
    """Short of paid: declined, expired, processing or failed."""

    state: str


@dataclass(frozen=True)
class Paid:
    """The money came."""


@dataclass(frozen=True)
class PayerKnown:
    """By which payment an invoice was paid: only then do refunds and disputes find a monthly gift."""


@dataclass(frozen=True)
class DebitFailed:
    """The bank refused the promised debit."""


@dataclass(frozen=True)
class Returned:
    """The charge of a debit that had succeeded failed, and the balance shows it."""


@dataclass(frozen=True)
class Refunded:
    """A refund of this name; `back` once it failed or was canceled."""

    name: str
    amount: int
    back: bool = False


@dataclass(frozen=True)
class RunningTotal:
    """How much of the charge was refunded at that moment."""

    total: int


@dataclass(frozen=True)
class Disputed:
    """A word about a dispute: what it proves to have been taken and given back, and the fees it lists."""

    name: str
    amount: int
    status: str
    out: bool
    back: bool
    fees: frozenset[tuple[str, str, int]] = frozenset()


Fact = (
    Unpaid | Paid | PayerKnown | DebitFailed | Returned | Refunded | RunningTotal | Disputed
)  # fmt: skip


@dataclass(frozen=True)
class BookedState:
    """What the books say of a donation: the gift and the covered fees that are left of it, Stripe's fees by currency,
    what its valid receipt acknowledges, and how many first receipts it has."""

    state: str
    gift: int = 0
    fee_cover: int = 0
    fees: tuple[tuple[str, int], ...] = ()
    acknowledged: int | None = None
    first_receipts: int = 0


@dataclass(frozen=True)
class Figure:
    """What a campaign's page says."""

    raised: int = 0
    donations: int = 0
    donors: int = 0


@dataclass
class _Moved:
    """What left a donation again, by cause; covered fees included."""

    refunded: int = 0
    disputed: int = 0
    lost: int = 0
    returned: int = 0
    fees: dict[str, int] = field(default_factory=dict)

    @property
    def gone(self) -> int:
        return self.refunded + self.disputed + self.returned


def expected_state(terms: Terms, facts: Iterable[Fact]) -> BookedState | None:
    """What the books must say once `facts` were told; None for a renewal that nobody knows of yet."""
    reported = frozenset(facts)
    if Paid() not in reported:
        return None if terms.renewal else BookedState(_short_of_paid(reported))
    moved = _moved(terms, reported)
    return BookedState(
        state=_state(terms, moved),
        gift=terms.amount - min(moved.gone, terms.amount) - max(0, moved.gone - terms.charge),
        fee_cover=terms.fee_cover - min(max(0, moved.gone - terms.amount), terms.fee_cover),
        fees=tuple(sorted((currency, fee) for currency, fee in moved.fees.items() if fee)),
        acknowledged=max(0, terms.charge - moved.refunded - moved.lost - moved.returned),
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
        out = max(one.amount for one in said) if any(one.out for one in said) else 0
        left = 0 if any(one.back for one in said) else out
        moved.disputed += left
        moved.lost += left if any(one.status == "lost" for one in said) else 0
    for _, currency, fee in {one for said in words.values() for word in said for one in word.fees}:
        moved.fees[currency] = moved.fees.get(currency, 0) + fee
    if terms.one_time and reported & {DebitFailed(), Returned()}:
        moved.returned = terms.charge
    return moved


def _refunded(reported: frozenset[Fact]) -> int:
    """The most that charge or refunds tell, less what came back."""
    amounts = {fact.name: fact.amount for fact in reported if isinstance(fact, Refunded)}
    back = {fact.name for fact in reported if isinstance(fact, Refunded) and fact.back}
    totals = [fact.total for fact in reported if isinstance(fact, RunningTotal)]
    return max([sum(amounts.values()), *totals]) - sum(amounts[name] for name in back)


def _state(terms: Terms, moved: _Moved) -> str:
    """The gravest first."""
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
    """The sum of what is left of each gift; gifts and givers count while something is left."""
    mine = [(terms, one) for terms, one in booked_states if terms.campaign == campaign]
    standing_gifts = [terms for terms, one in mine if one.gift > 0]
    return Figure(
        raised=sum(one.gift for _, one in mine),
        donations=len(standing_gifts),
        donors=len({terms.donor.lower() for terms in standing_gifts}),
    )
