"""The donor's table: one person an address, merges one step deep, and nothing left of whom was erased."""

from collections.abc import Callable

import pytest
from sqlalchemy.exc import IntegrityError

from campaign.models import Donor
from campaign.runtime.context import Installation
from tests.support.raw_sql import execute, insert, refusals
from tests.support.stripe import Facts

Give = Callable[..., Facts]


def test_a_donor_is_one_person_in_any_case(installation: Installation, give: Give) -> None:
    first, second = give(email="ana@example.org"), give(email="Ana@Example.ORG")
    assert first.donation.donor_id == second.donation.donor_id
    with pytest.raises(IntegrityError, match="uq_donor_lower_email"):
        execute(installation, "INSERT INTO donor (email, name) VALUES ('ANA@example.org', '')")


def test_donors_without_an_address_may_share_even_their_name(installation: Installation) -> None:
    one, other = (insert(installation, Donor, email="", name="Ben Okafor") for _ in range(2))
    assert one != other


def test_nobody_is_merged_into_themselves_nor_into_somebody_merged(
    installation: Installation,
) -> None:
    kept, merged, third = (insert(installation, Donor, email="", name=name) for name in "abc")
    execute(installation, f"UPDATE donor SET merged_into_id = {kept} WHERE id = {merged}")
    chain = "A merged donor record cannot be the one that a merge keeps."
    rules = {
        f"merged_into_id = id WHERE id = {third}": "ck_donor_merged_into_id",
        f"merged_into_id = {merged} WHERE id = {third}": chain,
        f"merged_into_id = {third} WHERE id = {kept}": chain,
        f"merged_into_id = {kept} WHERE id = {third}": "",
        f"merged_into_id = NULL WHERE id = {merged}": "",
    }
    assert refusals(installation, "donor", rules) == rules


def test_of_whom_was_erased_neither_name_nor_address_is_left(installation: Installation) -> None:
    insert(installation, Donor, email="ana@example.org", name="Ana", address="1 Wharf Street")
    gone = "erased_at = now(), email = '', name = '', address = ''"
    rules = {gone: ""} | {
        gone.replace(f"{column} = ''", f"{column} = 'left'"): "ck_donor_erased"
        for column in ("email", "name", "address")
    }
    assert refusals(installation, "donor", rules) == rules
