"""Everything that may happen to a payment at Stripe, and the events that report it.

`Money` records what really happened, so it knows what can happen next and the final balance. The events are derived
from it, each with the facts that it reports.
"""

from typing import Any

from tests.histories.events import BACK, Dispute, Pick, Refund, ReportedEvent, some
from tests.histories.model import Disputed, Fact, Moved, Refunded, Returned, RunningTotal, Terms
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
        self.dispute_events = 0

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
            "dispute_is_appealed": any(self._appealable(one) for one in self.disputes),
            "dispute_is_adjusted": any(self._adjustable(one) for one in self.disputes),
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
        self._move(dispute, "out", -self._settled(dispute), pick((1500, 0)))
        return [first, self._of_dispute("funds_withdrawn", dispute, pick)]

    def _settled(self, dispute: Dispute, exchanged: int = 0) -> int:
        """Return the disputed amount in the balance's currency; `exchanged`: what a rate since then adds."""
        foreign = self.settled_in != self.facts.donation.currency
        return dispute.amount * 9 // 10 + 1 + exchanged if foreign else dispute.amount

    def _appealable(self, dispute: Dispute) -> bool:
        others = any(one.open for one in self.disputes)
        return dispute.status == "lost" and not dispute.appealed and not others

    def _adjustable(self, dispute: Dispute) -> bool:
        """Only what is smaller than the withdrawal can be told from it in another currency."""
        closed = dispute.status in {"won", "lost"}
        return closed and len(dispute.movements) < 5 and self._settled(dispute) > 60

    def _dispute_is_appealed(self, pick: Pick) -> list[ReportedEvent]:
        dispute = next(one for one in self.disputes if self._appealable(one))
        dispute.appealed, dispute.status = True, "appeal_needs_response"
        return [self._of_dispute("updated", dispute, pick)]

    def _dispute_is_adjusted(self, pick: Pick) -> list[ReportedEvent]:
        """Move some more: cents of exchange, a rounding, or a fee of its own."""
        dispute = next(one for one in self.disputes if self._adjustable(one))
        amount, category = pick(
            ((50, "dispute_reversal"), (-12, "dispute"), (7, "adjustment"), (-30, "fee"))
        )
        role = "fee" if category == "fee" else "beside"
        self._move(dispute, role, amount, 0, category)
        happened = "funds_withdrawn" if amount < 0 else "funds_reinstated"
        return [self._of_dispute(happened, dispute, pick)]

    def _move(self, dispute: Dispute, role: str, amount: int, fee: int, category: str = "") -> None:
        name = f"txn_{dispute.name}_{len(dispute.movements)}"
        dispute.roles[name] = role
        known = {"out": "dispute", "back": "dispute_reversal"}
        dispute.movements.append(
            {
                "id": name,
                "object": "balance_transaction",
                "amount": amount,
                "fee": fee,
                "reporting_category": category or known[role],
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
        review = "appeal_under_review" if dispute.appealed else "under_review"
        dispute.status = pick((review, "won", "lost"))
        if dispute.status == review:
            return [self._of_dispute("updated", dispute, pick)]
        if dispute.status == "won":
            self._move(dispute, "back", self._settled(dispute, pick((0, 3))), pick((0, -1500)))
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
        self.dispute_events += 1
        implied = dispute.status in {"won", "lost"} or dispute.appealed
        fact = Disputed(
            name=dispute.name,
            at=self.dispute_events,
            amount=dispute.amount,
            status=dispute.status,
            out=happened == "funds_withdrawn" or implied or bool(listed),
            moved=frozenset(
                Moved(
                    one["id"],
                    one["currency"],
                    one["amount"],
                    one["fee"],
                    dispute.roles[one["id"]],
                )
                for one in listed
            ),
        )
        # Seconds apart: within one second only the status before tells a lost appeal from what it appeals.
        created = self.facts.created + 1_000 + self.dispute_events
        told = event(f"charge.dispute.{happened}", found, created=created)
        return ReportedEvent(self.terms.key, told, (fact,))


def _pick_refund(refunds: list[Refund], pick: Pick) -> Refund:
    name = pick([one.name for one in refunds])
    return next(one for one in refunds if one.name == name)
