"""The receipts' table, raw: a number once, each replaced at most once, so that they are a chain."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from campaign.models import Receipt
from campaign.runtime.context import Installation
from tests.support.raw_sql import execute, insert, refusals
from tests.support.stripe import Facts

Issue = Callable[..., int]


@pytest.fixture
def issue(installation: Installation, paid: Facts) -> Issue:
    """Insert another receipt of the gift; it replaces none by default."""

    def put(sequence: int, kind: str = "corrected", **values: Any) -> int:
        shown = {
            "year": 2031,
            "sequence": sequence,
            "kind": kind,
            "donation_id": paid.donation.id,
            "campaign_id": paid.donation.campaign_id,
            "amount": 0 if kind == "void" else 100,
            "currency": "usd",
            "gift_date": "2031-01-01",
            "frozen": {},
        }
        return insert(installation, Receipt, **{**shown, **values})

    return put


@pytest.fixture
def first(installation: Installation, paid: Facts) -> int:
    """The gift's first receipt."""
    with installation.engine.connect() as connection:
        return int(connection.execute(text("SELECT id FROM receipt")).scalar_one())


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ("sequence = 0", "ck_receipt_sequence"),
        ("amount = 0", "ck_receipt_amount"),
    ],
)
def test_a_receipt_keeps_its_rules(
    installation: Installation, paid: Facts, changes: str, rule: str
) -> None:
    with pytest.raises(IntegrityError, match=rule):
        execute(installation, f"UPDATE receipt SET {changes}")


def test_a_number_is_given_once_a_year(issue: Issue, first: int) -> None:
    second = issue(1, replaces_id=first)
    with pytest.raises(IntegrityError, match="uq_receipt_year_sequence"):
        issue(1, replaces_id=second)
    issue(1, replaces_id=second, year=2032)


def test_a_receipt_is_replaced_at_most_once_and_a_gift_has_one_first(
    issue: Issue, first: int
) -> None:
    issue(1, replaces_id=first)
    with pytest.raises(IntegrityError, match="uq_receipt_replaces_id"):
        issue(2, "void", replaces_id=first)
    with pytest.raises(IntegrityError, match="uq_receipt_first"):
        issue(3, "receipt")
    with pytest.raises(IntegrityError, match="ck_receipt_replaces"):
        issue(4)


def test_a_void_one_says_nothing_is_left_and_no_other_does(
    installation: Installation, issue: Issue, first: int
) -> None:
    further = issue(1, replaces_id=first)
    rules = {
        f"kind = 'void' WHERE id = {further}": "ck_receipt_amount",
        f"amount = 0 WHERE id = {further}": "ck_receipt_amount",
        f"kind = 'void', amount = 0 WHERE id = {further}": "",
        f"amount = -1 WHERE id = {further}": "ck_receipt_amount",
        f"sequence = -1 WHERE id = {further}": "ck_receipt_sequence",
        f"kind = 'copy' WHERE id = {further}": "ck_receipt_kind",
    }
    assert refusals(installation, "receipt", rules) == rules


def test_its_number_is_the_year_and_six_digits_or_more() -> None:
    sequences = (1, 999_999, 1_000_000)
    numbers = [Receipt(year=2026, sequence=sequence).number for sequence in sequences]
    assert numbers == ["2026-000001", "2026-999999", "2026-1000000"]
