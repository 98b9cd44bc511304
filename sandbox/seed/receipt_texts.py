"""The text of seeded receipts, produced by the service itself, with placeholders for what varies. Used by `filling`."""

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
_GIFT_AMOUNT, _REMAINING_AMOUNT = 123_456, 65_432


def receipt_texts(organization: Organization) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield (locale, kind, shared content, sentences with {given} {date} {left} {number}, frequencies).

    The last three are JSON.
    """
    for locale in LOCALES:
        frequencies = {
            name: _frozen(organization, locale, "receipt", name)["frequency_text"]
            for name in ("one_time", "monthly", "yearly")
        }
        for kind in ("receipt", "corrected", "void", "bounced"):
            shared = _frozen(organization, locale, kind, "one_time")
            sentences = [_with_placeholders(text, locale) for text in shared.pop("wording")]
            yield locale, kind, json.dumps(shared), json.dumps(sentences), json.dumps(frequencies)


def long_dates(first: date, last: date) -> Iterator[tuple[str, date, str]]:
    """Yield (locale, day, the date as receipts print it) for every day from `first` to `last`."""
    for locale in LOCALES:
        language = get_language(locale)
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            yield locale, day, formatting.long_date(day, language)


def _frozen(organization: Organization, locale: str, kind: str, frequency: str) -> dict[str, Any]:
    donation = Donation(
        amount=_GIFT_AMOUNT, fee_cover=0, currency="usd", frequency=frequency, locale=locale,
        name="", email="", campaign=Campaign(title=""),
    )  # fmt: skip
    before = Receipt(year=0, sequence=1, kind=ReceiptKind.receipt.value)
    amount = {"receipt": _GIFT_AMOUNT, "corrected": _REMAINING_AMOUNT}.get(kind, 0)
    offline = OfflineGift(kind="cheque", reversal_reason="bounced") if kind == "bounced" else None
    about = AcknowledgedGift(amount, (_DAY, _DAY), None if kind == "receipt" else before, offline)
    return frozen_content(donation, organization, about)


def _with_placeholders(text: str, locale: str) -> str:
    language = get_language(locale)
    placeholders = {
        formatting.amount(_GIFT_AMOUNT, "usd", language): "{given}",
        formatting.amount(_REMAINING_AMOUNT, "usd", language): "{left}",
        formatting.long_date(_DAY, language): "{date}",
        "0-000001": "{number}",
    }
    for written, placeholder in placeholders.items():
        text = text.replace(written, placeholder)
    return text
