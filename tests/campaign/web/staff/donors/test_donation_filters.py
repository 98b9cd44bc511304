"""The filters of the list of donations: what cannot be read is named."""

from collections.abc import Callable

import pytest

from campaign.models import (
    StaffRole,
)
from tests.support.staff import StaffMaker
from tests.support.stripe import Facts

Give = Callable[..., Facts]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("state=gone", "“gone” cannot be chosen here"),
        ("campaign=nowhere", "no campaign called “nowhere”"),
        ("from=yesterday", "“yesterday” is not a day"),
        ("from=2026-02-02&to=2026-01-01", "is before the first"),
        ("least=many", "is not an amount"),
        ("stat=paid", "no filter called “stat”"),
        ("before=x", "no place in the list"),
    ],
)
def test_a_wrong_filter_is_named_and_nothing_is_listed(
    staff: StaffMaker, give: Give, query: str, said: str
) -> None:
    give()
    answer = staff(StaffRole.viewer).get(f"/staff/donations?{query}")
    assert answer.status_code == 422
    assert said in answer.text
    assert "Ana Reyes" not in answer.text
