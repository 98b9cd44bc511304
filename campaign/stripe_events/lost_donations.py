"""Money of a gift that names one of our campaigns and a donation that is not here: never ignored in silence.

That happens after a restore, for gifts begun since the backup. The event fails and is retried; once
`campaign reconcile --apply` has created the donation again, it is applied.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from campaign.core.errors import FactMismatch
from campaign.donations.recreated import names_donation
from campaign.gateway import Event
from campaign.models import Campaign, Donation

_MONEY = {
    "checkout.session": {"complete"},
    "payment_intent": {"succeeded", "processing"},
    "invoice": {"paid"},
}
"""The statuses of the objects that say that a gift was made."""


def require_known_donation(session: Session, event: Event) -> None:
    """Raise FactMismatch if the event is about money for a donation of ours that this database lacks."""
    found = event.object
    if found.get("status") not in _MONEY.get(str(found.get("object")), ()):
        return
    metadata = _metadata(found)
    public_id, slug = metadata.get("donation_id"), metadata.get("campaign")
    if not names_donation(public_id, slug):
        return
    ours = exists().where(Campaign.slug == slug)
    known = exists().where(Donation.public_id == public_id)
    if session.scalar(select(ours & ~known)):
        raise FactMismatch(
            f"Donation {public_id} of campaign {slug} is not in this database, although Stripe has money for it."
            " After a restore, `campaign reconcile --apply` creates it again."
        )


def _metadata(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return our metadata; an invoice has that of its subscription."""
    if found.get("object") != "invoice":
        return found.get("metadata") or {}
    parent = found.get("parent") or {}
    return (parent.get("subscription_details") or {}).get("metadata") or {}
