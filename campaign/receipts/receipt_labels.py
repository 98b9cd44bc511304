"""The words that stand on receipts alone, on paper and on their page: headings and notices."""

from collections.abc import Mapping
from typing import Any

from campaign.core.i18n import Words
from campaign.receipts.receipt_text import GRANT


def receipt_heading(context: Mapping[str, Any], said: Words) -> str:
    """`Corrected receipt 2026-000123`; `context` as `receipt_context` makes it."""
    if context.get("acknowledges") == GRANT:
        text = said.gettext("Acknowledgment %(number)s")
        text = said.gettext("Void acknowledgment %(number)s") if context["voided"] else text
    else:
        headings = {
            "corrected": said.gettext("Corrected receipt %(number)s"),
            "void": said.gettext("Void receipt %(number)s"),
        }
        text = headings.get(context["kind"], said.gettext("Receipt %(number)s"))
    return text % {"number": context["number"]}


def receipt_notice(context: Mapping[str, Any], said: Words) -> str:
    """Why this receipt is no longer the valid one; '' where it is."""
    if context["replaced_by"]:
        text = said.gettext(
            "Replaced: receipt %(number)s stands in its place. This one can no longer be used for taxes."
        )
        return text % {"number": context["replaced_by"]}
    if not context["voided"]:
        return ""
    if context.get("acknowledges") == GRANT:
        return said.gettext("Void: nothing is left of this grant.")
    return said.gettext(
        "Void: nothing is left of this gift, and no receipt of it can be used for taxes."
    )
