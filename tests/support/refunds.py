"""Refunds by staff in tests: a gift to refund, the request, and checks of the result."""

from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select, update

from campaign.audit.audit_log import Actor
from campaign.core.clock import now
from campaign.ledger.invariants import broken_invariants
from campaign.models import Donation, Refund, StaffRole, StripeRequest
from campaign.models.base import new_token
from campaign.refunds.refunds import RefundRequest
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox

EDITOR = Actor("editor", StaffRole.finance)


def pay(
    client: FlaskClient, installation: Installation, stripe: StripeSandbox, **more: Any
) -> Donation:
    """Give $25 through the form and Stripe's page."""
    form = {"amount": "25", "frequency": "one_time", "email": "ana@example.org", "attempt": "a"}
    client.post("/c/nine-days/donate", data=form | more)
    with installation.sessions() as session:
        donation = session.scalars(select(Donation).order_by(Donation.id.desc()).limit(1)).one()
    stripe.pay(donation.session_id or "")
    client.get(f"/donations/{donation.token}")
    return donation


def refund_request(donation: Donation, amount: int | None = None, **more: Any) -> RefundRequest:
    token = more.pop("token", new_token())
    return RefundRequest(donation.public_id, amount, EDITOR, token, **more)


def state(installation: Installation, donation: Donation) -> str:
    with installation.sessions() as session:
        return session.get_one(Donation, donation.id).state


def refund_rows(installation: Installation) -> list[Refund]:
    with installation.sessions() as session:
        return list(session.scalars(select(Refund).order_by(Refund.id)))


def idempotency_keys(installation: Installation) -> list[str]:
    query = select(StripeRequest.idempotency_key).where(StripeRequest.operation == "refund")
    with installation.sessions() as session:
        return list(session.scalars(query.order_by(StripeRequest.ordinal)))


def make_older(installation: Installation, length: timedelta) -> None:
    """Backdate the refund request and its calls to Stripe."""
    then = now() - length
    with installation.sessions.begin() as session:
        session.execute(update(Refund).values(created_at=then))
        session.execute(
            update(StripeRequest).where(StripeRequest.operation == "refund").values(created_at=then)
        )


def assert_one_refund(
    installation: Installation, stripe: StripeSandbox, amount: int = 2500
) -> None:
    """Check for one refund at Stripe and one here that match, and all invariants."""
    (made,) = stripe.objects("refund")
    (row,) = refund_rows(installation)
    assert (made["amount"], row.amount, row.stripe_id) == (amount, amount, made["id"])
    assert made["metadata"]["refund_request"] == row.request_token
    with installation.sessions() as session:
        assert list(broken_invariants(session)) == []
