"""Replay what Stripe reported about a payment, from outside: the form, signed webhooks, the inbox, Stripe's objects.

A case is a list of events as data, in the order of delivery: made by `disputed_gift`, by builders of a test's own, or
read from a file as `{"about": …, "events": […]}`. `Replay.begin` submits the form for the amount, currency and
frequency of the case's checkout session, and returns the case with that gift's ids in place of `don_…` and `cs_test_…`.
"""

import itertools
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from campaign.core import money
from campaign.ledger.invariants import broken_invariants
from campaign.models import Campaign, Dispute, Donation, InboxEvent, LedgerEntry, Receipt
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from sandbox.stripe import StripeSandbox
from sandbox.stripe.objects import billing_details, payments
from sandbox.stripe.objects import money as stripe_money
from sandbox.stripe.objects.cards import CARD_BY_NUMBER
from tests.support.ledger import campaign_in
from tests.support.stripe import Json, event

_numbers = itertools.count(1)


def read_case(path: Path) -> list[Json]:
    """Return the events of a case file."""
    found: list[Json] = json.loads(path.read_text(encoding="utf-8"))["events"]
    return found


@dataclass(frozen=True)
class CaseResult:
    """One gift in the books. `kept`: what Stripe or the bank kept, by (kind of entry, currency); a gain is negative."""

    state: str
    gift: int
    acknowledged: int | None
    receipts: tuple[str, ...]
    kept: dict[tuple[str, str], int]
    dispute: tuple[str, int | None] | None


@dataclass
class Replay:
    """Begins gifts by the form and delivers events about them."""

    client: FlaskClient
    installation: Installation
    stripe: StripeSandbox
    post: Callable[..., TestResponse]
    campaigns: dict[str, Campaign] = field(default_factory=dict)

    def begin(self, events: Sequence[Json]) -> tuple[Donation, list[Json]]:
        """Submit the form; return the pending donation, and the events as they are for it."""
        session = next(
            one["data"]["object"]
            for one in events
            if one["data"]["object"]["object"] == "checkout.session"
        )
        currency, number = session["currency"], next(_numbers)
        if currency not in self.campaigns:
            self.campaigns[currency] = campaign_in(self.installation, currency)
        form = {
            "amount": str(money.to_decimal(session["amount_total"], currency)),
            "frequency": "monthly" if session["mode"] == "subscription" else "one_time",
            "email": f"replayed{number}@example.org",
            "name": "Ana Reyes",
            "attempt": f"replayed-{number}",
        }
        answer = self.client.post(f"/c/{self.campaigns[currency].slug}/donate", data=form)
        assert answer.status_code == 303, (answer.status_code, answer.text[:500])
        with self.installation.sessions() as opened:
            donation = opened.scalars(select(Donation).order_by(Donation.id.desc()).limit(1)).one()
        return donation, renamed(
            events, {"don_": donation.public_id, "cs_test_": donation.session_id or ""}
        )

    def know(self, events: Iterable[Json]) -> None:
        """Let the sandbox answer with the objects of these events, and the balance transactions in them."""
        account = self.stripe.account
        with account.transaction():
            for one in events:
                found = one["data"]["object"]
                account.add(found)
                for moved in found.get("balance_transactions") or ():
                    account.add(moved)

    def report(self, events: Iterable[Json], *, known: bool = True) -> None:
        """Deliver the events one by one, and apply each before the next. `known`: Stripe has their objects."""
        for one in events:
            if known:
                self.know([one])
            assert self.post(one).status_code == 200
            apply_due_events(self.installation)

    def play(self, events: Sequence[Json]) -> Donation:
        """Begin a gift and deliver everything about it, in order."""
        donation, mine = self.begin(events)
        self.report(mine)
        return donation

    def result(self, donation: Donation) -> CaseResult:
        """Return the gift's books; every invariant holds, and no event failed or waits."""
        with self.installation.sessions() as opened:
            assert list(broken_invariants(opened)) == []
            errors = select(InboxEvent.type, InboxEvent.last_error)
            assert opened.execute(errors.where(InboxEvent.last_error != "")).all() == []
            now = opened.get_one(Donation, donation.id)
            entries = opened.scalars(
                select(LedgerEntry).where(LedgerEntry.donation_id == donation.id)
            ).all()
            receipts = opened.scalars(
                select(Receipt).where(Receipt.donation_id == donation.id).order_by(Receipt.id)
            ).all()
            dispute = opened.scalars(
                select(Dispute).where(Dispute.donation_id == donation.id).order_by(Dispute.id)
            ).first()
        due = int(dispute.due_by.timestamp()) if dispute and dispute.due_by else None
        return CaseResult(
            state=now.state,
            gift=sum(one.amount + one.fee_cover for one in entries),
            acknowledged=receipts[-1].amount if receipts else None,
            receipts=tuple(one.kind for one in receipts),
            kept=_kept(entries),
            dispute=(dispute.status, due) if dispute else None,
        )


def _kept(entries: Iterable[LedgerEntry]) -> dict[tuple[str, str], int]:
    kept: dict[tuple[str, str], int] = {}
    for one in entries:
        key = ("gain_loss" if one.kind == "dispute_gain_loss" else "fee", one.currency)
        kept[key] = kept.get(key, 0) + one.fee
    return {key: amount for key, amount in kept.items() if amount}


def renamed(value: Any, names: dict[str, str]) -> Any:
    """Return a copy of JSON data in which each text that begins with a key of `names` is the value beside it."""
    if isinstance(value, dict):
        return {key: renamed(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [renamed(one, names) for one in value]
    if isinstance(value, str):
        return next((new for old, new in names.items() if value.startswith(old)), value)
    return value


@pytest.fixture
def replay(
    client: FlaskClient,
    installation: Installation,
    stripe: StripeSandbox,
    post_event: Callable[..., TestResponse],
    campaign: Campaign,
) -> Replay:
    """For modules whose `stripe_api_base` is the sandbox's."""
    return Replay(client, installation, stripe, post_event, {campaign.currency: campaign})


# --- Builders


@dataclass
class PaidGift:
    """The objects of one gift by card at Stripe, and the events of its payment."""

    amount: int
    currency: str = "usd"
    begun: int = 1_798_000_000

    def __post_init__(self) -> None:
        number = next(_numbers)
        about = {"donation_id": "don_replayed", "campaign": "nine-days"}
        card = payments.card_of_method(CARD_BY_NUMBER["4242424242424242"], 12, 2034)
        method = payments.payment_method(card, billing_details(None, None), self.begun)
        self.intent = payments.payment_intent(
            self.amount, self.currency, self.begun, metadata=about
        )
        self.intent.update(status="succeeded", amount_received=self.amount)
        self.charge = payments.charge(self.intent, method, self.begun)
        self.charge.update(status="succeeded", paid=True, captured=True)
        self.intent["latest_charge"] = self.charge["id"]
        self.session = {
            "id": f"cs_test_replayed{number}",
            "object": "checkout.session",
            "created": self.begun - 60,
            "mode": "payment",
            "status": "complete",
            "payment_status": "paid",
            "amount_total": self.amount,
            "currency": self.currency,
            "client_reference_id": "don_replayed",
            "metadata": about,
            "payment_intent": self.intent["id"],
            "subscription": None,
            "invoice": None,
            "url": None,
            "expires_at": self.begun + 86_400,
        }

    def paid(self) -> list[Json]:
        """Return the events of the payment."""
        return [
            event("charge.succeeded", self.charge, created=self.begun),
            event("payment_intent.succeeded", self.intent, created=self.begun),
            event("checkout.session.completed", self.session, created=self.begun),
        ]


@dataclass(frozen=True)
class Movement:
    """A balance transaction of a dispute: `amount` is signed minor units of the balance's currency."""

    category: str
    amount: int
    fee: int = 0
    rate: float | None = None


@dataclass
class ReportedDispute:
    """A dispute of a gift at Stripe, as its events tell of it. `settled_in` is the currency of the balance."""

    gift: PaidGift
    amount: int
    settled_in: str
    begun: int = 0

    def __post_init__(self) -> None:
        self.begun = self.begun or self.gift.begun + 86_400
        self.object = stripe_money.dispute(
            self.gift.charge, self.amount, self.begun, reason="fraudulent", case_type="chargeback"
        )
        self.moment = self.begun

    def move(self, movement: Movement) -> None:
        """Add a balance transaction to the dispute."""
        made = stripe_money.balance_transaction(
            "adjustment",
            movement.amount,
            self.object,
            self.moment,
            fee=movement.fee,
            fee_description="Dispute fee",
            category=movement.category,
        )
        made.update(currency=self.settled_in, exchange_rate=movement.rate)
        for detail in made["fee_details"]:
            detail["currency"] = self.settled_in
        self.object["balance_transactions"].append(made)

    def tell(
        self, happened: str, status: str = "", *, later: int = 3_600, due_by: int | None = None
    ) -> Json:
        """Return the event `charge.dispute.<happened>`, `later` seconds after the one before."""
        self.moment += later
        before = self.object["status"]
        if status:
            self.object["status"] = status
        if due_by is not None:
            self.object["evidence_details"]["due_by"] = due_by
        found = json.loads(json.dumps(self.object))
        told = event(f"charge.dispute.{happened}", found, created=self.moment)
        if status and status != before:
            told["data"]["previous_attributes"] = {"status": before}
        return told
