"""Contexts of emails about a donor's gifts: receipts, renewals, the end of a recurring gift, statements.

They use the language in which the gift was made.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from campaign.campaigns import formatting
from campaign.core.i18n import Language, get_language
from campaign.mailer.email_context import Sender, donor_page_url
from campaign.models import Donation, Donor, Frequency, Receipt, Subscription
from campaign.receipts.receipts import receipt_context
from campaign.staff.notices import StaffNotice

INTERVAL_NAMES = {Frequency.monthly.value: "month", Frequency.yearly.value: "year"}

PAYMENT_FAILED = "payment_failed"
"""The reason that Stripe reports after its last failed attempt:
https://docs.stripe.com/api/subscriptions/object#subscription_object-cancellation_details-reason"""


def receipt_email_context(receipt: Receipt, sender: Sender) -> dict[str, Any]:
    """Return the context of a receipt, with the language, name and address that were frozen when it was issued."""
    shown = receipt_context(receipt)
    subscription = receipt.donation.subscription
    return {
        "organization": replace(
            sender.organization,
            name=shown["organization_name"],
            ein=shown["organization_ein"],
            address_lines=tuple(shown["organization_address_lines"]),
        ),
        "locale": get_language(shown["locale"]).locale,
        "receipt": shown,
        "receipt_url": sender.address(f"/receipts/{receipt.token}"),
        "pdf_url": sender.address(f"/receipts/{receipt.token}.pdf"),
        "attached": True,
        "donation_frequency": receipt.donation.frequency,
        "subscription_url": _page(subscription, sender) if subscription else "",
        "donor_page_url": donor_page_url(sender, get_language(shown["locale"])),
    }


def renewal_email_context(
    subscription: Subscription, first: Donation, sender: Sender, *, to_confirm: bool = False
) -> dict[str, Any]:
    """Return the context for a failed renewal or the end of a recurring gift; `first` is the donation that began it.

    `to_confirm`: the donor's bank wants the renewal confirmed.
    """
    language = get_language(first.locale)
    zone = ZoneInfo(sender.organization.timezone)
    return {
        "organization": sender.organization,
        "locale": language.locale,
        "greeting": greeting(first.name, language),
        "amount_text": formatting.amount(subscription.charge, subscription.currency, language),
        "yearly": subscription.frequency == Frequency.yearly,
        "failed_date_text": formatting.date_there(subscription.failed_at, zone, language),
        "ended_date_text": formatting.date_there(subscription.ended_at, zone, language),
        "given_up": subscription.end_reason == PAYMENT_FAILED,
        "payment_update_url": subscription.payment_update_url or "",
        "to_confirm": to_confirm,
        "subscription_url": _page(subscription, sender),
        "give_url": sender.address("/" + (language.query and f"?{language.query}")),
    }


def renewal_upcoming_context(
    subscription: Subscription, first: Donation, renews_on: date, sender: Sender
) -> dict[str, Any]:
    """Return the context of the notice that a yearly gift renews on `renews_on`, in the organization's time zone."""
    date_text = formatting.long_date(renews_on, get_language(first.locale))
    return renewal_email_context(subscription, first, sender) | {"renewal_date_text": date_text}


def statement_email_context(
    donor: Donor, year: int, receipts: Sequence[Receipt], sender: Sender
) -> dict[str, Any]:
    """Return the context of a yearly statement: the gifts of the year, from their valid receipts."""
    language = get_language(donor.locale)
    totals: dict[str, int] = {}
    for receipt in receipts:
        totals[receipt.currency] = totals.get(receipt.currency, 0) + receipt.amount
    return {
        "attached": True,
        "organization": sender.organization,
        "locale": language.locale,
        "greeting": greeting(donor.name, language),
        "year": str(year),
        "total_text": " + ".join(
            formatting.amount(totals[one], one, language) for one in sorted(totals)
        ),
        "gifts": [
            {
                "date_text": formatting.short_date(receipt.gift_date, language),
                "number": receipt.number,
                "amount_text": formatting.amount(receipt.amount, receipt.currency, language),
            }
            for receipt in receipts
        ],
        "donor_page_url": donor_page_url(sender, language),
    }


def staff_alert_context(problems: Sequence[str], locale: str, sender: Sender) -> dict[str, Any]:
    """Return the context of a staff alert. `problems` holds one sentence each."""
    return {
        "organization": sender.organization,
        "locale": get_language(locale).locale,
        "problems": [" ".join(problem.split()) for problem in problems],
        "site_url": sender.address("/"),
    }


def staff_notice_context(notice: StaffNotice, locale: str, sender: Sender) -> dict[str, Any]:
    """Return the context of an email that tells a member of staff about a sensitive change."""
    language = get_language(locale)
    zone = ZoneInfo(sender.organization.timezone)
    return {
        "organization": sender.organization,
        "locale": language.locale,
        "sentence": notice.sentence,
        "actor": notice.actor,
        "when": formatting.moment_there(notice.at, zone, language),
        "account_url": sender.address("/staff/account"),
    }


def greeting(name: str, language: Language) -> str:
    """Return `Dear Ana Reyes,`, or `Hello,` if there is no name."""
    if not name.strip():
        return language.gettext("Hello,")
    return language.gettext("Dear %(name)s,") % {"name": " ".join(name.split())}


def _page(subscription: Subscription, sender: Sender) -> str:
    return sender.address(f"/subscriptions/{subscription.token}")
