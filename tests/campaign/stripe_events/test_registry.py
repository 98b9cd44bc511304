"""Every event type that we ask Stripe for, by what it changes here; another type changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select

from campaign.models import (
    Dispute,
    Donation,
    FraudWarning,
    InboxEvent,
    LedgerEntry,
    Payout,
    Subscription,
)
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from campaign.stripe_events.registry import HANDLERS
from tests.support.stripe import Facts, Json, event
from tests.support.subscription_facts import (
    apply_each,
    deleted,
    failed,
    invoice_payment,
    subscription,
    to_confirm,
)

Give = Callable[..., Facts]
Store = Callable[..., None]
Shown = Callable[[Facts], Json]
BACK = {"behavior": "void", "resumes_at": None}


@dataclass(frozen=True)
class Case:
    """An event after `earlier` ones, and what `seen` reads afterwards but not before."""

    shown: Shown
    changed: dict[str, Any]
    earlier: list[Shown] = field(default_factory=list)
    frequency: str = "one_time"


def seen(installation: Installation, facts: Facts) -> dict[str, Any]:
    """Return what Stripe's events may change, by name; None for what does not exist."""
    with installation.sessions() as session:
        entries = session.execute(
            select(LedgerEntry.kind, LedgerEntry.amount).order_by(LedgerEntry.id)
        )
        first = session.get_one(Donation, facts.donation.id)
        monthly = session.scalar(select(Subscription))
        dispute, payout = session.scalar(select(Dispute)), session.scalar(select(Payout))
        warning = session.scalar(select(FraudWarning))
        renewal = session.scalar(select(Donation).where(Donation.id != first.id))
        return {
            "state": first.state,
            "ledger": [(kind, amount) for kind, amount in entries][1:],
            "paid by": first.payment_intent_id,
            "renewal": renewal and (renewal.state, renewal.payment_intent_id),
            "subscription": monthly and monthly.state,
            "ends": monthly and monthly.ends_at_period_end,
            "failed": monthly and monthly.failed_invoice_id,
            "dispute": dispute and dispute.status,
            "warning": warning and warning.fraud_type,
            "payout": payout and (payout.status, payout.itemized),
        }


def subscription_event(kind: str, **changes: Any) -> Shown:
    return lambda facts: event(
        f"customer.subscription.{kind}",
        subscription(facts, **changes),
        created=facts.created + (200 if kind == "resumed" else 100),
    )


def payout_event(kind: str, status: str, reconciliation: str = "in_progress") -> Shown:
    found = {"id": "po_1", "amount": 2397, "currency": "usd", "status": status}
    found["reconciliation_status"] = reconciliation
    return lambda facts: event(
        f"payout.{kind}",
        {**found, "created": facts.created, "arrival_date": facts.created},
        created=facts.created + 50,
    )


def refund_event(kind: str) -> Shown:
    return lambda facts: event(kind, facts.refund("a", 700))


def warning_event(kind: str) -> Shown:
    return lambda facts: {**facts.fraud_warned(), "type": f"radar.early_fraud_warning.{kind}"}


PAID, PROMISED = Facts.completed, Facts.promised
REFUNDED = {"state": "partially_refunded", "ledger": [("refund", -700)]}
PAUSED = subscription_event("paused", pause_collection=BACK)

CASES: dict[str, Case] = {
    "checkout.session.completed": Case(PAID, {"state": "paid"}),
    "checkout.session.async_payment_succeeded": Case(
        Facts.debit_succeeded, {"state": "paid"}, [PROMISED]
    ),
    "checkout.session.async_payment_failed": Case(
        Facts.debit_failed, {"state": "failed"}, [PROMISED]
    ),
    "checkout.session.expired": Case(Facts.expired, {"state": "expired"}),
    "payment_intent.succeeded": Case(Facts.intent_succeeded, {"state": "paid"}),
    "payment_intent.payment_failed": Case(Facts.intent_failed, {"state": "declined"}),
    "payment_intent.processing": Case(
        lambda facts: event(
            "payment_intent.processing", facts.intent(status="processing", amount_received=0)
        ),
        {"state": "processing"},
    ),
    "payment_intent.canceled": Case(Facts.intent_canceled, {"state": "failed"}),
    "charge.refunded": Case(lambda facts: facts.charge_refunded(700), REFUNDED, [PAID]),
    "charge.failed": Case(
        Facts.charge_returned,
        {"state": "failed", "ledger": [("payment_reversed", -2500)]},
        [PAID],
    ),
    "charge.refund.updated": Case(refund_event("charge.refund.updated"), REFUNDED, [PAID]),
    "refund.created": Case(refund_event("refund.created"), REFUNDED, [PAID]),
    "refund.updated": Case(refund_event("refund.updated"), REFUNDED, [PAID]),
    "refund.failed": Case(
        lambda facts: facts.refund_failed("a", 700),
        {"state": "paid", "ledger": [("refund", -700), ("refund_failed", 700)]},
        [PAID, refund_event("refund.created")],
    ),
    "charge.dispute.created": Case(
        lambda facts: facts.disputed("created", "needs_response", -2500),
        {"state": "disputed", "dispute": "needs_response", "ledger": [("dispute", -2500)]},
        [PAID],
    ),
    "charge.dispute.updated": Case(
        lambda facts: facts.disputed("updated", "under_review", -2500),
        {"dispute": "under_review"},
        [PAID, lambda facts: facts.disputed("created", "needs_response", -2500)],
    ),
    "charge.dispute.closed": Case(
        lambda facts: facts.disputed("closed", "won", -2500, 2500),
        {
            "state": "paid",
            "dispute": "won",
            "ledger": [("dispute", -2500), ("dispute_reversed", 2500)],
        },
        [PAID, lambda facts: facts.disputed("created", "needs_response", -2500)],
    ),
    "charge.dispute.funds_withdrawn": Case(
        lambda facts: facts.disputed("funds_withdrawn"),
        {"state": "disputed", "ledger": [("dispute", -2500)]},
        [PAID],
    ),
    "charge.dispute.funds_reinstated": Case(
        lambda facts: facts.disputed("funds_reinstated", "won"),
        {"state": "paid", "ledger": [("dispute", -2500), ("dispute_reversed", 2500)]},
        [PAID, lambda facts: facts.disputed("funds_withdrawn")],
    ),
    "radar.early_fraud_warning.created": Case(
        warning_event("created"), {"warning": "made_with_stolen_card"}, [PAID]
    ),
    "radar.early_fraud_warning.updated": Case(
        warning_event("updated"), {"warning": "made_with_stolen_card"}, [PAID]
    ),
    "invoice.paid": Case(
        Facts.invoice_paid, {"state": "paid", "subscription": "active"}, frequency="monthly"
    ),
    "invoice.payment_failed": Case(
        lambda facts: failed(facts, 100),
        {"subscription": "past_due", "failed": "in_{}_second"},
        [PAID],
        "monthly",
    ),
    "invoice.payment_action_required": Case(
        lambda facts: to_confirm(facts, 100),
        {"subscription": "past_due", "failed": "in_{}_second"},
        [PAID],
        "monthly",
    ),
    "invoice_payment.paid": Case(
        invoice_payment,
        {"renewal": ("paid", "pi_{}_second")},
        [PAID, lambda facts: facts.invoice_paid("second")],
        "monthly",
    ),
    "customer.subscription.created": Case(
        subscription_event("created"), {"subscription": "active"}, frequency="monthly"
    ),
    "customer.subscription.updated": Case(
        subscription_event("updated", cancel_at_period_end=True), {"ends": True}, [PAID], "monthly"
    ),
    "customer.subscription.paused": Case(PAUSED, {"subscription": "paused"}, [PAID], "monthly"),
    "customer.subscription.resumed": Case(
        subscription_event("resumed"), {"subscription": "active"}, [PAID, PAUSED], "monthly"
    ),
    "customer.subscription.deleted": Case(
        lambda facts: deleted(facts, 300), {"subscription": "ended"}, [PAID], "monthly"
    ),
    "payout.paid": Case(payout_event("paid", "paid"), {"payout": ("paid", False)}),
    "payout.failed": Case(
        payout_event("failed", "failed"),
        {"payout": ("failed", False)},
        [payout_event("paid", "paid")],
    ),
    "payout.reconciliation_completed": Case(
        payout_event("reconciliation_completed", "paid", "completed"),
        {"payout": ("paid", True)},
        [payout_event("paid", "paid")],
    ),
}


def named(value: Any, facts: Facts) -> Any:
    """Fill in the number of the gift where Stripe's names have it."""
    if isinstance(value, tuple):
        return tuple(named(part, facts) for part in value)
    return value.format(facts.number) if isinstance(value, str) else value


@pytest.mark.parametrize("kind", CASES)
def test_each_event_type_changes_what_it_is_about(
    installation: Installation, give: Give, store: Store, kind: str
) -> None:
    case = CASES[kind]
    facts = give(frequency=case.frequency)
    apply_each(installation, store, *(shown(facts) for shown in case.earlier))
    changed = {name: named(value, facts) for name, value in case.changed.items()}
    before = seen(installation, facts)
    assert all(before[name] != value for name, value in changed.items())
    shown = case.shown(facts)
    assert shown["type"] == kind
    apply_each(installation, store, shown)
    after = seen(installation, facts)
    assert {name: after[name] for name in changed} == changed
    with installation.sessions() as session:
        stored = session.get_one(InboxEvent, shown["id"])
    assert (stored.type, stored.state, stored.attempts) == (kind, "done", 0)
    assert stored.finished_at is not None


def test_every_type_that_we_ask_for_has_its_case_above_and_no_other() -> None:
    assert sorted(HANDLERS) == sorted(CASES)


@pytest.mark.parametrize(
    "kind",
    [
        # These share an object with types that we ask for, and say nothing certain.
        "checkout.session",
        "payment_intent.created",
        "charge.succeeded",
        "invoice.created",
        "invoice.voided",
        "customer.subscription.trial_will_end",
        "payout.created",
    ],
)
def test_another_type_is_kept_as_ignored_with_its_name_and_changes_nothing(
    installation: Installation, give: Give, store: Store, kind: str
) -> None:
    facts = give()
    before = seen(installation, facts)
    other = event(kind, facts.session())
    store(other)
    assert apply_due_events(installation) == 1
    assert seen(installation, facts) == before
    with installation.sessions() as session:
        stored = session.get_one(InboxEvent, other["id"])
    assert (stored.state, stored.note) == ("ignored", f"no handler for {kind}")
