"""The words of seeded receipts, by the service's own hand, with places for what differs. For `filling`."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from campaign.campaigns import formatting
from campaign.core.i18n import get_language
from campaign.core.settings import Organization
from campaign.models import Campaign, Donation, OfflineGift, Receipt, ReceiptKind
from campaign.receipts.receipt_text import AcknowledgedGift, frozen_content

LOCALES = ("en", "es")
_DAY = date(2001, 2, 3)
_GIVEN, _LEFT = 123_456, 65_432


def receipt_words(organization: Organization) -> Iterator[tuple[str, str, str, str, str]]:
    """(locale, kind, what is shared, its sentences with {given} {date} {left} {number}, frequencies), as JSON."""
    for locale in LOCALES:
        frequencies = {
            name: _frozen(organization, locale, "receipt", name)["frequency_text"]
            for name in ("one_time", "monthly", "yearly")
        }
        for kind in ("receipt", "corrected", "void", "bounced"):
            told = _frozen(organization, locale, kind, "one_time")
            sentences = [_with_places(text, locale) for text in told.pop("wording")]
            yield locale, kind, json.dumps(told), json.dumps(sentences), json.dumps(frequencies)


def days_in_words(first: date, last: date) -> Iterator[tuple[str, date, str]]:
    """(locale, day, the day as receipts write it), for every day of the span."""
    for locale in LOCALES:
        said = get_language(locale)
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            yield locale, day, formatting.long_date(day, said)


def _frozen(organization: Organization, locale: str, kind: str, frequency: str) -> dict[str, Any]:
    donation = Donation(
        amount=_GIVEN, fee_cover=0, currency="usd", frequency=frequency, locale=locale,
        name="", email="", campaign=Campaign(title=""),
    )  # fmt: skip
    before = Receipt(year=0, sequence=1, kind=ReceiptKind.receipt.value)
    amount = {"receipt": _GIVEN, "corrected": _LEFT}.get(kind, 0)
    offline = OfflineGift(kind="cheque", reversal_reason="bounced") if kind == "bounced" else None
    about = AcknowledgedGift(amount, (_DAY, _DAY), None if kind == "receipt" else before, offline)
    return frozen_content(donation, organization, about)


def _with_places(text: str, locale: str) -> str:
    said = get_language(locale)
    places = {
        formatting.amount(_GIVEN, "usd", said): "{given}",
        formatting.amount(_LEFT, "usd", said): "{left}",
        formatting.long_date(_DAY, said): "{date}",
        "0-000001": "{number}",
    }
    for written, place in places.items():
        text = text.replace(written, place)
    return text
