"""Offline gifts and deposits, as their tables keep them. Raw."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from campaign.models import DepositBatch, OfflineGift
from campaign.runtime.context import Installation
from tests.support.raw_sql import execute, insert, rejections
from tests.support.stripe import Facts

Give = Callable[..., Facts]
Check = Callable[..., int]


@pytest.fixture
def check(installation: Installation, give: Give) -> Check:
    """Insert a check with its own donation; return its id."""

    def put(reference: str = "chase 101", **values: Any) -> int:
        shown = {"kind": "cheque", "received_on": date(2026, 12, 24), "entered_by": "Fay"}
        donation = give(email=f"{reference.replace(' ', '-')}@example.org").donation.id
        return insert(
            installation,
            OfflineGift,
            donation_id=donation,
            reference=reference,
            **{**shown, **values},
        )

    return put


def test_a_reference_is_one_gift_in_any_case_unless_it_was_a_mistake(
    installation: Installation, check: Check
) -> None:
    first = check("chase 101")
    with pytest.raises(IntegrityError, match="uq_offline_gift_lower_reference"):
        check("Chase 101")
    back = "UPDATE offline_gift SET reversed_on = received_on, reversal_reason = '{}' WHERE id = {}"
    execute(installation, back.format("bounced", first))
    with pytest.raises(IntegrityError, match="uq_offline_gift_lower_reference"):
        check("CHASE 101")
    execute(installation, back.format("mistake", first))
    check("chase 101")


def test_an_offline_gift_keeps_its_rules(installation: Installation, check: Check) -> None:
    check()
    rules = {
        "kind = 'barter'": "ck_offline_gift_kind",
        "reference = ''": "ck_offline_gift_reference",
        "postmarked_on = received_on": "",
        "postmarked_on = received_on + 1": "ck_offline_gift_postmarked_on",
        "reversed_on = received_on": "ck_offline_gift_reversed_on",
        "reversal_reason = 'bounced'": "ck_offline_gift_reversed_on",
        "reversed_on = received_on, reversal_reason = 'bounced'": "",
        "reversed_on = received_on, reversal_reason = 'lost'": "ck_offline_gift_reversal_reason",
    }
    assert rejections(installation, "offline_gift", rules) == rules


def test_a_form_is_one_gift_and_a_donation_came_one_way(
    installation: Installation, check: Check
) -> None:
    check(entry_token="form")
    with pytest.raises(IntegrityError, match="uq_offline_gift_entry_token"):
        check("chase 102", entry_token="form")
    check("chase 103")
    both = "UPDATE offline_gift SET donation_id = (SELECT min(donation_id) FROM offline_gift)"
    with pytest.raises(IntegrityError, match="uq_offline_gift_donation_id"):
        execute(installation, both)


def test_a_batch_is_closed_whole_and_what_is_in_it_stays(
    installation: Installation, check: Check
) -> None:
    batch = insert(installation, DepositBatch, name="Friday", currency="usd", opened_by="Fay")
    check(batch_id=batch)
    loose = check("chase 102")
    closing = "closed_at = now(), closed_by = 'Fay', deposited_on = current_date"
    rules = {
        "closed_at = now()": "ck_deposit_batch_closed",
        "closed_by = 'Fay', deposited_on = current_date": "ck_deposit_batch_closed",
        "name = ''": "ck_deposit_batch_name",
        closing: "",
    }
    assert rejections(installation, "deposit_batch", rules) == rules
    with pytest.raises(IntegrityError, match="uq_deposit_batch_lower_name"):
        insert(installation, DepositBatch, name="FRIDAY", currency="usd", opened_by="Fay")
    execute(installation, f"UPDATE deposit_batch SET {closing}")
    kept = "A closed deposit batch stays as it is."
    moves = {
        f"batch_id = {batch} WHERE id = {loose}": kept,
        f"batch_id = NULL WHERE batch_id = {batch}": kept,
        f"description = 'torn' WHERE batch_id = {batch}": "",
    }
    assert rejections(installation, "offline_gift", moves) == moves
    with pytest.raises(IntegrityError, match="A closed deposit batch stays"):
        check("chase 103", batch_id=batch)
