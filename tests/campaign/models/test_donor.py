"""A donor is one person, however the address is written."""

from collections.abc import Callable

import pytest
from sqlalchemy.exc import IntegrityError

from campaign.runtime.context import Installation
from tests.support.raw_sql import execute
from tests.support.stripe import Facts

Give = Callable[..., Facts]


def test_a_donor_is_one_person_in_any_case(installation: Installation, give: Give) -> None:
    first, second = give(email="ana@example.org"), give(email="Ana@Example.ORG")
    assert first.donation.donor_id == second.donation.donor_id
    with pytest.raises(IntegrityError, match="uq_donor_lower_email"):
        execute(installation, "INSERT INTO donor (email, name) VALUES ('ANA@example.org', '')")
