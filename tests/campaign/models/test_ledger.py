"""The sums that the ledger's trigger keeps, over the service's own gifts: at once, rolled back, meddled with."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import text

from campaign.ledger.invariants import broken_invariants
from campaign.models import Donation
from campaign.runtime.context import Installation
from tests.support.raw_sql import execute
from tests.support.stripe import Facts

Give = Callable[..., Facts]

INSERT_ENTRY = """
INSERT INTO ledger_entry (campaign_id, donation_id, kind, amount, fee_cover, currency, occurred_at, source)
VALUES (:campaign_id, :donation_id, :kind, :amount, :fee_cover, :currency, now(), :source)
"""


def enter(installation: Installation, donation: Donation, **changes: Any) -> None:
    values = {
        "campaign_id": donation.campaign_id,
        "donation_id": donation.id,
        "kind": "payment",
        "amount": donation.amount,
        "fee_cover": 0,
        "currency": "usd",
        "source": f"pi_{donation.id}",
    }
    execute(installation, INSERT_ENTRY, **values | changes)


def sums(installation: Installation) -> tuple[int, int, int]:
    """(raised, donations, donors) by the shards."""
    query = "SELECT sum(raised), sum(donations), sum(donors) FROM progress_shard"
    with installation.engine.connect() as connection:
        raised, donations, donors = connection.execute(text(query)).one()
    return int(raised or 0), int(donations or 0), int(donors or 0)


def test_an_entry_outside_every_campaign_moves_no_figure(
    installation: Installation, give: Give
) -> None:
    enter(installation, give().donation, campaign_id=None)
    assert sums(installation) == (0, 0, 0)


def test_the_shards_hold_the_sum_of_entries_made_at_once(
    installation: Installation, give: Give
) -> None:
    emails = [f"donor{number % 7}@example.org" for number in range(40)]
    donations = [give(email=email, amount=100 + n).donation for n, email in enumerate(emails)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda donation: enter(installation, donation), donations))
    assert sums(installation) == (sum(100 + n for n in range(40)), 40, 7)


def test_a_rolled_back_entry_moves_no_figure(installation: Installation, give: Give) -> None:
    donation = give().donation
    values = {"campaign_id": donation.campaign_id, "donation_id": donation.id, "kind": "payment"}
    rest = {"amount": 2500, "fee_cover": 0, "currency": "usd", "source": "pi_lost"}
    with installation.engine.connect() as connection:
        connection.execute(text(INSERT_ENTRY), values | rest)
        connection.rollback()
    assert sums(installation) == (0, 0, 0)


def test_the_books_audit_finds_a_shard_that_was_meddled_with(
    installation: Installation, paid: Facts
) -> None:
    execute(installation, "UPDATE progress_shard SET raised = raised + 1")
    with installation.sessions() as session:
        found = list(broken_invariants(session))
    assert (
        found[0]
        == "campaign nine-days: the ledger entries add up to 2500, the progress shards to 2501"
    )
    assert [words.partition(":")[0] for words in found] == ["campaign nine-days"] * 5


def test_what_goes_out_and_comes_back_is_added_up(installation: Installation, paid: Facts) -> None:
    steps = {"refund": (-2500, 0, 0), "refund_failed": (2500, 1, 1), "fee": (0, 1, 1)}
    for kind, (amount, donations, donors) in steps.items():
        before = sums(installation)[0]
        enter(installation, paid.donation, kind=kind, amount=amount, source=f"one {kind}")
        assert sums(installation) == (before + amount, donations, donors)
