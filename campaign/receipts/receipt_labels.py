"""The words that stand on receipts alone, on paper and on their page: headings and notices."""

from collections.abc import Mapping
from typing import Any

from campaign.core.i18n import Language
from campaign.receipts.receipt_text import GRANT


def receipt_heading(context: Mapping[str, Any], language: Language) -> str:
    """`Corrected receipt 2026-000123`; `context` as `receipt_context` makes it."""
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
    """Why this receipt is no longer the valid one; '' where it is."""
    if context["replaced_by"]:
        text = language.gettext(
            "Replaced: receipt %(number)s stands in its place. This one can no longer be used for taxes."
        )
        return text % {"number": context["replaced_by"]}
    if not context["voided"]:
        return ""
    if context.get("acknowledges") == GRANT:
        return language.gettext("Void: nothing is left of this grant.")
    return language.gettext(
        "Void: nothing is left of this gift, and no receipt of it can be used for taxes."
    )
