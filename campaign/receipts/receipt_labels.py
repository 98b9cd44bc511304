"""Headings and notices that appear only on receipts, in the PDF and on the receipt page."""

from collections.abc import Mapping
from typing import Any

from campaign.core.i18n import Language
from campaign.receipts.receipt_text import GRANT


def receipt_heading(context: Mapping[str, Any], language: Language) -> str:
    """Return a heading such as `Corrected receipt 2026-000123`; `context` comes from `receipt_context`."""
    if context.get("acknowledges") == GRANT:
        text = language.gettext("Acknowledgment %(number)s")
        text = language.gettext("Void acknowledgment %(number)s") if context["voided"] else text
    else:
        headings = {
            "corrected": language.gettext("Corrected receipt %(number)s"),
            "void": language.gettext("Void receipt %(number)s"),
        }
        text = headings.get(context["kind"], language.gettext("Receipt %(number)s"))
    return text % {"number": context["number"]}


def receipt_notice(context: Mapping[str, Any], language: Language) -> str:
    """Return why this receipt is no longer valid, or '' if it is valid."""
    if context["replaced_by"]:
        text = language.gettext(
            "Replaced by receipt %(number)s. This receipt is no longer valid for tax purposes."
        )
        return text % {"number": context["replaced_by"]}
    if not context["voided"]:
        return ""
    if context.get("acknowledges") == GRANT:
        return language.gettext("Void: this grant was refunded or reversed in full.")
    return language.gettext(
        "Void: this gift was refunded or reversed in full. None of its receipts is valid for tax purposes."
    )
