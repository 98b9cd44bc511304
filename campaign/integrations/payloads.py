"""Payloads of the API and webhooks: plain values, money in minor units."""

from datetime import datetime
from typing import Any

from campaign.models import Campaign, Donation, LedgerEntry, Receipt, Subscription

_CAMPAIGN = (
    "slug",
    "title",
    "currency",
    "goal",
    "stretch_goal",
    "designation",
    "starts_at",
    "deadline",
    "timezone",
)
_GIFT = ("frequency", "amount", "fee_cover", "currency", "state", "created_at")
_ENTRY = (
    "id",
    "kind",
    "amount",
    "fee_cover",
    "fee",
    "currency",
    "occurred_at",
    "recorded_at",
    "source",
)
_NAMES_OUTSIDE = {"fee_cover": "cover"}
"""Columns that exports, the API and webhooks have always called something else."""
_PERSONAL = ("name", "email", "comment", "tribute_name")


def campaign_payload(campaign: Campaign, at: datetime) -> dict[str, Any]:
    """Return a campaign, with its state at `at`."""
    return _fields(campaign, _CAMPAIGN) | {"state": campaign.state(at).value}


def donation_payload(donation: Donation, *, people: bool) -> dict[str, Any]:
    """Return a donation; personal fields are None unless `people`."""
    personal = _fields(donation, _PERSONAL) if people else dict.fromkeys(_PERSONAL)
    plain = (*_GIFT, "code", "anonymous", "tribute_kind", "paid_at")
    return {
        **_fields(donation, plain),
        **personal,
        "id": donation.public_id,
        "campaign": donation.campaign.slug,
        "donor": donation.donor_id,
        "subscription": donation.subscription.stripe_id if donation.subscription else None,
        "receipt_number": donation.receipt.number if donation.receipt else None,
    }


def ledger_entry_payload(entry: LedgerEntry, campaign: str | None, donation: str) -> dict[str, Any]:
    """Return a ledger entry of `campaign` (a slug, or None) and `donation` (a public id)."""
    return _fields(entry, _ENTRY) | {"campaign": campaign, "donation": donation}


def receipt_payload(receipt: Receipt) -> dict[str, Any]:
    """Return a receipt, without its text."""
    plain = ("number", "kind", "amount", "currency", "gift_date", "issued_at")
    return _fields(receipt, plain) | {"donation": receipt.donation.public_id}


def subscription_payload(subscription: Subscription) -> dict[str, Any]:
    """Return a monthly or yearly gift."""
    return {
        **_fields(subscription, (*_GIFT, "ended_at", "end_reason")),
        "id": subscription.stripe_id,
        "campaign": subscription.campaign.slug,
        "donor": subscription.donor_id,
    }


def _fields(row: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {_NAMES_OUTSIDE.get(name, name): getattr(row, name) for name in names}
