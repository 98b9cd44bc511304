"""A verified backup is restored into an empty database, all of it or nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session

from campaign.backup.dump import make_backup
from campaign.backup.restore import restore
from campaign.backup.verify import open_archive
from campaign.core.clock import now
from campaign.core.errors import CampaignError
from campaign.models import Donation, Donor, Receipt
from campaign.runtime.context import Installation
from tests.support.backups import contents, rows_in, states_of_triggers
from tests.support.databases import Databases
from tests.support.raw_sql import execute, insert
from tests.support.stripe import Facts

TABLES_OF_TODAY = "any revision"


def quiet(name: str, rows: int) -> None:
    """A progress callback that does nothing."""


@pytest.fixture
def backup(installation: Installation, paid: Facts, tmp_path: Path) -> Path:
    """A backup of an installation with one gift, and with a donor ID that was assigned and deleted."""
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
    fill(empty, backup)
    empty.commit()
    assert contents(empty_url) == contents(database_url)
    assert states_of_triggers(empty_url) == {"O"}
    empty.add(donor := Donor(email="", name="Ben"))
    empty.flush()
    highest = empty.scalars(select(Donor.id).order_by(Donor.id)).all()[-2]
    assert donor.id == highest + 2


def test_nothing_is_sent_booked_or_counted_twice(
    installation: Installation, backup: Path, empty: Session
) -> None:
    fill(empty, backup)
    payments = text("SELECT sum(payments) FROM gift_tally WHERE kind = 'size'")
    assert empty.execute(payments).scalar_one() == 1
    assert empty.execute(text("SELECT sum(raised) FROM progress_shard")).scalar_one() == 2500
    assert empty.scalars(select(Receipt.sequence)).all() == [1]
    assert empty.scalars(select(Donation.state)).all() == ["paid"]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO donor (email, name) VALUES ('', 'Ben')",
        "INSERT INTO payment_lookup (payment_intent_id, ours) VALUES ('pi_1', true)",
    ],
)
def test_a_database_with_any_row_is_not_changed(
    backup: Path, empty: Session, statement: str
) -> None:
    empty.execute(text(statement))
    with pytest.raises(CampaignError, match="The database is not empty"):
        fill(empty, backup)


def test_a_workers_heartbeat_does_not_count_as_a_row(
    backup: Path, empty: Session, empty_url: str
) -> None:
    empty.execute(text("INSERT INTO heartbeat (job) VALUES ('deliver')"))
    fill(empty, backup)
    assert empty.scalars(text("SELECT job FROM heartbeat")).all() == []


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
    assert rows_in(empty_url) == 0
    assert states_of_triggers(empty_url) == {"O"}
