"""A gift from its beginning until its money came or did not, as it may go at Stripe. For the histories' tests."""

from dataclasses import replace

from tests.histories.events import Pick, Telling, some
from tests.histories.model import Broken, Fact, Paid, PayerKnown, Terms, Unpaid
from tests.histories.refunds_disputes import Money
from tests.support.stripe import Facts, Json, event
from tests.support.subscription_facts import deleted, failed, invoice_payment, updated


class Life:
    """What really happens to one gift: `possible` says what could be next, `happen` lets it be and tells of it."""

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
            "open": ["promise", "decline", "abandon"]
            if self.debit
            else ["pay", "decline", "abandon"],
            "promised": ["pay", "pay", "break_promise", "cancel"],
            "paid": ["break_later"] if self._may_break_later() else [],
        }
        return mine.get(self.stage, []) + [
            f"{place}.{name}" for place, one in enumerate(self.money) for name in one.possible()
        ]

    @property
    def _begun(self) -> str:
        return "promise" if self.debit else "pay"

    def _may_break_later(self) -> bool:
        return self.debit and any("take_back" in one.possible() for one in self.money)

    def happen(self, name: str, pick: Pick) -> list[Telling]:
        place, _, returning = name.rpartition(".")
        if place:
            return self.money[int(place)].happen(returning, pick)
        return list(getattr(self, f"_{name}")(pick))

    def _tell(self, found: Json, *facts: Fact) -> Telling:
        return Telling(self.terms.key, found, facts)

    def _decline(self, pick: Pick) -> list[Telling]:
        return [self._tell(self.facts.intent_failed(), Unpaid("declined"))]

    def _abandon(self, pick: Pick) -> list[Telling]:
        self.stage = "over"
        told = [self._tell(self.facts.expired(), Unpaid("expired"))]
        canceled = self._tell(self.facts.intent_canceled(), Unpaid("failed"))
        return [*told, canceled] if pick((False, True)) else told

    def _promise(self, pick: Pick) -> list[Telling]:
        self.stage = "promised"
        intent = self.facts.intent(status="processing", amount_received=0)
        told = [
            self._tell(self.facts.promised(), Unpaid("processing")),
            self._tell(event("payment_intent.processing", intent), Unpaid("processing")),
        ]
        return some(told, pick)

    def _pay(self, pick: Pick) -> list[Telling]:
        succeeded = self.facts.debit_succeeded if self.stage == "promised" else self.facts.completed
        self.stage = "paid"
        self.money.append(Money(self.facts, self.terms, pick, debit=self.debit))
        told = [
            self._tell(succeeded(), Paid()),
            self._tell(self.facts.intent_succeeded(), Paid()),
        ]
        return some(told, pick)

    def _break_promise(self, pick: Pick) -> list[Telling]:
        self.stage = "over"
        return [
            self._tell(self.facts.intent_failed(), Unpaid("declined")),
            self._tell(self.facts.debit_failed(), Broken()),
        ]

    def _break_later(self, pick: Pick) -> list[Telling]:
        """The bank takes back a debit that had succeeded, and the session tells of it, maybe the charge as well."""
        told = self.money[0].happen("take_back", pick)
        failed_later = self._tell(self.facts.debit_failed(), Broken())
        return [failed_later, *told] if pick((False, True)) else [failed_later]

    def _cancel(self, pick: Pick) -> list[Telling]:
        self.stage = "over"
        return [self._tell(self.facts.intent_canceled(), Unpaid("failed"))]


class MonthlyLife(Life):
    """A monthly gift: its first invoice, its renewals, its end."""

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
            "promised": ["pay", "break_promise"],
            "broken": ["pay"],
            "paid": ["renew", "fail_renewal", "update", "end"],
        }
        returning = [name for name in super().possible() if "." in name]
        return mine.get(self.stage, []) + returning

    def _later(self) -> int:
        self.moment += 1
        return self.moment

    def _abandon(self, pick: Pick) -> list[Telling]:
        self.stage = "over"
        return [self._tell(self.facts.expired(), Unpaid("expired"))]

    def _promise(self, pick: Pick) -> list[Telling]:
        self.stage = "promised"
        return [self._tell(self.facts.promised(), Unpaid("processing"))]

    def _break_promise(self, pick: Pick) -> list[Telling]:
        """Its invoice stays open and may be paid otherwise."""
        self.stage = "broken"
        return [self._tell(self.facts.debit_failed(), Broken())]

    def _pay(self, pick: Pick) -> list[Telling]:
        invoice = self._tell(self.facts.invoice_paid(), Paid())
        told = [invoice]
        if self.stage != "broken":
            succeeded = self.facts.debit_succeeded if self.debit else self.facts.completed
            told = some([invoice, self._tell(succeeded(), Paid())], pick)
        self.stage = "paid"
        return told + self._payer("first", self.terms, pick)

    def _payer(self, name: str, terms: Terms, pick: Pick) -> list[Telling]:
        """Which payment paid an invoice; where nobody tells, nothing that happens to it can be told apart either."""
        if not pick((True, True, False)):
            return []
        self.money.append(Money(self.facts, terms, pick, suffix=f"_{name}"))
        return [Telling(terms.key, invoice_payment(self.facts, name), (PayerKnown(),))]

    def _renew(self, pick: Pick) -> list[Telling]:
        name = f"r{len(self.renewals) + 1}"
        terms = replace(self.terms, key=f"in_{self.facts.number}_{name}", renewal=True)
        self.renewals.append(terms)
        paid = Telling(terms.key, self.facts.invoice_paid(name), (Paid(),))
        return [paid, *self._payer(name, terms, pick)]

    def _fail_renewal(self, pick: Pick) -> list[Telling]:
        """A try that failed: of the next invoice, which may be paid yet."""
        self.tries += 1
        name = f"r{len(self.renewals) + 1}"
        return [self._tell(failed(self.facts, self._later(), name, self.tries))]

    def _update(self, pick: Pick) -> list[Telling]:
        status = pick(("active", "past_due"))
        return [self._tell(updated(self.facts, self._later(), status=status))]

    def _end(self, pick: Pick) -> list[Telling]:
        self.stage = "over"
        return [self._tell(deleted(self.facts, self._later()))]
