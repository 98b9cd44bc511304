"""Put the evidence about a disputed gift into files: one PDF, and a ZIP with everything behind it."""

import csv
import io
import json
import zipfile
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from campaign.core.csv_cells import safe_cell
from campaign.models import LedgerEntry
from campaign.receipts.pdf_documents import evidence_pdf, receipt_pdf
from campaign.reporting.evidence_fields import (
    LARGEST_FILES,
    LONGEST_FIELD,
    LONGEST_TOGETHER,
    evidence_fields,
)
from campaign.reporting.evidence_sections import (
    evidence_sections,
    hints_for_staff,
    missing_facts,
)
from campaign.reporting.evidence_writer import EvidenceSection, EvidenceWriter, delivery

_LEDGER = (
    "id",
    "kind",
    "amount",
    "fee_cover",
    "fee",
    "currency",
    "occurred_at",
    "recorded_at",
    "source",
    "balance_transaction_id",
)
_MOST_EMAILS = 6
"""The most emails in one PDF: the networks accept few pages."""


def dispute_pdf(writer: EvidenceWriter, at: datetime) -> bytes:
    """Return all evidence as one PDF, made at `at`."""
    dispute = writer.evidence.dispute
    return _pdf(writer, f"Evidence about {dispute.stripe_id}", evidence_sections(writer), at)


def _pdf(
    writer: EvidenceWriter, title: str, sections: Sequence[EvidenceSection], at: datetime
) -> bytes:
    organization = writer.organization
    return evidence_pdf(
        {
            "organization_name": organization.name,
            "organization_address_lines": organization.address_lines,
            "organization_ein": organization.ein,
            "title": title,
            "made": f"Made from the organization’s records on {writer.moment(at)}. All times are in its time zone.",
            "sections": [
                {
                    "title": one.title,
                    "says": one.says,
                    "rows": one.rows,
                    "columns": one.columns,
                    "cells": one.cells,
                    "paragraphs": [text.splitlines() for text in one.paragraphs],
                }
                for one in sections
            ],
        }
    )


def evidence_zip(writer: EvidenceWriter, at: datetime) -> bytes:
    """Return a ZIP with the PDF, receipts, emails, ledger, texts and a README that says where each of them goes."""
    files = _files(writer, at)
    files["README.txt"] = _readme(writer, files, at).encode()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(
                zipfile.ZipInfo(name, at.timetuple()[:6]), content, zipfile.ZIP_DEFLATED
            )
    return made.getvalue()


def _files(writer: EvidenceWriter, at: datetime) -> dict[str, bytes]:
    evidence = writer.evidence
    files = {
        "evidence.pdf": dispute_pdf(writer, at),
        "ledger.csv": _ledger_csv(evidence.detail.entries).encode(),
        "texts.json": _json({one.name: one.text for one in evidence_fields(writer)}),
        "campaign-page.txt": f"{evidence.appeal.text}\n".encode(),
    }
    for one in evidence.receipts:
        files[f"receipts/receipt-{one.receipt.number}.pdf"] = receipt_pdf(dict(one.context))
    mails = email_texts(writer)
    for number, text in mails.items():
        files[f"emails/receipt-{number}.txt"] = text.encode()
    if mails:
        files["emails.pdf"] = _emails_pdf(writer, at)
    return files


def _json(values: Any) -> bytes:
    return (json.dumps(values, ensure_ascii=False, indent=2) + "\n").encode()


def _ledger_csv(entries: Sequence[LedgerEntry]) -> str:
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(_LEDGER)
    for entry in entries:
        rows.writerow([safe_cell(getattr(entry, name)) for name in _LEDGER])
    return written.getvalue()


def email_texts(writer: EvidenceWriter) -> dict[str, str]:
    """Return each receipt's email that was sent, by the receipt's number.

    Emails are not kept. A receipt's email is rendered again from the receipt, whose text never changes. The links with
    which the donor changes a gift are left out: whoever has them can use them.
    """
    return {
        one.receipt.number: "\n".join(
            [
                f"Subject: {one.email.subject}",
                f"To: {one.mail.recipient or '(erased)'}",
                f"Message-ID: {one.mail.message_id}",
                f"Delivery: {delivery(writer, one.mail)}",
                "",
                _without_secrets(writer, one.email.text),
            ]
        )
        for one in writer.evidence.receipts
        if one.mail is not None and one.email is not None and one.mail.sent_at
    }


def _without_secrets(writer: EvidenceWriter, text: str) -> str:
    evidence = writer.evidence
    subscription = evidence.donation.subscription
    tokens = [one.receipt.token for one in evidence.receipts]
    tokens += [evidence.donation.token, *([subscription.token] if subscription else [])]
    for token in tokens:
        text = text.replace(token, "(secret part left out)")
    return text


def _emails_pdf(writer: EvidenceWriter, at: datetime) -> bytes:
    texts = list(email_texts(writer).items())[-_MOST_EMAILS:]
    sections = [
        EvidenceSection(
            number,
            f"Email with receipt {number}",
            "Written again from the receipt, whose text never changes. The email itself is not kept. Secret parts of"
            " links are left out.",
            paragraphs=text.split("\n\n"),
        )
        for number, text in texts
    ]
    return _pdf(writer, f"Emails about {writer.evidence.donation.public_id}", sections, at)


def _readme(writer: EvidenceWriter, files: dict[str, bytes], at: datetime) -> str:
    evidence = writer.evidence
    appealing = evidence.appealing
    first = evidence.receipts[0].receipt.number if evidence.receipts else None
    uploads = [("evidence.pdf", "uncategorized_file")]
    if first is not None:
        uploads.append((f"receipts/receipt-{first}.pdf", "receipt"))
    if "emails.pdf" in files:
        uploads.append(("emails.pdf", "customer_communication"))
    size = sum(len(files[name]) for name, _ in uploads)
    fields = evidence_fields(writer)
    together = sum(len(one.text) for one in fields)
    lines = [
        f"Evidence about the dispute {evidence.dispute.stripe_id} of the gift {evidence.donation.public_id}",
        f"Made on {writer.moment(at)}. Nothing was sent to Stripe.",
        "",
        *_standing(writer),
        "",
        "FILES TO UPLOAD, AND STRIPE'S FIELD FOR EACH",
        *(
            f"{name}: {'appeal.card.supporting_files' if appealing else field}"
            for name, field in uploads
        ),
        f"Together {size:,} bytes; Stripe takes at most {LARGEST_FILES:,}, and one file a field:",
        "https://docs.stripe.com/disputes/responding",
        "",
        "TEXTS TO PASTE (texts.json has the same)",
        *(f"{one.name}: {len(one.text):,} characters" for one in fields),
        f"Together {together:,} characters; Stripe takes {LONGEST_FIELD:,} a field, {LONGEST_TOGETHER:,} together:",
        "https://docs.stripe.com/api/disputes/update",
        "",
        "FOR YOUR OWN USE",
        "ledger.csv: the ledger entries of the gift; amounts are minor units.",
        "campaign-page.txt: the whole text of the campaign's page as it is now.",
        "receipts/, emails/: every receipt, and the email of each. Emails are not kept:",
        "each is written again from its receipt, whose text never changes; secret parts of links are left out.",
        "",
        "NOT AVAILABLE",
        *missing_facts(writer),
        *hints_for_staff(writer),
    ]
    return "\n".join(lines) + "\n"


def _standing(writer: EvidenceWriter) -> list[str]:
    """Return what staff should know about deadline and earlier submissions."""
    return [
        *standing_sentences(writer),
        "Remove what does not answer the bank's reason before you submit.",
    ]


def standing_sentences(writer: EvidenceWriter) -> list[str]:
    """Return where the dispute stands: its status, deadline, and whether evidence was submitted already."""
    evidence, bank = writer.evidence, writer.stripe.dispute
    status = evidence.dispute.status.replace("_", " ")
    if evidence.closed:
        return [f"This dispute is closed ({status}). Stripe takes no more evidence for it."]
    found = [f"Status: {status}."]
    if evidence.dispute.due_by is not None:
        what = "The appeal" if evidence.appealing else "Evidence"
        found.append(f"{what} is due on {writer.moment(evidence.dispute.due_by)}.")
    if bank is not None and bank.past_due:
        found.append("Stripe says that the deadline has passed.")
    if bank is not None and bank.submissions:
        found.append("Evidence was submitted before; Stripe passes on only one submission.")
    return found
