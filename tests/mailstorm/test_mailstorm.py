"""Kill workers while they send: appeals arrive at most once, receipts at least once. Longer: `tests.mailstorm`."""

import random

from tests.mailstorm.storm import environment, run_storm


def test_killed_workers_send_no_appeal_twice_and_lose_no_receipt(database_url: str) -> None:
    seed = random.randrange(1_000_000)
    outcome = run_storm(
        environment(database_url), appeals=300, receipts=60, kills=10, seed=seed, timeout=90
    )
    assert outcome.faults() == [], seed
    assert outcome.kills == 10
    assert sum(outcome.arrived.values()) >= 350
    assert any(row.state == "failed" for row in outcome.rows) or not outcome.during_transfer
