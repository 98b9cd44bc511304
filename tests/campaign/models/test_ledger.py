"""The ledger's own rules, and the sums that its trigger keeps: raw SQL, no service in between."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

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


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET amount = amount + 1",
        "UPDATE ledger_entry SET source = source",
        "DELETE FROM ledger_entry",
        "TRUNCATE ledger_entry",
        "TRUNCATE campaign CASCADE",
    ],
)
def test_the_ledger_is_append_only(installation: Installation, paid: Facts, statement: str) -> None:
    with pytest.raises(DBAPIError, match="The ledger is append-only"):
        execute(installation, statement)
    assert sums(installation) == (2500, 1, 1)


def test_a_source_is_booked_once(installation: Installation, give: Give) -> None:
    first, second = give().donation, give(email="ben@example.org").donation
    enter(installation, first, source="pi_same")
    with pytest.raises(IntegrityError, match="uq_ledger_entry_kind_source"):
        enter(installation, second, source="pi_same")
    assert sums(installation) == (2500, 1, 1)


def test_a_donation_has_one_payment(installation: Installation, give: Give) -> None:
    donation = give().donation
    enter(installation, donation)
    with pytest.raises(IntegrityError, match="uq_ledger_entry_one_payment"):
        enter(installation, donation, source="pi_other")


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"amount": 0}, "ck_ledger_entry_payment"),
        ({"amount": -2500}, "ck_ledger_entry_payment"),
        ({"fee_cover": -1}, "ck_ledger_entry_payment"),
        ({"kind": "gift"}, "has no payment that a gift could follow"),
        ({"currency": "USD"}, "ck_ledger_entry_currency"),
    ],
)
def test_an_entry_that_is_none_is_refused(
    installation: Installation, give: Give, changes: dict[str, Any], rule: str
) -> None:
    with pytest.raises(IntegrityError, match=rule):
        enter(installation, give().donation, **changes)
    assert sums(installation) == (0, 0, 0)


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


@pytest.mark.parametrize(
    ("kind", "amount", "fee_cover", "rule"),
    [
        ("refund", 1, 0, "ck_ledger_entry_out"),
        ("refund", -1, 1, "ck_ledger_entry_out"),
        ("payment_reversed", 1, 0, "ck_ledger_entry_out"),
        ("dispute", 1, 0, "ck_ledger_entry_out"),
        ("refund_failed", -1, 0, "ck_ledger_entry_back"),
        ("dispute_reversed", 0, -1, "ck_ledger_entry_back"),
        ("fee", -1, 0, "ck_ledger_entry_fee"),
        ("fee", 0, 1, "ck_ledger_entry_fee"),
        ("correction", 1, 0, "ck_ledger_entry_correction"),
    ],
)
def test_money_moves_only_the_way_its_kind_says(
    installation: Installation, paid: Facts, kind: str, amount: int, fee_cover: int, rule: str
) -> None:
    moved = {"kind": kind, "amount": amount, "fee_cover": fee_cover, "source": "moved"}
    with pytest.raises(IntegrityError, match=rule):
        enter(installation, paid.donation, **moved)
    assert sums(installation) == (2500, 1, 1)


def test_what_goes_out_and_comes_back_is_added_up(installation: Installation, paid: Facts) -> None:
    steps = {"refund": (-2500, 0, 0), "refund_failed": (2500, 1, 1), "fee": (0, 1, 1)}
    for kind, (amount, donations, donors) in steps.items():
        before = sums(installation)[0]
        enter(installation, paid.donation, kind=kind, amount=amount, source=f"one {kind}")
        assert sums(installation) == (before + amount, donations, donors)


def test_one_source_may_move_money_in_more_than_one_way(
    installation: Installation, paid: Facts
) -> None:
    enter(installation, paid.donation, kind="dispute", amount=-2500, source="du_1")
    enter(installation, paid.donation, kind="dispute_reversed", amount=2500, source="du_1")
    with pytest.raises(IntegrityError, match="uq_ledger_entry_kind_source"):
        enter(installation, paid.donation, kind="dispute_reversed", amount=2500, source="du_1")
    assert sums(installation) == (2500, 1, 1)
