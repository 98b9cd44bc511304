"""The way to Stripe's page: what to ask for, written down with its key before it is asked.

The edge calls these in turn: `plan_checkout`, commit, the gateway, then `record_session` or `record_failure`, commit.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.config import Organization
from campaign.gateway import CheckoutSession
from campaign.models import Donation, Frequency, StripeCall

OPERATION = "checkout_session"

KEY_LIFE = timedelta(hours=23)
"""Stripe forgets idempotency keys after 24 hours; an hour is kept for clocks that disagree."""

DOUBLE_CLICK = timedelta(seconds=30)
"""A form that comes again within this time is sent to the same page without asking Stripe how that page fares."""

_INTERVALS = {Frequency.monthly.value: "month", Frequency.yearly.value: "year"}


@dataclass(frozen=True)
class Returns:
    """Where Stripe sends the donor back to: after paying, and on second thoughts."""

    success_url: str
    cancel_url: str


def session_parameters(
    donation: Donation, title: str, organization: Organization, returns: Returns
) -> dict[str, Any]:
    """The parameters of a hosted session for `donation`: https://docs.stripe.com/api/checkout/sessions/create."""
    metadata = {"donation_id": donation.public_id, "campaign": donation.campaign.slug}
    parameters: dict[str, Any] = {
        "client_reference_id": donation.public_id,
        "customer_email": donation.email,
        "metadata": metadata,
        "line_items": _line_items(donation, title, organization.name),
        "success_url": returns.success_url,
        "cancel_url": returns.cancel_url,
        "locale": "auto",
    }
    if donation.frequency == Frequency.one_time:
        description = f"Donation to {organization.name}: {title}"
        parameters |= {
            "mode": "payment",
            "submit_type": "donate",
            "payment_intent_data": {"metadata": metadata, "description": description},
        }
    else:
        parameters |= {"mode": "subscription", "subscription_data": {"metadata": metadata}}
    return parameters


def _line_items(donation: Donation, title: str, organization: str) -> list[dict[str, Any]]:
    items = [_line_item(donation, donation.amount, f"Donation to {organization}", title)]
    if donation.cover:
        items.append(
            _line_item(
                donation, donation.cover, "Card fees covered", "Added by you to cover the fees"
            )
        )
    return items


def _line_item(donation: Donation, amount: int, name: str, description: str) -> dict[str, Any]:
    price: dict[str, Any] = {
        "currency": donation.currency,
        "unit_amount": amount,
        "product_data": {"name": name, "description": description},
    }
    if donation.frequency in _INTERVALS:
        price["recurring"] = {"interval": _INTERVALS[donation.frequency]}
    return {"quantity": 1, "price_data": price}


def plan_checkout(
    session: Session, donation: Donation, parameters: dict[str, Any], at: datetime
) -> StripeCall:
    """The call to make, or made, for `donation`: the one already written down while it is good, else a new one.

    A call whose key is spent, or that Stripe has forgotten, gets a successor. That cannot charge twice: nobody was
    ever shown the page of a call that was not answered.
    """
    locked = select(Donation.id).where(Donation.id == donation.id).with_for_update()
    session.execute(locked)
    latest = session.scalar(
        select(StripeCall)
        .where(StripeCall.donation_id == donation.id, StripeCall.operation == OPERATION)
        .order_by(StripeCall.ordinal.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    if latest is not None and (donation.session_id or _is_good(latest, at)):
        return latest
    ordinal = latest.ordinal + 1 if latest is not None else 1
    call = StripeCall(
        donation_id=donation.id,
        operation=OPERATION,
        ordinal=ordinal,
        idempotency_key=f"donation-{donation.public_id}-{ordinal}",
        parameters=parameters,
        created_at=at,
    )
    session.add(call)
    session.flush()
    return call


def _is_good(call: StripeCall, at: datetime) -> bool:
    """Whether repeating the call under its key does what it did, or would have done, the first time."""
    return call.error is None and call.created_at > at - KEY_LIFE


def record_session(
    session: Session, call: StripeCall, opened: CheckoutSession, at: datetime
) -> None:
    """Keep the session that Stripe opened. The first answer stays; a second one is the same session."""
    session.execute(
        update(Donation)
        .where(Donation.id == call.donation_id, Donation.session_id.is_(None))
        .values(session_id=opened.id, session_url=opened.url, session_expires_at=opened.expires_at)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(StripeCall)
        .where(StripeCall.id == call.id, StripeCall.answered_at.is_(None))
        .values(answered_at=at, result_id=opened.id)
        .execution_options(synchronize_session=False)
    )


def record_failure(session: Session, call: StripeCall, error: Exception) -> None:
    """Note that this key is of no use any more; the next attempt takes another."""
    session.execute(
        update(StripeCall)
        .where(StripeCall.id == call.id, StripeCall.answered_at.is_(None))
        .values(error=str(error)[:1000])
        .execution_options(synchronize_session=False)
    )
