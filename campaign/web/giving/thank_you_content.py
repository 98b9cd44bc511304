"""What a donor's page says about one gift, as sentences and addresses."""

from typing import Any

from flask import url_for

from campaign.campaigns import formatting
from campaign.core import money
from campaign.models import Donation, DonationState, Frequency
from campaign.web.appeal.page_content import campaign_title
from campaign.web.language import said, shared_language


def present_gift(found: Donation) -> dict[str, Any]:
    """The values of the page. At a shared computer it leads to no other page of the donor's."""
    slug, shared = found.campaign.slug, found.shared_computer
    receipt = None if shared else found.receipt
    moment = (found.paid_at or found.created_at).astimezone(found.campaign.zone)
    left = found.receipt.amount if found.receipt else found.charge
    return {
        "state": "failed" if found.state == DonationState.declined else found.state,
        "amount_text": _amount(found.amount, found),
        "sum_text": _sum(found),
        "frequency": found.frequency,
        "email": found.email,
        "name": found.name,
        "campaign_title": campaign_title(found.campaign),
        "campaign_url": url_for("public.appeal", slug=slug, lang=shared_language()),
        "receipt_url": url_for("donor.receipt", token=receipt.token) if receipt else "",
        "receipt_number": receipt.number if receipt else "",
        "date_text": formatting.long_date(moment.date(), said()),
        "cover_text": _amount(found.cover, found) if found.cover else "",
        "retry_url": _form_address(found, found.amount, found.frequency),
        "subscription_url": "" if shared else _subscription_url(found),
        "left_text": _amount(left, found),
        "back_text": _amount(found.charge - left, found),
        "returned": found.returned_at is not None and found.paid_at is not None,
        "shared": shared,
        "finish_url": url_for("donor.finish", token=found.token),
    }


def present_offer(found: Donation, amount: int) -> dict[str, str]:
    """A monthly gift of `amount` minor units, offered beside `found`."""
    return {
        "amount_text": _amount(amount, found),
        "url": _form_address(found, amount, Frequency.monthly.value),
        "decline_url": url_for("donor.no_thanks", token=found.token),
    }


def _form_address(found: Donation, amount: int, frequency: str) -> str:
    """The form with amount and frequency; never with anything of the person."""
    return url_for(
        "public.appeal",
        slug=found.campaign.slug,
        amount=money.plain_amount(amount, found.currency, said().formats),
        frequency=frequency,
        code=found.code or None,
        shared=1 if found.shared_computer else None,
        lang=shared_language(),
        _anchor="give",
    )


def _amount(minor: int, found: Donation) -> str:
    return formatting.amount(minor, found.currency, said())


def _sum(found: Donation) -> str:
    """`$25`, `$25 a month`."""
    amount = _amount(found.amount, found)
    if found.frequency == Frequency.monthly:
        return said().gettext("%(amount)s a month") % {"amount": amount}
    if found.frequency == Frequency.yearly:
        return said().gettext("%(amount)s a year") % {"amount": amount}
    return amount


def _subscription_url(found: Donation) -> str:
    gift = found.subscription
    return url_for("subscriptions.page", token=gift.token) if gift else ""
