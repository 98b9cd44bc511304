"""Each kind of paper: which words go into its template. Contexts are made by services."""

from collections.abc import Sequence
from typing import Any

from campaign.core.i18n import Words, words
from campaign.donations.tribute_cards import card_heading, card_sentence
from campaign.receipts.receipt_labels import receipt_heading, receipt_notice
from campaign.receipts.typesetting import set_pdf

ADDRESSES = {
    "us": {"paper": "us-letter", "sender": (0.5, 0.625), "recipient": (0.75, 2.0625)},
    "din": {"paper": "a4", "sender": (0.9843, 1.9), "recipient": (0.9843, 2.4803)},
}
"""Where the addresses stand for a window envelope, in inches from the left and the top of the sheet.

us: a #10 envelope with two windows, or with the lower left one. din: DIN 5008, form B.
"""


def receipt_pdf(context: dict[str, Any]) -> bytes:
    """One receipt on one sheet; `context` as `receipt_context` makes it."""
    return set_pdf("receipt", _receipt(context) | {"paper": "us-letter"})


def statement_pdf(context: dict[str, Any]) -> bytes:
    """The gifts of a year; `context` as `statement_context` makes it."""
    return set_pdf("statement", _statement(context) | {"paper": "us-letter"})


def report_pdf(context: dict[str, Any]) -> bytes:
    """A campaign's report for the staff; `context` as `web.staff.campaigns.report` makes it, in English."""
    return set_pdf("report", context | {"paper": "us-letter", "lang": "en"})


def letters_pdf(letters: Sequence[dict[str, Any]], window: str = "us") -> bytes:
    """A letter for each, each on a sheet of its own: `kind` receipt, statement or card, `context`, `address`.

    `window`: a name in ADDRESSES.
    """
    place = ADDRESSES[window]
    makers = {"receipt": _receipt, "statement": _statement, "card": _card}
    pages = [
        makers[one["kind"]](one["context"]) | {"kind": one["kind"], "address": one["address"]}
        for one in letters
    ]
    title = " · ".join(dict.fromkeys(page["organization"] for page in pages))
    return set_pdf("letters", {"title": title, "lang": pages[0]["lang"], "pages": pages} | place)


def deposit_slip_pdf(context: dict[str, Any], sheet: str = "us-letter") -> bytes:
    """What goes to the bank; `context` as `slip_context` makes it, `sheet` us-letter or a4."""
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
    return set_pdf("deposit_slip", made)


def _receipt(context: dict[str, Any]) -> dict[str, Any]:
    said = words(context["locale"])
    donor = context["donor_name"] or context["donor_email"]
    rows = [
        (said.gettext("Donor"), donor),
        (said.gettext("Date"), context["gift_date_text"]),
        (said.gettext("Campaign"), context["campaign_title"]),
        (said.gettext("How often"), context.get("frequency_text", "")),
        (said.gettext("In place of receipt"), context["replaces"]),
    ]
    return _head(context, said) | {
        "heading": receipt_heading(context, said),
        "issued": said.gettext("Issued %(day)s") % {"day": context["issued_text"]},
        "notice": receipt_notice(context, said),
        "amount": "" if context["voided"] else context["amount_text"],
        "rows": [row for row in rows if row[1]],
        "wording": context["wording"],
    }


def _statement(context: dict[str, Any]) -> dict[str, Any]:
    said = words(context["locale"])
    return _head(context, said) | {
        "heading": said.gettext("Your gifts in %(year)s") % {"year": context["year"]},
        "donor": context["donor_name"],
        "columns": [
            said.gettext("Date"),
            said.gettext("Receipt"),
            said.gettext("Campaign"),
            said.gettext("Amount"),
        ],
        "gifts": [
            [gift["date_text"], gift["number"], gift["campaign_title"], gift["amount_text"]]
            for gift in context["gifts"]
        ],
        "total_word": said.gettext("Total"),
        "totals": context["totals"],
        "wording": context["wording"],
    }


def _card(context: dict[str, Any]) -> dict[str, Any]:
    """`context` as `card_words` makes it, with the organisation."""
    said, organization = words(context["locale"]), context["organization"]
    return {
        "lang": said.locale,
        "organization": organization.name,
        "organization_lines": organization.address_lines,
        # It is no receipt.
        "ein": "",
        "heading": card_heading(context, said),
        "greeting": said.gettext("Dear %(name)s,") % {"name": context["name"]},
        "sentence": card_sentence(context, organization.name, said),
        "message": context["message"],
        "sender": context["sender"],
    }


def _head(context: dict[str, Any], said: Words) -> dict[str, Any]:
    ein = context["organization_ein"]
    return {
        "lang": said.locale,
        "organization": context["organization_name"],
        "organization_lines": context["organization_address_lines"],
        "ein": f"EIN {ein}" if ein else "",
    }
