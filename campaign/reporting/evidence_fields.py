"""The evidence as Stripe takes it: a text for each text field, ready to paste, and which file goes to which field.

The names are those of Stripe's API (https://docs.stripe.com/api/disputes/update#update_dispute-evidence); the dashboard
asks for the same. Nothing is sent: Stripe takes evidence once, and staff decide what it says.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from campaign.core import money
from campaign.models import Donation
from campaign.reporting.evidence_sections import (
    evidence_sections,
    policy_sentences,
    summary_sentence,
)
from campaign.reporting.evidence_writer import EvidenceSection, EvidenceWriter

LONGEST_FIELD = 20_000
"""Stripe's limit for one text, in characters."""
LONGEST_TOGETHER = 150_000
"""Stripe's limit for all texts together: https://docs.stripe.com/api/disputes/update."""
LARGEST_FILES = 4_500_000
"""The most bytes of all files together: https://docs.stripe.com/disputes/responding."""

_LONGEST_SUMMARY = 15_000
_NEARBY = timedelta(days=31)
_NOT_PASTED = ("summary", "policy", "communications", "missing")


@dataclass(frozen=True)
class EvidenceField:
    """A field of Stripe's evidence and the text for it."""

    name: str
    label: str
    text: str


def evidence_fields(writer: EvidenceWriter) -> list[EvidenceField]:
    """Return the fields for which we know something, each within Stripe's limit."""
    if writer.evidence.appealing:
        reason = "appeal.card.reason_for_filing"
        return [EvidenceField(reason, "Reason for filing", _whole_story(writer))]
    found = [EvidenceField(name, label, make(writer)) for name, label, make in _FIELDS]
    return [one for one in found if one.text]


def _name(writer: EvidenceWriter) -> str:
    payment = writer.stripe.payment
    if writer.evidence.erased:
        return ""
    return writer.evidence.donation.name or (payment.name if payment else "")


def _address(writer: EvidenceWriter) -> str:
    payment = writer.stripe.payment
    return "" if writer.evidence.erased or payment is None else "\n".join(payment.address)


def _product(writer: EvidenceWriter) -> str:
    donation = writer.evidence.donation
    often = {"one_time": "One-time", "monthly": "Monthly", "yearly": "Yearly"}[donation.frequency]
    return (
        f"{often} gift (donation) of {writer.charge(donation)} to {writer.organization.name},"
        f" for the campaign “{donation.campaign.title_in(donation.locale)}”. Nothing was sold or to be delivered."
    )


def _service_date(writer: EvidenceWriter) -> str:
    charged_at = writer.evidence.donation.charged_at
    return writer.day(charged_at) if charged_at else ""


def _cancellation_disclosure(writer: EvidenceWriter) -> str:
    if writer.evidence.donation.subscription is None:
        return ""
    return " ".join(policy_sentences(writer))


def _cancellation_rebuttal(writer: EvidenceWriter) -> str:
    subscription = writer.evidence.donation.subscription
    if subscription is None:
        return ""
    charged_at, ended_at = writer.evidence.donation.charged_at, subscription.ended_at
    if ended_at is None:
        return f"No cancellation of this {subscription.frequency} gift is recorded."
    said = f"This {subscription.frequency} gift ended on {writer.moment(ended_at)}."
    if charged_at is not None and charged_at < ended_at:
        said += f" The disputed payment was charged before, on {writer.moment(charged_at)}."
    return said


def _duplicate(writer: EvidenceWriter) -> str:
    """Name the donor's earlier gifts that look like this one; '' unless the bank says that it is a duplicate."""
    evidence = writer.evidence
    if evidence.dispute.reason != "duplicate":
        return ""
    alike = [
        one.donation
        for one in evidence.earlier
        if timedelta(days=one.days) <= _NEARBY and _alike(one.donation, evidence.donation)
    ]
    if not alike:
        amount = writer.charge(evidence.donation)
        return f"No other payment of {amount} by this donor in the {_NEARBY.days} days before is recorded."
    others = "; ".join(_named(writer, one) for one in alike)
    return (
        f"The disputed payment is the gift {evidence.donation.public_id}. Separate gifts: {others}."
    )


def _alike(one: Donation, other: Donation) -> bool:
    return (one.charge, one.currency) == (other.charge, other.currency)


def _named(writer: EvidenceWriter, gift: Donation) -> str:
    paid = writer.moment(gift.charged_at or gift.created_at)
    amount = money.with_code(gift.charge, gift.currency)
    return (
        f"{gift.public_id}, {amount}, {paid}, payment {gift.payment_intent_id or gift.invoice_id}"
    )


def _whole_story(writer: EvidenceWriter) -> str:
    """Return the sections as plain text: what a bank reads if it opens no file."""
    chosen = [one for one in evidence_sections(writer) if one.key not in _NOT_PASTED]
    story = "\n\n".join([summary_sentence(writer), *(section_text(one) for one in chosen)])
    return shortened(story, _LONGEST_SUMMARY)


def section_text(section: EvidenceSection) -> str:
    """Return one section as plain text."""
    lines = [section.title.upper(), section.says]
    lines += [f"{label}: {value}" for label, value in section.rows]
    lines += [" | ".join(cells) for cells in ([section.columns] if section.columns else [])]
    lines += [" | ".join(cells) for cells in section.cells]
    return "\n".join([*lines, *section.paragraphs])


def shortened(text: str, longest: int) -> str:
    """Return `text` with at most `longest` characters, and say so if it was longer."""
    ending = "\n[shortened; the PDF has the rest]"
    return text if len(text) <= longest else text[: longest - len(ending)].rstrip() + ending


_FIELDS: Sequence[tuple[str, str, Callable[[EvidenceWriter], str]]] = (
    ("customer_name", "Customer name", _name),
    ("customer_email_address", "Customer email", lambda writer: writer.evidence.donation.email),
    ("billing_address", "Billing address", _address),
    ("product_description", "Product description", _product),
    ("service_date", "Service date", _service_date),
    ("cancellation_policy_disclosure", "Cancellation policy disclosure", _cancellation_disclosure),
    ("cancellation_rebuttal", "Cancellation rebuttal", _cancellation_rebuttal),
    ("duplicate_charge_explanation", "Duplicate charge explanation", _duplicate),
    ("uncategorized_text", "Additional information", _whole_story),
)
