"""What staff add to donors and donations, as the tables keep it. Raw."""

from collections.abc import Callable

import pytest
from sqlalchemy.exc import IntegrityError

from campaign.models import Acknowledgment, Donor, DonorMerge, Note
from campaign.runtime.context import Installation
from tests.support.raw_sql import execute, insert, rejections
from tests.support.stripe import Facts

Give = Callable[..., Facts]


def test_a_note_is_about_a_donor_or_a_donation_and_says_something(
    installation: Installation, give: Give
) -> None:
    donation = give().donation
    insert(installation, Note, donation_id=donation.id, text="Called.", written_by="Mia")
    rules = {
        f"donor_id = {donation.donor_id}": "ck_note_about",
        "donation_id = NULL": "ck_note_about",
        f"donation_id = NULL, donor_id = {donation.donor_id}": "",
        "text = ''": "ck_note_text",
    }
    assert rejections(installation, "note", rules) == rules


def test_a_donor_is_merged_once_until_that_is_undone(installation: Installation) -> None:
    kept, merged, third = (insert(installation, Donor, email="", name=name) for name in "abc")
    insert(installation, DonorMerge, kept_id=kept, merged_id=merged, merged_by="Mia")
    with pytest.raises(IntegrityError, match="uq_donor_merge_current"):
        insert(installation, DonorMerge, kept_id=third, merged_id=merged, merged_by="Mia")
    rules = {
        f"kept_id = {merged}": "ck_donor_merge_two",
        "undone_at = now()": "ck_donor_merge_undone",
        "undone_by = 'Mia'": "ck_donor_merge_undone",
    }
    assert rejections(installation, "donor_merge", rules) == rules
    execute(installation, "UPDATE donor_merge SET undone_at = now(), undone_by = 'Mia'")
    insert(installation, DonorMerge, kept_id=third, merged_id=merged, merged_by="Mia")


def test_a_thing_is_marked_as_reviewed_once(installation: Installation) -> None:
    insert(installation, Acknowledgment, kind="dispute", key="du_1", acknowledged_by="Mia")
    insert(installation, Acknowledgment, kind="warning", key="du_1", acknowledged_by="Mia")
    with pytest.raises(IntegrityError, match="uq_acknowledgment_kind_key"):
        insert(installation, Acknowledgment, kind="dispute", key="du_1", acknowledged_by="Fay")
