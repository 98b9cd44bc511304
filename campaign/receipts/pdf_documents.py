"""Render each kind of PDF from a context that another module builds."""

from collections.abc import Sequence
from typing import Any

from campaign.core.i18n import Language, get_language
from campaign.donations.tribute_cards import card_heading, card_sentence
from campaign.receipts.receipt_labels import receipt_heading, receipt_notice
from campaign.receipts.typesetting import render_pdf

ADDRESSES = {
    "us": {"paper": "us-letter", "sender": (0.5, 0.625), "recipient": (0.75, 2.0625)},
    "din": {"paper": "a4", "sender": (0.9843, 1.9), "recipient": (0.9843, 2.4803)},
}
"""Address positions for window envelopes, in inches from the left and top of the sheet.

us: a #10 envelope with two windows or only the lower left one. din: DIN 5008, form B.
"""


def receipt_pdf(context: dict[str, Any]) -> bytes:
    """Return one receipt on one sheet; `context` comes from `receipt_context`."""
    return render_pdf("receipt", _receipt(context) | {"paper": "us-letter"})


def statement_pdf(context: dict[str, Any]) -> bytes:
    """Return a yearly statement; `context` comes from `statement_context`."""
    return render_pdf("statement", _statement(context) | {"paper": "us-letter"})


def report_pdf(context: dict[str, Any]) -> bytes:
    """Return a campaign report for staff, in English; `context` comes from `web.staff.campaigns.report`."""
    return render_pdf("report", context | {"paper": "us-letter", "lang": "en"})


def evidence_pdf(context: dict[str, Any]) -> bytes:
    """Return evidence about a dispute, in English; `context` comes from `reporting.evidence_files`."""
    return render_pdf("evidence", context | {"paper": "us-letter", "lang": "en"})


def print_queue_pdf(letters: Sequence[dict[str, Any]], window: str = "us") -> bytes:
    """Return letters to mail, each on its own sheet.

    Each has a `kind` (receipt, statement or card), a `context` and an `address`.

    `window` is a key of ADDRESSES.
    """
    place = ADDRESSES[window]
    makers = {"receipt": _receipt, "statement": _statement, "card": _card}
    pages = [
        makers[one["kind"]](one["context"]) | {"kind": one["kind"], "address": one["address"]}
        for one in letters
    ]
    title = " · ".join(dict.fromkeys(page["organization"] for page in pages))
    return render_pdf("mailing", {"title": title, "lang": pages[0]["lang"], "pages": pages} | place)


def deposit_slip_pdf(context: dict[str, Any], sheet: str = "us-letter") -> bytes:
    """Return a deposit slip for the bank; `context` comes from `slip_context`; `sheet` is us-letter or a4."""
    number = len(context["checks"])
    checks = f"{number} check" if number == 1 else f"{number} checks"
    made = {
        "paper": sheet,
        "lang": "en",
        "organization": context["organization_name"],
        "organization_lines": context["organization_address_lines"],
        "ein": "",
        "heading": f"Deposit {context['name']}",
        "dated": context["dated"],
        "bank_reference": context["bank_reference"] and f"Reference {context['bank_reference']}",
        "columns": ["", "Number", "From", "Amount"],
        "checks": context["checks"],
        "sums": [(checks, context["checks_total"]), ("Cash", context["cash_total"])],
        "total": (f"Total, {context['currency']}", context["total"]),
    }
    return render_pdf("deposit_slip", made)


def _receipt(context: dict[str, Any]) -> dict[str, Any]:
    language = get_language(context["locale"])
    donor = context["donor_name"] or context["donor_email"]
    rows = [
        (language.gettext("Donor"), donor),
        (language.gettext("Date"), context["gift_date_text"]),
        (language.gettext("Campaign"), context["campaign_title"]),
        (language.gettext("How often"), context.get("frequency_text", "")),
        (language.gettext("Replaces receipt"), context["replaces"]),
    ]
    return _head(context, language) | {
        "heading": receipt_heading(context, language),
        "issued": language.gettext("Issued %(day)s") % {"day": context["issued_text"]},
        "notice": receipt_notice(context, language),
        "amount": "" if context["voided"] else context["amount_text"],
        "rows": [row for row in rows if row[1]],
        "wording": context["wording"],
    }


def _statement(context: dict[str, Any]) -> dict[str, Any]:
    language = get_language(context["locale"])
    return _head(context, language) | {
        "heading": language.gettext("Your gifts in %(year)s") % {"year": context["year"]},
        "donor": context["donor_name"],
        "columns": [
            language.gettext("Date"),
            language.gettext("Receipt"),
            language.gettext("Campaign"),
            language.gettext("Amount"),
        ],
        "gifts": [
            [gift["date_text"], gift["number"], gift["campaign_title"], gift["amount_text"]]
            for gift in context["gifts"]
        ],
        "total_word": language.gettext("Total"),
        "totals": context["totals"],
        "wording": context["wording"],
    }


def _card(context: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a tribute card; `context` comes from `card_words`, plus the organization."""
    language, organization = get_language(context["locale"]), context["organization"]
    return {
        "lang": language.locale,
        "organization": organization.name,
        "organization_lines": organization.address_lines,
        # A card is not a receipt.
        "ein": "",
        "heading": card_heading(context, language),
        "greeting": language.gettext("Dear %(name)s,") % {"name": context["name"]},
        "sentence": card_sentence(context, organization.name, language),
        "message": context["message"],
        "sender": context["sender"],
    }


def _head(context: dict[str, Any], language: Language) -> dict[str, Any]:
    ein = context["organization_ein"]
    return {
        "lang": language.locale,
        "organization": context["organization_name"],
        "organization_lines": context["organization_address_lines"],
        "ein": f"EIN {ein}" if ein else "",
    }
