"""Moving out: everything in open formats, complete, checkable, without secrets."""

import csv
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.models import Base, Campaign, StaffMember, Suppression
from campaign.moving.everything import (
    LEFT_OUT_TABLES,
    ExportedFile,
    export_everything,
    exported_columns,
    exported_tables,
)
from campaign.runtime.context import Installation
from tests.support.moving import import_example
from tests.support.personal_data import everything_of

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
SECRET = "swordfish"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "out"
    made.mkdir()
    return made


def write(session: Session, folder: Path) -> list[ExportedFile]:
    return export_everything(session, folder, AT, "0001", lambda _name, _rows: None)


def read_csv(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_of_every_table_is_written_and_the_checksums_hold(
    session: Session, campaign: Campaign, folder: Path
) -> None:
    everything_of(session, campaign, "ada")
    files = write(session, folder)
    tables = {table.name: table for table in exported_tables()}
    for one in files:
        raw = (folder / one.name).read_bytes()
        assert hashlib.sha256(raw).hexdigest() == one.sha256
        assert (folder / one.name).stat().st_mode & 0o777 == 0o600
        if one.name.startswith("tables/"):
            table = tables[one.name.removeprefix("tables/").removesuffix(".jsonl")]
            rows = [json.loads(line) for line in raw.decode().splitlines()]
            assert len(rows) == session.scalar(select(func.count()).select_from(table)) == one.rows
            assert {tuple(row) for row in rows} <= {one.columns}
    sums = (folder / "SHA256SUMS").read_text()
    assert sums == "".join(f"{one.sha256}  {one.name}\n" for one in files)
    assert {"donation", "donor", "subscriber", "outbox_message"} <= tables.keys()


def test_no_table_is_forgotten_and_no_secret_written(session: Session, folder: Path) -> None:
    assert {table.name for table in exported_tables()} | LEFT_OUT_TABLES == set(
        Base.metadata.tables
    )
    session.add(
        StaffMember(
            email="ada@reader.test",
            role="admin",
            password=SECRET,
            tf_totp_secret=SECRET,
            fs_uniquifier=SECRET,
        )
    )
    session.flush()
    write(session, folder)
    written = "".join(path.read_text() for path in folder.rglob("*") if path.is_file())
    assert "ada@reader.test" in written
    assert SECRET not in written
    columns = {column.name for table in exported_tables() for column in exported_columns(table)}
    assert not [name for name in columns if "token" in name or "secret" in name]


def test_the_readme_explains_every_file_and_column(
    session: Session, campaign: Campaign, folder: Path
) -> None:
    files = write(session, folder)
    readme = (folder / "README.md").read_text()
    assert "Written on 2026-11-30 12:00:00 UTC" in readme
    for one in files:
        assert f"## {one.name}\n" in readme
        part = readme.partition(f"## {one.name}\n")[2].partition("\n## ")[0]
        assert [name for name in one.columns if f"| `{name}` | " not in part] == []


def test_the_lists_come_back_by_the_import(
    installation: Installation, session: Session, campaign: Campaign, folder: Path
) -> None:
    everything_of(session, campaign, "ada")
    session.add(Suppression(email="bo@reader.test", reason="complained", detail="=1+1\r\nx"))
    session.commit()
    write(session, folder)
    assert read_csv(folder, "suppressions")[0]["detail"] == "'=1+1\r\nx", "no formula"
    again = import_example(installation, "suppressions", folder / "suppressions.csv")
    assert again.counts == {"already present": 1}
    people = import_example(installation, "people", folder / "subscribers.csv")
    assert people.counts == {"already present": 1}
    assert [row["slug"] for row in read_csv(folder, "campaigns")] == [campaign.slug]
    (gift,) = read_csv(folder, "monthly-gifts")
    assert (gift["stripe_customer"], gift["email"], gift["state"]) == (
        "cus_1",
        "ada@example.org",
        "ended",
    )
