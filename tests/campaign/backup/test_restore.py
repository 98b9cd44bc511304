"""A verified backup is restored into an empty database, all of it or nothing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import ForeignKeyViolation, LockNotAvailable
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.orm import Session

from campaign.backup.dump import make_backup
from campaign.backup.manifest import EXCLUDED_TABLES, backed_up_tables, has_identity
from campaign.backup.restore import restore
from campaign.backup.verify import open_archive
from campaign.core.clock import now
from campaign.core.errors import CampaignError
from campaign.models import Donation, Donor, Receipt
from campaign.runtime.context import Installation
from tests.support.backups import contents, count_rows, remove_donor, trigger_states
from tests.support.databases import Databases
from tests.support.raw_sql import execute, insert
from tests.support.stripe import Facts
from tests.support.waiting import wait_until
from tests.support.whole_database import fill_every_table

TABLES_OF_TODAY = "any revision"


def quiet(name: str, rows: int) -> None:
    """A progress callback that does nothing."""


@pytest.fixture
def backup(installation: Installation, paid: Facts, tmp_path: Path) -> Path:
    """A backup of an installation with a row in every table, and with a donor ID that was assigned and deleted."""
    fill_every_table(installation, paid)
    insert(installation, Donor, email="", name="gone")
    execute(installation, "DELETE FROM donor WHERE name = 'gone'")
    path = tmp_path / "made.backup"
    with path.open("wb") as file, installation.sessions() as session:
        make_backup(session, file, TABLES_OF_TODAY, now(), quiet)
    return path


@pytest.fixture
def empty_url(databases: Databases, template: str) -> Iterator[str]:
    """The URL of another migrated, empty database."""
    name = databases.create(template)
    yield databases.address(name)
    databases.drop(name)


@pytest.fixture
def empty(empty_url: str) -> Iterator[Session]:
    """A session in that database, not committed."""
    engine = create_engine(empty_url.replace("postgresql://", "postgresql+psycopg://", 1))
    with Session(engine) as session:
        yield session
    engine.dispose()


def fill(session: Session, path: Path) -> None:
    with open_archive(path, TABLES_OF_TODAY, quiet) as archive:
        restore(session, archive, quiet)


def test_every_row_is_restored_triggers_are_on_and_ids_continue(
    backup: Path, empty: Session, empty_url: str, database_url: str
) -> None:
    before = contents(database_url)
    assert {table for table, rows in before.items() if not rows} <= EXCLUDED_TABLES
    fill(empty, backup)
    empty.commit()
    # Whoever has the file can neither sign in nor open a donor's page with it.
    secrets: dict[str, list[str]] = {table: [] for table in EXCLUDED_TABLES}
    after = contents(empty_url)
    # The restore itself is one more row, and holds the receipts.
    held = after["restoration"].pop()
    assert held.endswith(",)")
    for name, rows in (before | secrets).items():
        assert after.pop(name) == rows, name
    assert after == {}
    assert trigger_states(empty_url) == {"O"}
    empty.add(donor := Donor(email="", name="Ben"))
    empty.flush()
    highest = empty.scalars(select(Donor.id).order_by(Donor.id)).all()[-2]
    assert donor.id == highest + 2
    # The next ID of every table is one that nothing has had.
    for table in filter(has_identity, backed_up_tables()):
        sequence = f"pg_get_serial_sequence(quote_ident('{table.name}'), 'id')::regclass"
        last = empty.execute(text(f"SELECT pg_sequence_last_value({sequence})")).scalar_one()
        assert last >= (empty.execute(select(func.max(table.c.id))).scalar_one() or 0), table.name


def test_nothing_is_sent_booked_or_counted_twice(
    installation: Installation, backup: Path, empty: Session
) -> None:
    fill(empty, backup)
    payments = text("SELECT sum(payments) FROM gift_tally WHERE kind = 'size'")
    # One of $25 by card and one of $50 by check; the past gift counts for no campaign.
    assert empty.execute(payments).scalar_one() == 2
    assert empty.execute(text("SELECT sum(raised) FROM progress_shard")).scalar_one() == 7500
    # The past gift has a receipt and, since part of it was refunded, a corrected one.
    assert sorted(empty.scalars(select(Receipt.sequence))) == [1, 2, 3, 4]
    states = empty.scalars(select(Donation.state))
    assert sorted(states) == ["paid", "paid", "partially_refunded"]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO donor (email, name) VALUES ('', 'Ben')",
        "INSERT INTO payment_lookup (payment_intent_id, ours) VALUES ('pi_1', true)",
        # Not in a backup, but a member who could sign in to the restored database.
        "INSERT INTO staff_member (email, role, fs_uniquifier) VALUES ('a@b.example', 'admin', 'u')",
    ],
)
def test_a_database_with_any_row_is_not_changed(
    backup: Path, empty: Session, statement: str
) -> None:
    empty.execute(text(statement))
    with pytest.raises(CampaignError, match="The database is not empty"):
        fill(empty, backup)


def test_the_tables_stay_empty_for_others_until_the_end(
    backup: Path, empty: Session, empty_url: str
) -> None:
    fill(empty, backup)
    with psycopg.connect(empty_url) as other:
        other.execute("SET lock_timeout = '10ms'")
        for table in ("donor", "staff_session", "heartbeat", "code_visit"):
            with pytest.raises(LockNotAvailable), other.transaction():
                other.execute(f"LOCK TABLE {table} IN ROW EXCLUSIVE MODE")


def test_a_row_that_is_being_written_meanwhile_is_waited_for_and_found(
    backup: Path, empty: Session, empty_url: str
) -> None:
    with ThreadPoolExecutor(1) as pool, psycopg.connect(empty_url) as other:
        other.execute("INSERT INTO donor (email, name) VALUES ('', 'Ben')")
        restored = pool.submit(fill, empty, backup)
        wait_until(lambda: restored.done() or someone_waits_at(empty_url))
        other.commit()
        with pytest.raises(CampaignError, match="not empty: donor has rows"):
            restored.result(60)


def someone_waits_at(url: str) -> bool:
    waiting = (
        "SELECT FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with psycopg.connect(url) as connection:
        return connection.execute(waiting).rowcount > 0


def test_the_planner_knows_every_restored_table(backup: Path, empty: Session) -> None:
    with open_archive(backup, TABLES_OF_TODAY, quiet) as archive:
        restore(empty, archive, quiet)
        rows = {part.table: float(part.rows) for part in archive.manifest.parts if part.rows}
    estimates = text("SELECT relname, reltuples FROM pg_class WHERE reltuples >= 0")
    found = {row.relname: row.reltuples for row in empty.execute(estimates)}
    assert {table: found.get(table) for table in rows} == rows


def test_progress_is_reported_for_each_table_with_rows(backup: Path, empty: Session) -> None:
    shown: list[tuple[str, int]] = []
    with open_archive(backup, TABLES_OF_TODAY, quiet) as archive:
        restore(empty, archive, lambda *done: shown.append(done))
        rows = [(part.table, part.rows) for part in archive.manifest.parts]
    assert shown == rows


def test_rows_that_refer_to_nothing_are_not_restored(backup: Path, empty: Session) -> None:
    remove_donor(backup)
    with pytest.raises(ForeignKeyViolation, match="violates foreign key"):
        fill(empty, backup)


def test_a_workers_heartbeat_does_not_count_as_a_row(
    backup: Path, empty: Session, empty_url: str
) -> None:
    for job in ("deliver", "a job of another version"):
        empty.execute(text("INSERT INTO heartbeat (job) VALUES (:job)"), {"job": job})
    empty.execute(text("UPDATE heartbeat SET succeeded_at = now()"))
    fill(empty, backup)
    jobs = empty.execute(text("SELECT job, succeeded_at FROM heartbeat")).all()
    assert jobs == [("deliver", None)]


def test_an_inconsistent_ledger_is_rejected_with_the_first_fault(
    installation: Installation, paid: Facts, empty: Session, empty_url: str, tmp_path: Path
) -> None:
    execute(installation, "UPDATE progress_shard SET raised = raised + 1")
    path = tmp_path / "odd.backup"
    with path.open("wb") as file, installation.sessions() as session:
        make_backup(session, file, TABLES_OF_TODAY, now(), quiet)
    said = "the ledger entries add up to 2500, the progress shards to 2501 .5 in all"
    with pytest.raises(CampaignError, match=said):
        fill(empty, path)
    empty.rollback()
    assert count_rows(empty_url) == 0
    assert trigger_states(empty_url) == {"O"}
