"""`./dev seed`: the result is consistent and reproducible, and is never added to real gifts."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaign.campaigns.progress import read_progress
from campaign.core import clock
from campaign.ledger.invariants import broken_invariants
from campaign.models import Base, Campaign, CampaignState, Donation, Donor, Receipt
from campaign.receipts.receipt_text import AcknowledgedGift, frozen_content
from campaign.runtime.context import Installation, make_installation
from sandbox.seed.filling import SeedPlan, fill, has_other_gifts
from tests.support.databases import Databases

GIFTS = 1500
SUMS = (
    "SELECT campaign_id, donor_id, remaining_gifts, gave_before FROM campaign_donor",
    "SELECT campaign_id, sum(raised), sum(donations), sum(donors), sum(gave_before) FROM progress_shard GROUP BY 1",
    "SELECT campaign_id, shard, raised, donations FROM progress_shard",
    "SELECT * FROM gift_tally",
    "SELECT * FROM matching_shard WHERE given <> 0",
)
REPLAY = """
SET LOCAL session_replication_role = replica;
CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM ledger_entry;
DELETE FROM ledger_entry; DELETE FROM campaign_donor; DELETE FROM progress_shard; DELETE FROM gift_tally;
DELETE FROM matching_shard;
UPDATE campaign SET finalized_at = NULL, final_raised = NULL;
SET LOCAL session_replication_role = origin;
DO $$
DECLARE entry ledger_entry;
BEGIN
    FOR entry IN SELECT * FROM kept ORDER BY id LOOP INSERT INTO ledger_entry SELECT entry.*; END LOOP;
END $$;
"""


@pytest.fixture
def seeded(installation: Installation) -> Installation:
    fill(installation, SeedPlan(GIFTS, 3, 1, clock.now()))
    return installation


@pytest.fixture
def session(seeded: Installation) -> Iterator[Session]:
    with seeded.sessions() as session:
        yield session


def test_all_invariants_hold_and_every_reference_is_valid(session: Session) -> None:
    assert list(broken_invariants(session)) == []
    assert session.scalar(text("SELECT count(*) FROM donation")) == GIFTS
    assert [lost for lost in (dangling(session, *key) for key in references()) if lost] == []
    assert not has_other_gifts(session)


def references() -> Iterator[tuple[str, str, str, str]]:
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            yield table.name, key.parent.name, key.column.table.name, key.column.name


def dangling(session: Session, table: str, column: str, other: str, key: str) -> str:
    query = (
        f"SELECT count(*) FROM {table} AS it WHERE {column} IS NOT NULL"
        f" AND NOT EXISTS (SELECT FROM {other} AS other WHERE other.{key} = it.{column})"
    )
    return f"{table}.{column}" if session.scalar(text(query)) else ""


def test_its_sums_equal_those_of_the_ledgers_trigger(session: Session) -> None:
    made = [set(session.execute(text(query)).all()) for query in SUMS]
    session.execute(text(REPLAY))

    kept = [set(session.execute(text(query)).all()) for query in SUMS]

    assert [mine ^ theirs for mine, theirs in zip(made, kept, strict=True)] == [set()] * len(SUMS)
    assert all(made)


def test_three_campaigns_two_of_them_final_and_one_with_days_left(session: Session) -> None:
    campaigns = session.scalars(select(Campaign).order_by(Campaign.deadline)).all()
    progress = [read_progress(session, one, clock.now()) for one in campaigns]

    assert [one.state for one in progress] == [
        CampaignState.final,
        CampaignState.final,
        CampaignState.open,
    ]
    assert all(one.finalized_at and one.final_raised for one in campaigns[:2])
    assert progress[-1].days_left == 9
    assert all(one.raised > 0 and 0 < one.donors < one.donations for one in progress)


def test_gifts_are_realistic(session: Session) -> None:
    found = session.execute(text("SELECT state, count(*) FROM donation GROUP BY 1"))
    states: dict[str, int] = {row[0]: row[1] for row in found}
    shares = {
        "paid": states["paid"] / GIFTS,
        "returning": session.scalar(text("SELECT avg(gave_before::integer) FROM campaign_donor")),
        "given twice": session.scalar(
            text(
                "SELECT avg((n > 1)::integer) FROM (SELECT count(*) AS n FROM donation GROUP BY donor_id) AS g"
            )
        ),
        "renewed": session.scalar(
            text("SELECT avg((invoice_id IS NOT NULL)::integer) FROM donation")
        ),
        "in round amounts": session.scalar(
            text(
                "SELECT avg((amount IN (500, 1000, 2500, 5000, 10000, 25000))::integer) FROM donation"
            )
        ),
    }

    assert 0.90 < shares["paid"] < 0.96
    assert 0.1 < shares["returning"] < 0.6
    assert 0.2 < shares["given twice"] < 0.8
    assert 0.1 < shares["renewed"] < 0.3
    assert shares["in round amounts"] > 0.85
    assert {"expired", "declined", "failed"} <= states.keys()
    for table in ("refund", "offline_gift", "payout_item", "subscriber", "note", "audit_entry"):
        assert session.scalar(text(f"SELECT count(*) FROM {table}")), table
    assert session.scalar(text("SELECT max(created_at) FROM donation")) < clock.now()


def test_a_seeded_receipt_has_the_same_text_as_the_services(
    seeded: Installation, session: Session
) -> None:
    query = select(Receipt).join(Receipt.donation).where(Donation.attempt.like("seed:%"))
    receipts = [
        one
        for one in session.scalars(query.order_by(Receipt.kind, Receipt.id)).all()
        if one.donation.payment_intent_id
    ]
    zone = clock.zone(seeded.settings.organization.timezone)
    assert {one.kind for one in receipts} >= {"receipt", "void"}

    for one in receipts:
        days = (one.gift_date, one.issued_at.astimezone(zone).date())
        about = AcknowledgedGift(one.amount, days, one.replaces)
        assert one.frozen == frozen_content(one.donation, seeded.settings.organization, about)


def test_the_same_seed_at_the_same_time_creates_the_same_gifts(
    settings: object, seeded: Installation, session: Session, databases: Databases, template: str
) -> None:
    at = session.scalars(text("SELECT at FROM audit_entry WHERE action = 'campaign.seeded'")).one()
    name = databases.create(template)
    address = databases.address(name).replace("postgresql://", "postgresql+psycopg://", 1)
    other = make_installation(replace(seeded.settings, database_url=address))
    try:
        fill(other, SeedPlan(GIFTS, 3, 1, at))
        with other.sessions() as there:
            assert digests(there) == digests(session)
    finally:
        other.engine.dispose()
        databases.drop(name)


def digests(session: Session) -> list[object]:
    return [
        session.scalar(text(f"SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM {table} AS t"))
        for table in ("donation", "donor", "receipt", "ledger_entry", "refund", "payout_item")
    ]


def test_all_invariants_hold_after_adding_more(seeded: Installation) -> None:
    fill(seeded, SeedPlan(300, 2, 1, clock.now()))

    with seeded.sessions() as session:
        assert list(broken_invariants(session)) == []
        assert session.scalar(text("SELECT count(*) FROM donation")) == GIFTS + 300


def command(
    folder: Path, *arguments: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "sandbox.seed",
            "--data",
            str(folder),
            "--donations",
            "50",
            *arguments,
        ],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_database_with_real_gifts_is_refused(
    installation: Installation, campaign: Campaign, database_url: str, tmp_path: Path
) -> None:
    with installation.sessions.begin() as session:
        donor = Donor(email="reader@example.org", name="Reader")
        session.add(donor)
        session.flush()
        session.add(
            Donation(
                campaign_id=campaign.id, donor_id=donor.id, attempt="a reader's", amount=2500,
                frequency="one_time", currency="usd", state="pending", email="reader@example.org",
            )
        )  # fmt: skip

    refused = command(tmp_path, DATABASE_URL=database_url)
    live = command(
        tmp_path, "--add", DATABASE_URL=database_url, STRIPE_SECRET_KEY="sk_live_real",
        STRIPE_WEBHOOK_SECRET="whsec_real",
    )  # fmt: skip
    fill(installation, SeedPlan(50, 3, 1, clock.now()))

    assert refused.returncode == live.returncode == 1
    assert "--add" in refused.stderr
    assert "live key" in live.stderr
    with installation.sessions() as session:
        assert list(broken_invariants(session)) == []
        assert session.scalar(text("SELECT count(*) FROM donation")) == 51
