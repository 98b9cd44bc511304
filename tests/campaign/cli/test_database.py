"""`campaign backup` and `campaign restore`: everything is restored from one snapshot, or nothing is."""

import json
import re
import stat
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.backup.dump import lock_for_reading, make_backup
from campaign.campaigns.campaigns import find_campaign
from campaign.core import clock
from campaign.donations.donations import Gift, begin_donation
from campaign.gateway import read_event
from campaign.ledger.invariants import broken_invariants
from campaign.migrations import head_revision
from campaign.models import (
    Base,
    Campaign,
    Donation,
    DonorLink,
    DonorSession,
    Receipt,
    StaffLink,
    StaffSession,
)
from campaign.receipts.numbers import ReadNumbers, save_given_numbers
from campaign.runtime.context import Installation, make_installation
from campaign.stripe_events.inbox import store_event
from campaign.stripe_events.process import apply_due_events
from sandbox.seed.filling import SeedPlan, fill
from tests.campaign.cli.conftest import Run
from tests.support.backups import contents, run_program, trigger_states
from tests.support.stripe import Facts

SIGNED_IN = {table.__tablename__ for table in (StaffLink, StaffSession, DonorLink, DonorSession)}


@pytest.fixture
def seeded(installation: Installation, database_url: str) -> Installation:
    """An installation with varied data: gifts, unusual text, sessions, a merged donor and a renumbered one."""
    fill(installation, SeedPlan(300, 2, 1, clock.now()))
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE donor SET name = E'Tab\\there\\nline \\\\. Zo\u00eb' WHERE id = (SELECT min(id) FROM donor)"
        )
        connection.execute(
            "UPDATE donor SET merged_into_id = (SELECT max(id) FROM donor) WHERE id = (SELECT min(id) + 1 FROM donor)"
        )
        member = connection.execute(
            "INSERT INTO staff_member (email, role, fs_uniquifier) VALUES ('a@x.example', 'admin', 'u')"
            " RETURNING id"
        ).fetchone()
        assert member is not None
        connection.execute(
            "INSERT INTO staff_session (staff_id, digest, method, expires_at) VALUES (%s, 'd', 'link', now())",
            member,
        )
    return installation


def test_everything_is_restored_and_the_service_continues(
    seeded: Installation,
    database_url: str,
    bare: str,
    run: Run,
    tmp_path: Path,
) -> None:
    file = tmp_path / "all.backup"

    made = run("backup", str(file))
    restored = run("restore", str(file), DATABASE_URL=bare)

    assert (made.status, restored.status) == (0, 0)
    # What takes seconds on a busy machine says how far it is.
    told = [*made.errors, *restored.errors]
    assert [line for line in told if not re.fullmatch(r".+: [\d,]+ rows", line)] == []
    assert "300 donations" in made.out
    assert "The ledger is consistent" in restored.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["all.backup"]
    before, after = contents(database_url), contents(bare)
    # That it was made is known where it was made.
    assert {name for name in before if before[name] != after[name]} == {
        "staff_session",
        "audit_entry",
        "restoration",
    }
    (noted,) = set(before["audit_entry"]) - set(after["audit_entry"])
    assert "backup.created" in noted
    assert after["staff_session"] == []
    assert set(after) == {table.name for table in Base.metadata.sorted_tables}
    assert trigger_states(bare) == {"O"}
    given = numbers(database_url)
    # That it was restored is known where it was restored.
    assert len(after["restoration"]) == len(before["restoration"]) + 1
    expected = given | {"audit_entry_id_seq": given["audit_entry_id_seq"] - 1}
    expected["restoration_id_seq"] = given.get("restoration_id_seq", 0) + 1
    assert numbers(bare) == expected


def numbers(url: str) -> dict[str, int]:
    """The last ID that each sequence assigned."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL"
        ).fetchall()
    return {name: value for name, value in rows if not name.startswith(tuple(SIGNED_IN))}


def test_gifts_during_a_backup_are_all_in_or_out_and_later_ids_continue(
    installation: Installation, campaign: Campaign, target: str, tmp_path: Path
) -> None:
    pay(installation, "before@example.org")
    file = tmp_path / "meanwhile.backup"

    with file.open("wb") as out, Session(installation.engine) as session:
        session.connection(
            execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )
        lock_for_reading(session)
        made = make_backup(
            session,
            out,
            head_revision(),
            clock.now(),
            lambda table, _: pay(installation, f"{table}@example.org"),
        )

    assert len(receipts(installation)) > 5
    run_program(target, "restore", str(file))
    assert {part.rows for part in made.parts if part.table in ("donation", "receipt")} == {1}
    elsewhere = make_installation(replace(installation.settings, database_url=driven(target)))
    with elsewhere.sessions.begin() as session:
        save_given_numbers(session, ReadNumbers({}, {}), clock.now())
    pay(elsewhere, "later@example.org")
    assert [sequence for _, sequence in receipts(elsewhere)] == [1, 2]
    (_, first), (_, second) = donations(elsewhere)
    assert second > first
    with elsewhere.sessions() as session:
        assert list(broken_invariants(session)) == []
    elsewhere.engine.dispose()


def pay(installation: Installation, email: str) -> None:
    """Start, pay and book a gift."""
    with installation.sessions.begin() as session:
        gift = Gift(email=email, amount=2500, frequency="one_time", attempt=email, name="Ana")
        donation = begin_donation(session, find_campaign(session, "nine-days"), gift, clock.now())
        body = json.dumps(Facts(donation).completed()).encode()
        store_event(session, read_event(body), body)
    apply_due_events(installation)


def driven(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def receipts(installation: Installation) -> list[tuple[int, int]]:
    """The ID and number of each receipt."""
    with installation.sessions() as session:
        rows = session.execute(select(Receipt.id, Receipt.sequence).order_by(Receipt.id))
        return [(key, sequence) for key, sequence in rows]


def donations(installation: Installation) -> list[tuple[str, int]]:
    with installation.sessions() as session:
        rows = session.execute(select(Donation.public_id, Donation.id).order_by(Donation.id))
        return [(name, key) for name, key in rows]
