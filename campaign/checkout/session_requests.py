"""Requests for Stripe Checkout sessions, recorded with their idempotency key before they are sent.

`checkout.flow` calls these in turn: `next_checkout_request`, commit, the gateway, then `record_session` or
`stripe_requests.record_failure`, commit. If the response to a call is lost, look up what it did at Stripe before
another call replaces it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from campaign.audit.stripe_requests import (
    add_request,
    is_repeatable,
    latest_request,
    record_response,
)
from campaign.core.i18n import get_language
from campaign.core.settings import Organization
from campaign.gateway import CheckoutSession, stripe_language
from campaign.models import Donation, Frequency, StripeRequest
from campaign.receipts.payment_notes import payment_description

OPERATION = "checkout_session"

DOUBLE_CLICK = timedelta(seconds=30)
"""A form sent again within this time is redirected to the same session without asking Stripe for its state."""

INTERVALS = {Frequency.monthly.value: "month", Frequency.yearly.value: "year"}


@dataclass(frozen=True)
class RedirectUrls:
    """Where Stripe redirects the donor: after paying, and after canceling."""

    success_url: str
    cancel_url: str


def session_parameters(
    donation: Donation, title: str, organization: Organization, redirect_urls: RedirectUrls
) -> dict[str, Any]:
    """Return the parameters of a hosted session for `donation`: https://docs.stripe.com/api/checkout/sessions/create.

    A subscription has its gift and its covered fees in its metadata, which every invoice repeats.
    Adaptive Pricing is turned off, whatever the account's default is: the donor pays in the campaign's currency.
    """
    metadata = {"donation_id": donation.public_id, "campaign": donation.campaign.slug}
    parameters: dict[str, Any] = {
        "client_reference_id": donation.public_id,
        "customer_email": donation.email,
        "metadata": metadata,
        "line_items": _line_items(donation, title, organization.name),
        "success_url": redirect_urls.success_url,
        "cancel_url": redirect_urls.cancel_url,
        "locale": stripe_language(get_language(donation.locale).locale),
        "submit_type": "donate",
        "adaptive_pricing": {"enabled": False},
    }
    described = {
        "metadata": metadata,
        "description": payment_description(organization.name, title),
    }
    if donation.frequency == Frequency.one_time:
        return parameters | {"mode": "payment", "payment_intent_data": described}
    parts = {"gift": str(donation.amount), "cover": str(donation.fee_cover)}
    described["metadata"] = metadata | parts
    return parameters | {"mode": "subscription", "subscription_data": described}


def _line_items(donation: Donation, title: str, organization: str) -> list[dict[str, Any]]:
    """Return the items for the gift and the covered fees, named in the donor's language."""
    language = get_language(donation.locale)
    name = language.gettext("Donation to %(name)s") % {"name": organization}
    items = [_line_item(donation, donation.amount, name, title)]
    if donation.fee_cover:
        covered = language.gettext("Card fees covered")
        added = language.gettext("Added by you to cover the fees")
        items.append(_line_item(donation, donation.fee_cover, covered, added))
    return items


def _line_item(donation: Donation, amount: int, name: str, description: str) -> dict[str, Any]:
    price: dict[str, Any] = {
        "currency": donation.currency,
        "unit_amount": amount,
        "product_data": {"name": name, "description": description},
    }
    if donation.frequency in INTERVALS:
        price["recurring"] = {"interval": INTERVALS[donation.frequency]}
    return {"quantity": 1, "price_data": price}


def next_checkout_request(
    session: Session,
    donation: Donation,
    parameters: dict[str, Any],
    at: datetime,
    *,
    looked_up: int = 0,
) -> StripeRequest:
    """Return the call for `donation`: the one already recorded, else a new one.

    A call whose key can no longer be used (see `needs_lookup`) must first be looked up at Stripe. If that finds
    nothing, pass its ordinal as `looked_up`, and a new call replaces it.
    """
    latest = latest_request(session, donation.id, OPERATION)
    if latest is not None and (
        latest.ordinal != looked_up or not needs_lookup(donation, latest, at)
    ):
        return latest
    key = f"donation-{donation.public_id}"
    return add_request(session, donation.id, OPERATION, key, parameters, after=latest, at=at)


def needs_lookup(donation: Donation, call: StripeRequest, at: datetime) -> bool:
    """Whether the call has no response, and its key can no longer get one."""
    return donation.session_id is None and not is_repeatable(call, at)


def record_session(
    session: Session, call: StripeRequest, opened: CheckoutSession, at: datetime
) -> None:
    """Save the session that Stripe created. The first response is kept; a second one is the same session."""
    session.execute(
        update(Donation)
        .where(Donation.id == call.donation_id, Donation.session_id.is_(None))
        .values(session_id=opened.id, session_url=opened.url, session_expires_at=opened.expires_at)
        .execution_options(synchronize_session=False)
    )
    record_response(session, call, opened.id, at)
