"""Headings and notices of receipts: what a receipt calls itself, and why it is no longer valid."""

from typing import Any

import pytest

from campaign.core.i18n import get_language
from campaign.receipts.receipt_labels import receipt_heading, receipt_notice

ENGLISH = get_language("en")


def context(kind: str, what: str = "money", replaced_by: str = "") -> dict[str, Any]:
    """Return a receipt as `receipt_context` does."""
    return {
        "kind": kind,
        "acknowledges": what,
        "number": "2026-000007",
        "replaced_by": replaced_by,
        "voided": kind == "void",
    }


@pytest.mark.parametrize(
    ("kind", "what", "heading"),
    [
        ("receipt", "money", "Receipt 2026-000007"),
        ("corrected", "money", "Corrected receipt 2026-000007"),
        ("void", "money", "Void receipt 2026-000007"),
        ("receipt", "property", "Receipt 2026-000007"),
        ("corrected", "property", "Corrected receipt 2026-000007"),
        ("void", "property", "Void receipt 2026-000007"),
        ("receipt", "grant", "Acknowledgment 2026-000007"),
        ("corrected", "grant", "Acknowledgment 2026-000007"),
        ("void", "grant", "Void acknowledgment 2026-000007"),
    ],
)
def test_a_funds_grant_is_acknowledged_and_never_called_a_receipt(
    kind: str, what: str, heading: str
) -> None:
    assert receipt_heading(context(kind, what), ENGLISH) == heading


def test_the_heading_is_in_the_receipts_language() -> None:
    assert receipt_heading(context("corrected"), get_language("es")) == (
        "Recibo corregido 2026-000007"
    )


REPLACED = "Replaced by receipt 2027-000001. This receipt is no longer valid for tax purposes."
VOID = (
    "Void: this gift was refunded or reversed in full. None of its receipts is valid for tax"
    " purposes."
)
VOID_GRANT = "Void: this grant was refunded or reversed in full."


@pytest.mark.parametrize(
    ("kind", "what", "replaced_by", "notice"),
    [
        ("receipt", "money", "", ""),
        ("corrected", "money", "", ""),
        ("corrected", "grant", "", ""),
        ("receipt", "money", "2027-000001", REPLACED),
        ("corrected", "property", "2027-000001", REPLACED),
        # A gift whose refund failed: the void receipt was replaced in turn.
        ("void", "money", "2027-000001", REPLACED),
        ("void", "money", "", VOID),
        ("void", "property", "", VOID),
        ("void", "grant", "", VOID_GRANT),
    ],
)
def test_a_receipt_that_is_no_longer_valid_says_why(
    kind: str, what: str, replaced_by: str, notice: str
) -> None:
    assert receipt_notice(context(kind, what, replaced_by), ENGLISH) == notice


def test_a_receipt_from_before_grants_is_one_for_money() -> None:
    old = context("void")
    del old["acknowledges"]
    assert (receipt_heading(old, ENGLISH), receipt_notice(old, ENGLISH)) == (
        "Void receipt 2026-000007",
        VOID,
    )
