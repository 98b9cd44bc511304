"""Whether a deadline came earlier. `test_constraints.py` has the rules of the tables."""

from datetime import UTC, datetime, timedelta

import pytest

from campaign.models import (
    Extension,
)

MOMENT = datetime(2026, 12, 22, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("later", "early"), [(timedelta(seconds=1), False), (-timedelta(seconds=1), True)]
)
def test_a_deadline_that_came_earlier_closed_the_campaign_early(
    later: timedelta, early: bool
) -> None:
    assert Extension(previous_deadline=MOMENT, deadline=MOMENT + later).closed_early is early
