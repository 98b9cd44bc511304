"""Compare one dispute, as Stripe shows it now, with the ledger. No database or network access.

The ledger reads what each balance transaction means (`ledger.dispute_movements`). This does not: it takes the dispute's
status and amount, and the plain sum of its transactions, and asks whether state and entries fit them.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from campaign.ledger.balance_transactions import PaymentTransaction
from campaign.models import DonationState, LedgerEntry, LedgerKind
from campaign.reconciliation.comparison import (
    PaymentComparison,
    by_entry,
    by_source,
    discrepancy,
    in_window,
    ledger_side,
    unconfirmed,
)
from campaign.reconciliation.discrepancies import Discrepancy, ReportedAmount

_OF_DISPUTES = (LedgerKind.dispute, LedgerKind.dispute_reversed, LedgerKind.dispute_gain_loss)
_OURS = ("won", "warning_closed")
_STATES_OF_LOST = (DonationState.dispute_lost, DonationState.failed)


@dataclass(frozen=True)
class DisputeDifference:
    """An amount on which the two sides disagree; signed minor units of `currency`."""

    kind: LedgerKind
    stripe: int
    ledger: int
    currency: str
    note: str = ""


@dataclass(frozen=True)
class DisputeComparison:
    """A dispute of Stripe, the entries that name it, and its donation's state; None if the payment is not booked.

    `alone`: the donation has no other dispute that may have lost it.
    """

    dispute: Mapping[str, Any]
    entries: Sequence[LedgerEntry]
    state: str | None
    alone: bool = True

    def of(self, kind: LedgerKind) -> list[LedgerEntry]:
        """Return the entries of this kind. For a gain or loss: all, because the sum of all of them is compared."""
        if kind == LedgerKind.dispute_gain_loss:
            return list(self.entries)
        return [one for one in self.entries if one.kind == kind]

    def differences(self) -> Iterator[DisputeDifference]:
        """Yield where the ledger does not fit the dispute."""
        wrong = list(self._of_the_gift())
        yield from wrong
        if not wrong and self._decided:
            yield from self._of_the_balance()

    @property
    def _status(self) -> str:
        return self.dispute.get("status") or ""

    @property
    def _amount(self) -> int:
        return int(self.dispute["amount"])

    @property
    def _currency(self) -> str:
        return str(self.dispute["currency"])

    @property
    def _appealed(self) -> bool:
        return self._status.startswith("appeal_")

    @property
    def _decided(self) -> bool:
        return self._status in {*_OURS, "lost", "prevented"} or self._appealed

    @property
    def _gone(self) -> int:
        """What the entries take from the gift."""
        return -sum(one.amount + one.fee_cover for one in self.entries)

    def _of_the_gift(self) -> Iterator[DisputeDifference]:
        """Compare what is gone of the gift, and then the donation's state."""
        least, most = self._ought
        if self._gone < 0:
            taken = -sum(one.amount + one.fee_cover for one in self.of(LedgerKind.dispute))
            yield self._difference(LedgerKind.dispute, self._amount, taken)
        elif self._gone < least or self._gone > most > 0:
            yield self._difference(LedgerKind.dispute, self._amount, self._gone)
        elif self._gone > most:
            back = sum(one.amount + one.fee_cover for one in self.of(LedgerKind.dispute_reversed))
            yield self._difference(LedgerKind.dispute_reversed, self._amount, back)
        elif self._gone and self.state is not None and not self._state_fits:
            yield self._difference(LedgerKind.dispute, self._gone, self._gone)

    @property
    def _ought(self) -> tuple[int, int]:
        """The least and the most that may be gone: all of the disputed amount if it was lost, nothing if it was won.

        While it is open, the bank may withdraw it in parts, and may give it back before it is closed.
        """
        amounts = [one["amount"] for one in self._movements]
        if self._status in _OURS or not any(amount < 0 for amount in amounts):
            return 0, 0
        if self._decided:
            return self._amount, self._amount
        return (0 if any(amount > 0 for amount in amounts) else 1), self._amount

    @property
    def _movements(self) -> list[Mapping[str, Any]]:
        """Its balance transactions, except those that are fees as a whole."""
        listed = self.dispute.get("balance_transactions") or ()
        return [
            one
            for one in listed
            if isinstance(one, Mapping) and one.get("reporting_category") != "fee"
        ]

    def _difference(self, kind: LedgerKind, stripe: int, ledger: int) -> DisputeDifference:
        note = f"its status at Stripe is {self._status}"
        if stripe == ledger:
            note += f", but the donation is {self.state}"
        return DisputeDifference(kind, stripe, ledger, self._currency, note)

    @property
    def _state_fits(self) -> bool:
        """A lost dispute loses the gift. While it is open or appealed the gift is disputed, or lost to another one."""
        if self._status in {"lost", "prevented"}:
            return self.state in _STATES_OF_LOST
        if self.alone:
            return self.state in {DonationState.disputed, DonationState.failed}
        return self.state in {DonationState.disputed, *_STATES_OF_LOST}

    def _of_the_balance(self) -> Iterator[DisputeDifference]:
        """Compare the sum of its movements in each currency with what is gone of the gift, plus gains and losses."""
        moved: dict[str, list[int]] = defaultdict(list)
        for one in self._movements:
            moved[one["currency"]].append(one["amount"])
        for currency, amounts in moved.items():
            gain = -sum(
                one.fee
                for one in self.entries
                if one.kind == LedgerKind.dispute_gain_loss and one.currency == currency
            )
            if sum(amounts) - gain not in self._expected(currency, amounts):
                gift = -self._gone if currency == self._currency else 0
                yield DisputeDifference(
                    LedgerKind.dispute_gain_loss, sum(amounts), gift + gain, currency
                )

    def _expected(self, currency: str, amounts: Sequence[int]) -> set[int]:
        """Return what the movements may add up to without gains and losses.

        In the gift's currency: what is gone. In another: one of the movements, which stands for what is gone; nothing
        if the money is ours again, or if they are all gains.
        """
        if currency == self._currency and any(amount < 0 for amount in amounts):
            expected = {-self._gone}
        else:
            expected = {0, *amounts}
        if self._status in _OURS and not any(amount > 0 for amount in amounts):
            # The money is promised, and not in the balance yet.
            expected |= {*amounts, -self._amount}
        return expected


def compare_disputes(case: PaymentComparison) -> Iterator[Discrepancy]:
    """Compare each dispute as a whole, by what Stripe says of it now, and not by what its movements mean.

    Its status and its own amount say how much of the gift is gone; the sum of its transactions says the rest.
    """
    reported = by_source(one for one in case.movements if one.source.get("object") == "dispute")
    booked = by_entry(one for one in case.entries if one.kind in _OF_DISPUTES)
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
        ledger = ledger_side(found.of(one.kind)) if found.of(one.kind) else None
        if ledger is not None:
            ledger = replace(ledger, amount=one.ledger, currency=one.currency)
        stripe = ReportedAmount(one.stripe, one.currency, names, moved[-1].created)
        yield discrepancy(case, one.kind, stripe, ledger, repairable=True, note=one.note)


def _unconfirmed_dispute(
    case: PaymentComparison, entries: Sequence[LedgerEntry]
) -> Iterator[Discrepancy]:
    """Yield a dispute that the window does not show: what it took and did not give back, else what it gave back."""
    if not in_window(case, entries):
        return
    moved = [one for one in entries if one.kind != LedgerKind.dispute_gain_loss]
    back = [one for one in moved if one.kind == LedgerKind.dispute_reversed]
    if sum(one.amount + one.fee_cover for one in moved) < 0:
        yield unconfirmed(case, LedgerKind.dispute, moved)
    elif back:
        yield unconfirmed(case, LedgerKind.dispute_reversed, back)
