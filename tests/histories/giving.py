"""Everything that may happen to a gift at Stripe until it is paid or not."""

from dataclasses import replace

from tests.histories.events import Pick, ReportedEvent, some
from tests.histories.model import DebitFailed, Fact, Paid, PayerKnown, Terms, Unpaid
from tests.histories.refunds_disputes import Money
from tests.support.stripe import Facts, Json, event
from tests.support.subscription_facts import deleted, failed, invoice_payment, updated


class GiftHistory:
    """What really happens to one gift. `possible` lists what can happen next; `happen` does it and returns events."""

    def __init__(self, facts: Facts, terms: Terms, pick: Pick) -> None:
        self.facts = facts
        self.terms = terms
        self.money: list[Money] = []
        self.stage = "open"
        self.debit = pick((False, True))
        self.tries = 0

    @property
    def all_terms(self) -> list[Terms]:
        return [self.terms]

    def possible(self) -> list[str]:
        mine = {
            "open": ["start_debit", "decline", "abandon"]
            if self.debit
            else ["pay", "decline", "abandon"],
            "processing": ["pay", "pay", "fail_debit", "cancel"],
            "paid": ["return_later"] if self._may_return_later() else [],
        }
        return mine.get(self.stage, []) + [
            f"{place}.{name}" for place, one in enumerate(self.money) for name in one.possible()
        ]

    @property
    def _begun(self) -> str:
        return "start_debit" if self.debit else "pay"

    def _may_return_later(self) -> bool:
        return self.debit and any("return_debit" in one.possible() for one in self.money)

    def happen(self, name: str, pick: Pick) -> list[ReportedEvent]:
        place, _, returning = name.rpartition(".")
        if place:
            return self.money[int(place)].happen(returning, pick)
        return list(getattr(self, f"_{name}")(pick))

    def _report(self, found: Json, *facts: Fact) -> ReportedEvent:
        return ReportedEvent(self.terms.key, found, facts)

    def _decline(self, pick: Pick) -> list[ReportedEvent]:
        return [self._report(self.facts.intent_failed(), Unpaid("declined"))]

    def _abandon(self, pick: Pick) -> list[ReportedEvent]:
        self.stage = "over"
        reported = [self._report(self.facts.expired(), Unpaid("expired"))]
        canceled = self._report(self.facts.intent_canceled(), Unpaid("failed"))
        return [*reported, canceled] if pick((False, True)) else reported

    def _start_debit(self, pick: Pick) -> list[ReportedEvent]:
        self.stage = "processing"
        intent = self.facts.intent(status="processing", amount_received=0)
        reported = [
            self._report(self.facts.promised(), Unpaid("processing")),
            self._report(event("payment_intent.processing", intent), Unpaid("processing")),
        ]
        return some(reported, pick)

    def _pay(self, pick: Pick) -> list[ReportedEvent]:
        succeeded = (
            self.facts.debit_succeeded if self.stage == "processing" else self.facts.completed
        )
        self.stage = "paid"
        self.money.append(Money(self.facts, self.terms, pick, debit=self.debit))
        reported = [
            self._report(succeeded(), Paid()),
            self._report(self.facts.intent_succeeded(), Paid()),
        ]
        return some(reported, pick)

    def _fail_debit(self, pick: Pick) -> list[ReportedEvent]:
        self.stage = "over"
        return [
            self._report(self.facts.intent_failed(), Unpaid("declined")),
            self._report(self.facts.debit_failed(), DebitFailed()),
        ]

    def _return_later(self, pick: Pick) -> list[ReportedEvent]:
        """Return a debit that had succeeded. The session's event reports it, and maybe the charge's as well."""
        reported = self.money[0].happen("return_debit", pick)
        failed_later = self._report(self.facts.debit_failed(), DebitFailed())
        return [failed_later, *reported] if pick((False, True)) else [failed_later]

    def _cancel(self, pick: Pick) -> list[ReportedEvent]:
        self.stage = "over"
        return [self._report(self.facts.intent_canceled(), Unpaid("failed"))]


class MonthlyHistory(GiftHistory):
    """A monthly gift: its first invoice, its renewals and its end."""

    def __init__(self, facts: Facts, terms: Terms, pick: Pick) -> None:
        super().__init__(facts, terms, pick)
        self.renewals: list[Terms] = []
        self.moment = 0

    @property
    def all_terms(self) -> list[Terms]:
        return [self.terms, *self.renewals]

    def possible(self) -> list[str]:
        mine = {
            "open": [self._begun, self._begun, "abandon"],
            "processing": ["pay", "fail_debit"],
            "broken": ["pay"],
            "paid": ["renew", "fail_renewal", "update", "end"],
        }
        returning = [name for name in super().possible() if "." in name]
        return mine.get(self.stage, []) + returning

    def _later(self) -> int:
        self.moment += 1
        return self.moment

    def _abandon(self, pick: Pick) -> list[ReportedEvent]:
        self.stage = "over"
        return [self._report(self.facts.expired(), Unpaid("expired"))]

    def _start_debit(self, pick: Pick) -> list[ReportedEvent]:
        self.stage = "processing"
        return [self._report(self.facts.promised(), Unpaid("processing"))]

    def _fail_debit(self, pick: Pick) -> list[ReportedEvent]:
        """Fail the debit. The invoice stays open and may be paid in another way."""
        self.stage = "broken"
        return [self._report(self.facts.debit_failed(), DebitFailed())]

    def _pay(self, pick: Pick) -> list[ReportedEvent]:
        invoice = self._report(self.facts.invoice_paid(), Paid())
        reported = [invoice]
        if self.stage != "broken":
            succeeded = self.facts.debit_succeeded if self.debit else self.facts.completed
            reported = some([invoice, self._report(succeeded(), Paid())], pick)
        self.stage = "paid"
        return reported + self._payer("first", self.terms, pick)

    def _payer(self, name: str, terms: Terms, pick: Pick) -> list[ReportedEvent]:
        """Report which payment paid an invoice, or not; then nothing that happens to the payment can be attributed."""
        if not pick((True, True, False)):
            return []
        self.money.append(Money(self.facts, terms, pick, suffix=f"_{name}"))
        return [ReportedEvent(terms.key, invoice_payment(self.facts, name), (PayerKnown(),))]

    def _renew(self, pick: Pick) -> list[ReportedEvent]:
        name = f"r{len(self.renewals) + 1}"
        terms = replace(self.terms, key=f"in_{self.facts.number}_{name}", renewal=True)
        self.renewals.append(terms)
        paid = ReportedEvent(terms.key, self.facts.invoice_paid(name), (Paid(),))
        return [paid, *self._payer(name, terms, pick)]

    def _fail_renewal(self, pick: Pick) -> list[ReportedEvent]:
        """Fail an attempt to charge the next invoice, which may still be paid later."""
        self.tries += 1
        name = f"r{len(self.renewals) + 1}"
        return [self._report(failed(self.facts, self._later(), name, self.tries))]

    def _update(self, pick: Pick) -> list[ReportedEvent]:
        status = pick(("active", "past_due"))
        return [self._report(updated(self.facts, self._later(), status=status))]

    def _end(self, pick: Pick) -> list[ReportedEvent]:
        self.stage = "over"
        return [self._report(deleted(self.facts, self._later()))]
