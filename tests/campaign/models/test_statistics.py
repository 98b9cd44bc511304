"""What is counted of a gift besides the sum. `test_counting_trigger.py` has the trigger's rules."""

from sqlalchemy import text

from campaign.runtime.context import Installation
from tests.support.stripe import Facts


def test_the_ledger_s_trigger_counts_a_gift_by_each_aspect(
    installation: Installation, paid: Facts
) -> None:
    query = (
        "SELECT kind, key, amount, gifts, received, payments FROM gift_tally WHERE kind <> 'hour'"
    )
    with installation.engine.connect() as connection:
        found = sorted(map(tuple, connection.execute(text(query))))
    counted = (2500, 1, 2500, 1)
    assert found == [
        ("code", "", *counted),
        ("frequency", "one_time", *counted),
        ("size", "2000", *counted),
    ]
