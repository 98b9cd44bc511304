"""Stripe's events about one monthly or yearly gift: its updates, and its failed and paid invoices."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from campaign.models import InboxEvent, Subscription
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.stripe import Facts, Json, event

DAY = 86_400


def subscription(facts: Facts, **changes: Any) -> Json:
    """Return the subscription of `facts`: the gift and, if fees are covered, a second item."""
    donation = facts.donation
    interval = "month" if donation.frequency == "monthly" else "year"
    amounts = [donation.amount] + ([donation.fee_cover] if donation.fee_cover else [])
    return {
        "id": facts.subscription,
        "object": "subscription",
        "status": "active",
        "customer": f"cus_{facts.number}",
        "currency": donation.currency,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "ended_at": None,
        "pause_collection": None,
        "metadata": {"donation_id": donation.public_id, "campaign": "nine-days"},
        "items": {
            "object": "list",
            "data": [
                {
                    "id": f"si_{facts.number}_{place}",
                    "quantity": 1,
                    "current_period_end": facts.created + 30 * DAY,
                    "price": {
                        "unit_amount": amount,
                        "product": f"prod_{facts.number}_{place}",
                        "recurring": {"interval": interval, "interval_count": 1},
                    },
                }
                for place, amount in enumerate(amounts)
            ],
        },
        **changes,
    }


def updated(facts: Facts, after: int = 0, **changes: Any) -> Json:
    """Return an update, `after` seconds from the start."""
    found = subscription(facts, **changes)
    return event("customer.subscription.updated", found, created=facts.created + after)


def deleted(facts: Facts, after: int, reason: str = "cancellation_requested") -> Json:
    found = subscription(
        facts,
        status="canceled",
        canceled_at=facts.created + after,
        ended_at=facts.created + after,
        cancellation_details={"comment": None, "feedback": None, "reason": reason},
    )
    return event("customer.subscription.deleted", found, created=facts.created + after)


def failed(facts: Facts, after: int, name: str = "second", attempt: int = 1, **more: Any) -> Json:
    """Return a failed attempt to charge an invoice."""
    found = facts.invoice(
        name,
        amount_paid=0,
        attempt_count=attempt,
        customer=f"cus_{facts.number}",
        hosted_invoice_url=f"https://invoice.stripe.com/i/{facts.number}",
        next_payment_attempt=facts.created + after + 3 * DAY,
        status="open",
        status_transitions={"paid_at": None},
        **more,
    )
    return event("invoice.payment_failed", found, created=facts.created + after)


def to_confirm(facts: Facts, after: int, name: str = "second", attempt: int = 1) -> Json:
    """Return the event that the donor's bank wants a renewal confirmed."""
    found = failed(facts, after, name, attempt)["data"]["object"]
    return event("invoice.payment_action_required", found, created=facts.created + after)


def invoice_payment(facts: Facts, name: str = "second", **changes: Any) -> Json:
    """Return the event that names the payment intent of a paid invoice."""
    found = {
        "id": f"inpay_{facts.number}_{name}",
        "object": "invoice_payment",
        "invoice": f"in_{facts.number}_{name}",
        "payment": {"payment_intent": f"pi_{facts.number}_{name}", "type": "payment_intent"},
        "status": "paid",
        **changes,
    }
    return event("invoice_payment.paid", found, created=facts.created)


def apply_each(installation: Installation, store: Callable[..., None], *events: Json) -> None:
    """Store and apply the events one after another."""
    for found in events:
        store(found)
        apply_due_events(installation)
    with installation.sessions() as session:
        bad = session.scalars(
            select(InboxEvent.last_error).where(
                InboxEvent.state.in_(["failed", "given_up", "held"])
            )
        ).all()
    assert bad == []


def only_subscription(installation: Installation) -> Subscription:
    with installation.sessions() as session:
        return session.scalars(select(Subscription)).one()
