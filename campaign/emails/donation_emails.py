"""What the letters about a donor's own gifts tell: receipts, renewals, the end of a monthly gift, statements.

They are written in the language in which the gift was made.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from campaign.campaigns import formatting
from campaign.core.i18n import Words, words
from campaign.mailer.email_context import Sender, own_page_url
from campaign.models import Donation, Donor, Frequency, Receipt, Subscription
from campaign.receipts.receipts import receipt_context

EVERY = {Frequency.monthly.value: "month", Frequency.yearly.value: "year"}

PAYMENT_FAILED = "payment_failed"
"""The reason that Stripe gives when it has tried long enough:
https://docs.stripe.com/api/subscriptions/object#subscription_object-cancellation_details-reason"""


def receipt_letter(receipt: Receipt, sender: Sender) -> dict[str, Any]:
    """A receipt, in the language and under the name and address that were frozen when it was issued."""
    shown = receipt_context(receipt)
    subscription = receipt.donation.subscription
    return {
        "organization": replace(
            sender.organization,
            name=shown["organization_name"],
            ein=shown["organization_ein"],
            address_lines=tuple(shown["organization_address_lines"]),
        ),
        "locale": words(shown["locale"]).locale,
        "receipt": shown,
        "receipt_url": sender.address(f"/receipts/{receipt.token}"),
        "donation_frequency": receipt.donation.frequency,
        "subscription_url": _page(subscription, sender) if subscription else "",
        "own_page_url": own_page_url(sender, words(shown["locale"])),
    }


def renewing_letter(subscription: Subscription, first: Donation, sender: Sender) -> dict[str, Any]:
    """A monthly or yearly gift, `first` being the donation that began it: a renewal that failed, or its end."""
    said = words(first.locale)
    zone = ZoneInfo(sender.organization.timezone)
    return {
        "organization": sender.organization,
        "locale": said.locale,
        "greeting": greeting(first.name, said),
        "amount_text": formatting.amount(subscription.charge, subscription.currency, said),
        "yearly": subscription.frequency == Frequency.yearly,
        "failed_date_text": formatting.date_there(subscription.failed_at, zone, said),
        "ended_date_text": formatting.date_there(subscription.ended_at, zone, said),
        "given_up": subscription.end_reason == PAYMENT_FAILED,
        "mend_url": subscription.mend_url or "",
        "subscription_url": _page(subscription, sender),
        "give_url": sender.address("/" + (said.asked_by and f"?{said.asked_by}")),
    }


def upcoming_letter(
    subscription: Subscription, first: Donation, renews_on: date, sender: Sender
) -> dict[str, Any]:
    """That a yearly gift is about to renew, on `renews_on` where the organisation is."""
    date_text = formatting.long_date(renews_on, words(first.locale))
    return renewing_letter(subscription, first, sender) | {"renewal_date_text": date_text}


def statement_letter(
    donor: Donor, year: int, receipts: Sequence[Receipt], sender: Sender
) -> dict[str, Any]:
    """The gifts of a year, by their valid receipts."""
    said = words(donor.locale)
    totals: dict[str, int] = {}
    for receipt in receipts:
        totals[receipt.currency] = totals.get(receipt.currency, 0) + receipt.amount
    return {
        "organization": sender.organization,
        "locale": said.locale,
        "greeting": greeting(donor.name, said),
        "year": str(year),
        "total_text": " + ".join(
            formatting.amount(totals[one], one, said) for one in sorted(totals)
        ),
        "gifts": [
            {
                "date_text": formatting.short_date(receipt.gift_date, said),
                "number": receipt.number,
                "amount_text": formatting.amount(receipt.amount, receipt.currency, said),
            }
            for receipt in receipts
        ],
        "own_page_url": own_page_url(sender, said),
    }


def alert_letter(problems: Sequence[str], locale: str, sender: Sender) -> dict[str, Any]:
    """What staff must know, a sentence each."""
    return {
        "organization": sender.organization,
        "locale": words(locale).locale,
        "problems": [" ".join(problem.split()) for problem in problems],
        "site_url": sender.address("/"),
    }


def greeting(name: str, said: Words) -> str:
    """`Dear Ana Reyes,`; and something as civil for those who gave no name."""
    if not name.strip():
        return said.gettext("Hello,")
    return said.gettext("Dear %(name)s,") % {"name": " ".join(name.split())}


def _page(subscription: Subscription, sender: Sender) -> str:
    return sender.address(f"/subscriptions/{subscription.token}")
