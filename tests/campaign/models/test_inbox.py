"""The inbox' table, raw."""

import pytest
from sqlalchemy.exc import IntegrityError

from campaign.runtime.context import Installation
from tests.support.raw_sql import execute
from tests.support.stripe import Facts


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ("state = 'lost'", "ck_inbox_event_state"),
    ],
)
def test_an_event_keeps_its_rules(
    installation: Installation, paid: Facts, changes: str, rule: str
) -> None:
    with pytest.raises(IntegrityError, match=rule):
        execute(installation, f"UPDATE inbox_event SET {changes}")
