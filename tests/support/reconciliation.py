"""A Stripe account whose webhooks a test delivers or loses on purpose. For tests of reconciliation."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from campaign.ledger.invariants import broken_invariants
from campaign.models import Campaign, Donation, InboxEvent, LedgerEntry
from campaign.reconciliation.discrepancies import Discrepancy
from campaign.reconciliation.run import Reconciliation, reconcile
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from campaign.stripe_events.registry import HANDLERS
from sandbox.stripe import StripeSandbox
from sandbox.stripe.objects import billing_details
from sandbox.stripe.objects.cards import CARD_BY_NUMBER
from sandbox.stripe.objects.payments import card_of_method, payment_intent, payment_method
from sandbox.stripe.rules import charges
from sandbox.stripe.versions import has_event
from tests.support.api_versions import worded

Json = dict[str, Any]


@dataclass
class Bank:
    """The sandbox, the site, and the delivery of webhooks between them."""

    stripe: StripeSandbox
    client: FlaskClient
    installation: Installation
    store: Callable[..., None]
    wording: str = ""
    """The API version of the events that are delivered; empty for ours."""
    _seen: set[str] = field(default_factory=set)
    _forms: Iterator[int] = field(default_factory=lambda: iter(range(1, 1_000_000)))

    def give(self, amount: str = "25", campaign: str = "nine-days", **fields: str) -> str:
        """Submit the form as a donor; return the id of the checkout session."""
        number = next(self._forms)
        form = {
            "amount": amount,
            "frequency": "one_time",
            "email": f"donor{number}@example.org",
            "attempt": f"attempt-{number}",
            **fields,
        }
        answer = self.client.post(f"/c/{campaign}/donate", data=form)
        assert answer.status_code == 303, answer.status_code
        session: str = self.stripe.objects("checkout.session")[0]["id"]
        return session

    def deliver(self, lose: str = "") -> None:
        """Deliver every new event except the types that `lose` matches; those never arrive."""
        for event in reversed(self.stripe.events()):
            if event["id"] in self._seen or event["type"] not in HANDLERS:
                continue
            self._seen.add(event["id"])
            if fnmatchcase(event["type"], lose):
                continue
            if not self.wording:
                self.store(event)
            elif has_event(self.wording, event["type"]):
                self.store(worded(self.stripe, event, self.wording))
        apply_due_events(self.installation)

    def shop(self, amount: int = 4200) -> Json:
        """Make another seller's sale on the same account; return its charge."""
        account = self.stripe.account
        with account.transaction():
            intent = account.add(payment_intent(amount, "usd", account.now()))
            details = card_of_method(CARD_BY_NUMBER["4242424242424242"], 12, 2034)
            method = payment_method(details, billing_details(None, None), account.now())
            account.note(method["id"], number="4242424242424242")
            return charges.charge_card(account, intent, account.add(method))

    def reconcile(self, since: datetime | None = None, *, apply: bool = False) -> "ReconcileResult":
        found: list[Discrepancy] = []
        result = reconcile(self.installation, since, apply=apply, on_discrepancy=found.append)
        return ReconcileResult(result, found)

    def donation(self) -> Donation:
        with self.installation.sessions() as session:
            return session.scalars(select(Donation).order_by(Donation.id).limit(1)).one()

    def entries(self) -> list[tuple[str, int, int]]:
        """Return (kind, amount plus cover, fee) of every entry."""
        with self.installation.sessions() as session:
            rows = session.execute(
                select(
                    LedgerEntry.kind, LedgerEntry.amount + LedgerEntry.fee_cover, LedgerEntry.fee
                ).order_by(LedgerEntry.id)
            )
            return [(kind, moved, fee) for kind, moved, fee in rows]

    def require_order(self) -> None:
        """Check that all invariants hold and no event failed."""
        with self.installation.sessions() as session:
            assert list(broken_invariants(session)) == []
            assert (
                session.scalars(
                    select(InboxEvent.last_error).where(InboxEvent.last_error != "")
                ).all()
                == []
            )

    def balance(self, currency: str = "usd") -> int:
        """Return the sum of Stripe's balance transactions, net of fees."""
        moved = self.stripe.objects("balance_transaction")
        return sum(one["net"] for one in moved if one["currency"] == currency)

    def booked(self, currency: str = "usd") -> int:
        """Return the sum of the ledger entries, net of fees."""
        total = func.sum(LedgerEntry.amount + LedgerEntry.fee_cover - LedgerEntry.fee)
        with self.installation.sessions() as session:
            return int(session.scalar(select(total).where(LedgerEntry.currency == currency)) or 0)


@dataclass(frozen=True)
class ReconcileResult:
    """The result and discrepancies of a run."""

    result: Reconciliation
    discrepancies: list[Discrepancy]

    @property
    def kinds(self) -> list[str]:
        return [one.kind.value for one in self.discrepancies]


@pytest.fixture
def bank(
    stripe: StripeSandbox,
    client: FlaskClient,
    campaign: Campaign,
    installation: Installation,
    store: Callable[..., None],
) -> Bank:
    """For modules whose `stripe_api_base` is the sandbox's."""
    return Bank(stripe, client, installation, store)
