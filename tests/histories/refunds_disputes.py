"""Everything that may happen to a payment at Stripe, and the events that report it.

`Money` records what really happened, so it knows what can happen next and the final balance. The events are derived
from it, each with the facts that it reports.
"""

from typing import Any

from tests.histories.events import BACK, Dispute, Pick, Refund, ReportedEvent, some
from tests.histories.model import Disputed, Fact, Refunded, Returned, RunningTotal, Terms
from tests.support.stripe import Facts, Json, event

SHARES = (1, 10, 33, 50, 99, 100)


class Money:
    """One payment at Stripe. `suffix` distinguishes payments of a monthly gift; a `debit` can be returned."""

    def __init__(
        self, facts: Facts, terms: Terms, pick: Pick, *, suffix: str = "", debit: bool = False
    ) -> None:
        self.facts = facts
        self.terms = terms
        self.debit = debit
        self.suffix = suffix
        self.intent = f"pi_{facts.number}{suffix}"
        self.charge_id = f"ch_{facts.number}{suffix}"
        self.translated = pick(("both", "refunds", "totals"))
        self.settled_in = pick((facts.donation.currency, facts.donation.currency, "eur"))
        self.named = terms.one_time and pick((False, True))
        self.refunds: list[Refund] = []
        self.disputes: list[Dispute] = []
        self.reversal_reason = False
        self.warned = False

    @property
    def refunded(self) -> int:
        return sum(one.amount for one in self.refunds if one.status not in BACK)

    @property
    def balance(self) -> int:
        """What is left of the payment, before fees."""
        withdrawn = sum(one.withdrawn for one in self.disputes)
        return self.terms.charge * (not self.reversal_reason) - self.refunded - withdrawn

    def possible(self) -> list[str]:
        """Return what can happen next."""
        quiet = not any(one.open for one in self.disputes)
        calm = quiet or all(one.inquiry for one in self.disputes if one.open)
        lost = any(one.status == "lost" for one in self.disputes)
        refundable = self.terms.charge > self.refunded
        names = {
            "warn": not self.warned,
            "refund": calm and refundable and not self.reversal_reason and not lost,
            "refund_arrives": any(one.status == "pending" for one in self.refunds),
            "refund_comes_back": self.translated != "totals" and self.refunded > 0,
            "dispute": quiet and not lost and not self.reversal_reason and len(self.disputes) < 2,
            "inquire": quiet and not lost and not self.reversal_reason and len(self.disputes) < 2,
            "dispute_goes_on": not quiet,
            "return_debit": self.debit and quiet and not lost and not self.reversal_reason,
        }
        return [name for name, could in names.items() if could]

    def happen(self, name: str, pick: Pick) -> list[ReportedEvent]:
        """Make it happen, and return the events that report it."""
        return list(getattr(self, f"_{name}")(pick))

    def _report(self, kind: str, found: Json, *facts: Fact) -> ReportedEvent:
        return ReportedEvent(self.terms.key, event(kind, found), facts)

    def _warn(self, pick: Pick) -> list[ReportedEvent]:
        self.warned = True
        found = {
            "id": f"issfr_{self.facts.number}{self.suffix}",
            "object": "radar.early_fraud_warning",
            "created": self.facts.created + 30,
            "actionable": True,
            "fraud_type": "made_with_stolen_card",
            "charge": self.charge_id,
            "payment_intent": self.intent,
        }
        return [self._report("radar.early_fraud_warning." + pick(("created", "updated")), found)]

    def _refund(self, pick: Pick) -> list[ReportedEvent]:
        room = self.terms.charge - self.refunded
        amount = max(1, room * pick(SHARES) // 100)
        name = f"{self.suffix}{len(self.refunds)}"
        self.refunds.append(Refund(name, amount, pick(("succeeded", "pending"))))
        reported = [self._of_refund("refund.created", self.refunds[-1])]
        total = self._total(listed=self.translated == "both" and pick((False, True)))
        return {"both": [*reported, total], "refunds": reported, "totals": [total]}[self.translated]

    def _refund_arrives(self, pick: Pick) -> list[ReportedEvent]:
        refund = _pick_refund([one for one in self.refunds if one.status == "pending"], pick)
        refund.status = "succeeded"
        kind = pick(("refund.updated", "charge.refund.updated"))
        return [] if self.translated == "totals" else [self._of_refund(kind, refund)]

    def _refund_comes_back(self, pick: Pick) -> list[ReportedEvent]:
        refund = _pick_refund([one for one in self.refunds if one.status not in BACK], pick)
        refund.status = pick(BACK) if refund.status == "pending" else "failed"
        canceled = refund.status == "canceled"
        kinds = pick((("refund.updated",), ("refund.updated", "refund.failed")))
        reported = [self._of_refund(kind, refund) for kind in (kinds[:1] if canceled else kinds)]
        return [*reported, self._total(listed=False)] if pick((False, True)) else reported

    def _of_refund(self, kind: str, refund: Refund) -> ReportedEvent:
        fact = Refunded(refund.name, refund.amount, refund.status in BACK)
        return self._report(kind, self._refund_object(refund), fact)

    def _refund_object(self, refund: Refund) -> Json:
        return self.facts.refund(
            refund.name,
            refund.amount,
            refund.status,
            payment_intent=self.intent,
            charge=self.charge_id,
        )

    def _total(self, *, listed: bool) -> ReportedEvent:
        """Report the charge; `listed`: with its refunds, as in an older version of Stripe's API."""
        listing = {
            "refunds": {
                "object": "list",
                "data": [self._refund_object(one) for one in self.refunds],
            }
        }
        found = self._charge(amount_refunded=self.refunded, **(listing if listed else {}))
        facts: list[Fact] = [RunningTotal(self.refunded)]
        if listed:
            facts += [Refunded(one.name, one.amount, one.status in BACK) for one in self.refunds]
        return self._report("charge.refunded", found, *facts)

    def _charge(self, **changes: Any) -> Json:
        return self.facts.charge(
            id=self.charge_id,
            payment_intent=self.intent,
            metadata={"donation_id": self.terms.key} if self.named else {},
            **changes,
        )

    def _return_debit(self, pick: Pick) -> list[ReportedEvent]:
        self.reversal_reason = True
        name = f"txn_back_{self.facts.number}"
        found = self._charge(status="failed", failure_balance_transaction=name)
        return [self._report("charge.failed", found, Returned())]

    def _inquire(self, pick: Pick) -> list[ReportedEvent]:
        dispute = self._opened(pick, "warning_needs_response")
        return [self._of_dispute("created", dispute, pick)]

    def _dispute(self, pick: Pick) -> list[ReportedEvent]:
        dispute = self._opened(pick, "needs_response")
        return self._withdrawn(dispute, "created", pick)

    def _opened(self, pick: Pick, status: str) -> Dispute:
        amount = max(1, self.terms.charge * pick((100, 100, 60, 5)) // 100)
        name = f"du_{self.facts.number}{self.suffix}_{len(self.disputes)}"
        self.disputes.append(Dispute(name, amount, status))
        return self.disputes[-1]

    def _withdrawn(self, dispute: Dispute, kind: str, pick: Pick) -> list[ReportedEvent]:
        """Withdraw the amount. The first event may come before the balance shows it."""
        first = self._of_dispute(kind, dispute, pick)
        self._move(dispute, -1, pick((1500, 0)))
        return [first, self._of_dispute("funds_withdrawn", dispute, pick)]

    def _move(self, dispute: Dispute, sign: int, fee: int) -> None:
        foreign = self.settled_in != self.facts.donation.currency
        dispute.movements.append(
            {
                "id": f"txn_{dispute.name}_{len(dispute.movements)}",
                "object": "balance_transaction",
                "amount": sign * (dispute.amount * 9 // 10 + 1 if foreign else dispute.amount),
                "fee": fee,
                "currency": self.settled_in,
                "created": self.facts.created + 100 + len(dispute.movements),
                "type": "adjustment",
                "source": dispute.name,
            }
        )

    def _dispute_goes_on(self, pick: Pick) -> list[ReportedEvent]:
        dispute = next(one for one in self.disputes if one.open)
        if dispute.inquiry:
            return self._inquiry_goes_on(dispute, pick)
        dispute.status = pick(("under_review", "won", "lost"))
        if dispute.status == "under_review":
            return [self._of_dispute("updated", dispute, pick)]
        if dispute.status == "won":
            self._move(dispute, 1, pick((0, -1500)))
            reported = [self._of_dispute("closed", dispute, pick)]
            reported.append(self._of_dispute("funds_reinstated", dispute, pick))
            return some(reported, pick)
        return [self._of_dispute("closed", dispute, pick)]

    def _inquiry_goes_on(self, dispute: Dispute, pick: Pick) -> list[ReportedEvent]:
        dispute.status = pick(
            ("needs_response", "warning_under_review", "warning_closed", "prevented")
        )
        if dispute.status == "needs_response":
            return self._withdrawn(dispute, "updated", pick)
        kind = "updated" if dispute.open else "closed"
        return [self._of_dispute(kind, dispute, pick)]

    def _of_dispute(self, happened: str, dispute: Dispute, pick: Pick) -> ReportedEvent:
        listed = list(dispute.movements) if pick((True, False)) else []
        found = self.facts.dispute(
            dispute.status,
            id=dispute.name,
            amount=dispute.amount,
            payment_intent=self.intent,
            charge=self.charge_id,
            balance_transactions=listed,
        )
        ended = dispute.status in {"won", "lost"}
        back = happened == "funds_reinstated" or dispute.status == "won" or len(listed) == 2
        fact = Disputed(
            name=dispute.name,
            amount=dispute.amount,
            status=dispute.status,
            out=happened == "funds_withdrawn" or ended or back or bool(listed),
            back=back,
            fees=frozenset((one["id"], one["currency"], one["fee"]) for one in listed),
        )
        return self._report(f"charge.dispute.{happened}", found, fact)


def _pick_refund(refunds: list[Refund], pick: Pick) -> Refund:
    name = pick([one.name for one in refunds])
    return next(one for one in refunds if one.name == name)
