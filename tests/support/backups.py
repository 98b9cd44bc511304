"""Read a database's contents and damage backups, for tests of `campaign backup` and `restore`."""

import hashlib
import json
import zipfile
from pathlib import Path

import psycopg
from click.testing import CliRunner
from psycopg import sql

from campaign.cli.main import cli
from campaign.core.errors import CampaignError


def run_program(url: str, *arguments: str) -> str:
    """Run a command in this process against the database at `url`; return its output. Raises CampaignError."""
    done = CliRunner().invoke(cli, arguments, env={"DATABASE_URL": url})
    if isinstance(done.exception, CampaignError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def contents(url: str) -> dict[str, list[str]]:
    """Return every row of every table in the database as text, in order."""
    with psycopg.connect(url) as connection:
        connection.execute("SET timezone = 'UTC'")
        names = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        ).fetchall()
        return {name: _rows(connection, name) for (name,) in names}


def _rows(connection: psycopg.Connection[tuple[str, ...]], name: str) -> list[str]:
    query = sql.SQL("SELECT it::text FROM {} AS it ORDER BY 1").format(sql.Identifier(name))
    return [row for (row,) in connection.execute(query)]


def count_rows(url: str) -> int:
    return sum(len(rows) for rows in contents(url).values())


def trigger_states(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT DISTINCT tgenabled::text FROM pg_trigger").fetchall()
    return {state for (state,) in rows}


def change_manifest(file: Path, **changes: object) -> None:
    """Rewrite the complete file with changes in its manifest."""
    with zipfile.ZipFile(file) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    held["manifest.json"] = json.dumps(json.loads(held["manifest.json"]) | changes).encode()
    rewrite(file, held)


def rewrite(file: Path, held: dict[str, bytes]) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in held.items():
            archive.writestr(name, content)


def corrupt_byte(file: Path) -> None:
    """Flip a byte in the middle of a compressed table."""
    with zipfile.ZipFile(file) as archive:
        at = archive.getinfo("tables/donation.copy").header_offset + 150
    content = bytearray(file.read_bytes())
    content[at] ^= 0xFF
    file.write_bytes(content)


def remove_row(file: Path) -> None:
    """Replace a table with an empty one that is compressed correctly."""
    with zipfile.ZipFile(file) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    rewrite(file, held | {"tables/ledger_entry.copy": b""})


def remove_table(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    del held["tables/receipt.copy"]
    rewrite(file, held)


def remove_donor(file: Path) -> None:
    """Remove the donation's donor, with all checksums correct."""
    with zipfile.ZipFile(file) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(held["manifest.json"])
    for part in manifest["parts"]:
        if part["table"] == "donor":
            part |= {"rows": 0, "sha256": hashlib.sha256().hexdigest()}
    held["manifest.json"] = json.dumps(manifest).encode()
    rewrite(file, held | {"tables/donor.copy": b""})
