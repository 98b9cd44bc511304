"""The made-up campaign, gifts and receipts of the sample emails. These rows are not in a database."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from campaign.campaigns.progress import Progress
from campaign.core.settings import Organization
from campaign.mailer.email_context import Sender
from campaign.models import Campaign, Donation, Receipt, ReceiptKind, Subscription
from campaign.receipts.receipt_text import AcknowledgedGift, frozen_content

Make = Callable[[Sender, str], dict[str, Any]]
"""Builds the context of an email for a sender and a language."""

NAME = "Ana Reyes"
"""The recipient of every sample."""

OPENING = datetime(2026, 12, 1, 17, tzinfo=UTC)
END = datetime(2027, 1, 1, 8, tzinfo=UTC)
GIVEN = datetime(2026, 12, 22, 19, 30, tzinfo=UTC)
GIFT_DATE = date(2026, 12, 22)


def campaign() -> Campaign:
    """Return a campaign for $50,000 that ends on December 31, 2026, in Los Angeles."""
    return Campaign(
        slug="year-end-2026",
        title="Keep every story free to read",
        currency="usd",
        goal=5_000_000,
        starts_at=OPENING,
        deadline=END,
        timezone="America/Los_Angeles",
        grace_days=14,
        ask_past_donors=True,
    )


def progress(at: datetime, raised: int) -> Progress:
    """Return the campaign's progress at `at`, with `raised` minor units."""
    donors = raised // 7_500
    pending = 20_000 if raised else 0
    return Progress(campaign(), raised, pending, 0, donors + 18, donors, at)


def donation(locale: str, frequency: str) -> Donation:
    """Return a gift of $25 with its fees covered."""
    gift = Donation(
        frequency=frequency,
        amount=2_500,
        fee_cover=106,
        currency="usd",
        email="ana@example.org",
        name=NAME,
        locale=locale,
    )
    gift.campaign = campaign()
    if frequency != "one_time":
        gift.subscription = subscription(frequency)
    return gift


def subscription(
    frequency: str, *, end_reason: str | None = None, payment_update_url: str | None = None
) -> Subscription:
    """Return a monthly or yearly gift that had a failed renewal and then ended."""
    return Subscription(
        token="sample-gift",  # noqa: S106 - an address that leads nowhere
        frequency=frequency,
        amount=2_500,
        fee_cover=106,
        currency="usd",
        failed_at=GIVEN,
        ended_at=datetime(2027, 1, 7, 19, 30, tzinfo=UTC),
        end_reason=end_reason,
        payment_update_url=payment_update_url,
    )


def receipt(
    organization: Organization, locale: str, frequency: str, amount: int, kind: ReceiptKind
) -> Receipt:
    """Return a receipt for `amount` minor units, with the same text as a real one."""
    gift = donation(locale, frequency)
    first = Receipt(year=2026, sequence=41)
    later = kind != ReceiptKind.receipt
    about = AcknowledgedGift(amount, (GIFT_DATE, GIFT_DATE), first if later else None)
    made = Receipt(
        year=2026,
        sequence=57 if later else 41,
        token="sample-receipt",  # noqa: S106 - an address that leads nowhere
        kind=kind.value,
        amount=amount,
        currency="usd",
        gift_date=GIFT_DATE,
        issued_at=GIVEN,
        frozen=frozen_content(gift, organization, about),
    )
    made.donation = gift
    return made
