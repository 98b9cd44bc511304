"""Read what Stripe knows of a gift's beginning: who gave, and what the form asked for. Amounts are minor units.

https://docs.stripe.com/api/checkout/sessions/object
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaign.gateway.events import CheckoutSession, Json, read_checkout_session
from campaign.gateway.payers import Payer


@dataclass(frozen=True)
class GiftOrigin:
    """The checkout session of a gift. `return_url` leads to the gift's page, `cancel_url` back to the form."""

    session: CheckoutSession
    payer: Payer
    locale: str
    return_url: str
    cancel_url: str

    @property
    def created(self) -> datetime:
        return self.session.created


def read_session_origin(found: Json) -> GiftOrigin:
    """Read a listed `checkout.session`, with the address that our form sent rather than one typed at Stripe."""
    details = found.get("customer_details") or {}
    email = found.get("customer_email") or details.get("email") or ""
    return GiftOrigin(
        session=read_checkout_session(found),
        payer=Payer(email, details.get("name") or ""),
        locale=found.get("locale") or "",
        return_url=found.get("success_url") or "",
        cancel_url=found.get("cancel_url") or "",
    )


def read_payer(found: Json) -> Payer:
    """Read who paid from a `payment_intent` with expanded charge and customer."""
    charge: Any = found.get("latest_charge")
    details = charge.get("billing_details") if isinstance(charge, Mapping) else None
    customer: Any = found.get("customer")
    known: Json = customer if isinstance(customer, Mapping) else {}
    typed: Json = details or {}
    return Payer(
        typed.get("email") or known.get("email") or "", typed.get("name") or known.get("name") or ""
    )
