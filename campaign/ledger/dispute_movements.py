"""What each balance transaction of a dispute means, and what the bank kept beyond the disputed amount.

The meaning is Stripe's own, `reporting_category`, never the sign alone:
https://docs.stripe.com/reports/reporting-categories. A dispute takes its own `amount`, in the gift's currency, and may
give it back, whatever moved in the balance's currency. Of those transactions one stands for the withdrawal and one for
the return; all that remains (a second movement, a rounding, an exchange) is a gain or a loss. So in each currency of
the balance: the sum of a dispute's transactions is minus its withdrawal, plus its return, plus the gain.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from campaign.models import Dispute

WON = frozenset(("won", "warning_closed"))
"""The bank decided for us, or closed an inquiry: what it withdrew is ours again."""
LOST = frozenset(("lost", "prevented"))
"""The bank decided for the donor, or the dispute was resolved before it became one: what it withdrew is gone."""
APPEALED = frozenset(("appeal_needs_response", "appeal_under_review"))
"""A lost dispute is being appealed: the money is gone until the network decides."""
GONE = LOST | APPEALED
"""The receipt is void, or corrected by the disputed part."""
DECIDED = WON | GONE


class MovementMeaning(StrEnum):
    """What a balance transaction of a dispute did."""

    withdrawal = "withdrawal"
    reversal = "reversal"
    fee = "fee"
    other = "other"


_MEANINGS = {
    "dispute": MovementMeaning.withdrawal,
    "dispute_reversal": MovementMeaning.reversal,
    "fee": MovementMeaning.fee,
}


@dataclass(frozen=True)
class DisputeMovement:
    """A balance transaction of a dispute. `amount` is signed; `fee` is all that Stripe kept of it as a fee.

    `adjustment`: it came back although the dispute was lost, so it is not the return of the disputed amount.
    """

    id: str
    amount: int
    fee: int
    currency: str
    created: int
    meaning: MovementMeaning
    adjustment: bool


def meaning_of(category: str, amount: int) -> MovementMeaning:
    """Return what a transaction of a dispute means. Without a category (rows of before 0029), its sign says it."""
    if not category:
        return MovementMeaning.withdrawal if amount < 0 else MovementMeaning.reversal
    return _MEANINGS.get(category, MovementMeaning.other)


def fee_of(category: str, amount: int, fee: int) -> int:
    """Return the fee in a transaction of a dispute: a transaction of the category `fee` is one as a whole."""
    return fee - amount if meaning_of(category, amount) == MovementMeaning.fee else fee


def movements_of(dispute: Dispute) -> list[DisputeMovement]:
    """Return the known balance transactions of a dispute, oldest first."""
    return [_read(one) for one in dispute.balance_transactions]


def _read(stored: Mapping[str, Any]) -> DisputeMovement:
    category, amount = stored.get("category") or "", stored["amount"]
    return DisputeMovement(
        id=stored["id"],
        amount=amount,
        fee=fee_of(category, amount, stored["fee"]),
        currency=stored["currency"],
        created=stored["created"],
        meaning=meaning_of(category, amount),
        adjustment=stored.get("adjustment", False),
    )


def withdrawn_by(dispute: Dispute) -> int:
    """Return how much of its own amount a dispute withdrew, as far as its transactions show; minor units.

    In the gift's currency they say how much so far. In another currency they only show that it did.
    """
    taken = _with(movements_of(dispute), MovementMeaning.withdrawal)
    mine = -sum(one.amount for one in taken if one.currency == dispute.currency)
    foreign = any(one.amount < 0 for one in taken if one.currency != dispute.currency)
    return min(dispute.amount, dispute.amount if foreign else max(0, mine))


def gains_of(dispute: Dispute) -> dict[str, int]:
    """Return what a decided dispute gained by currency of the balance; minor units, a loss is negative.

    An open dispute has gained nothing yet: its movements may be parts of the withdrawal or of its return.
    """
    if dispute.status not in DECIDED:
        return {}
    moved = [one for one in movements_of(dispute) if one.meaning != MovementMeaning.fee]
    gains: dict[str, int] = defaultdict(int)
    for one in moved:
        gains[one.currency] += one.amount
    out = _principal(dispute, moved, MovementMeaning.withdrawal)
    if out is not None:
        gains[out.currency] += out.amount
    back = _return(dispute, moved, out)
    if back is not None:
        gains[back.currency] -= back.amount
    return dict(gains)


@dataclass(frozen=True)
class _Principal:
    """What is the disputed amount in the balance: unsigned minor units of its currency."""

    currency: str
    amount: int


def _return(
    dispute: Dispute, moved: Sequence[DisputeMovement], out: _Principal | None
) -> _Principal | None:
    """Return what a won dispute returned. In the currency of the withdrawal it is the same amount.

    So what the exchange changed in between is a gain or a loss as well.
    """
    if dispute.status not in WON or not dispute.withdrawn:
        return None
    back = _principal(dispute, moved, MovementMeaning.reversal)
    same = out is not None and back is not None and out.currency == back.currency
    return out if same else back


def _principal(
    dispute: Dispute, moved: Sequence[DisputeMovement], meaning: MovementMeaning
) -> _Principal | None:
    """Return what is the disputed amount among these movements; None if it is not known yet.

    In the gift's currency that is the disputed amount itself. In another, the largest transaction: the dispute says
    nothing about it, and what follows it are adjustments.
    """
    sign = -1 if meaning == MovementMeaning.withdrawal else 1
    found = [one for one in _with(moved, meaning) if one.amount * sign > 0 and not one.adjustment]
    if any(one.currency == dispute.currency for one in found):
        return _Principal(dispute.currency, dispute.amount)
    largest = max(found, key=lambda one: abs(one.amount), default=None)
    return _Principal(largest.currency, abs(largest.amount)) if largest else None


def _with(moved: Sequence[DisputeMovement], meaning: MovementMeaning) -> list[DisputeMovement]:
    return [one for one in moved if one.meaning == meaning]
