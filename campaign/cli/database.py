"""`campaign db`, `campaign backup` and `campaign restore`. They need DATABASE_URL only."""

import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click
import psycopg
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, Subject, record
from campaign.backup.dump import lock_for_reading, make_backup
from campaign.backup.manifest import Manifest
from campaign.backup.restore import restore as restore_rows
from campaign.backup.verify import open_archive
from campaign.core import clock
from campaign.core.database import make_engine
from campaign.core.errors import CampaignError
from campaign.core.settings import load_database_url, load_secret_keys
from campaign.migrations import current_revision, head_revision
from campaign.migrations import upgrade as apply_migrations
from campaign.privacy.erased_people import ErasureEntry, load_list
from campaign.privacy.restored_people import bring_in, erase_restored
from campaign.receipts.numbers import hold_numbers

SECONDS = 5
"""Between two progress lines."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
def backup(file: Path, *, force: bool) -> None:
    """Back up all data to FILE, from one consistent snapshot.

    The service keeps running meanwhile. Only the owner may read FILE: it contains names, addresses and secrets. FILE
    appears once it is complete, not before. Sessions, sign-in links and settings are not included.
    """
    engine = make_engine(load_database_url())
    with (
        _one_line_errors(f"Cannot write {file}"),
        _placed(file, force=force) as out,
        Session(engine) as session,
    ):
        manifest = _make(session, out)
    with Session(engine) as session, session.begin():
        record(session, Actor.command_line(), "backup.created", Subject("backup", file.name))
    engine.dispose()
    click.echo(f"{file}: {_counted(manifest)}.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option(
    "--erased",
    "lists",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="LIST",
    help="A list of erased people (`campaign donor erased`), or a newer backup; may be repeated.",
)
def restore(file: Path, lists: tuple[Path, ...]) -> None:
    """Restore the backup FILE into an empty database.

    Restores all of it or nothing, and creates the tables if there are none. All of FILE is checked before the first row
    is written, and the ledger before the restore is committed. People who were erased after the backup was made are
    erased again, if a LIST has them; the file named by ERASED_LIST is read too.
    """
    url = load_database_url()
    entries = _erased_since(lists)
    engine = make_engine(url, secret_keys=load_secret_keys() if entries else ())
    revision = head_revision()
    progress = ProgressLine()
    with (
        _one_line_errors(f"Cannot restore {file}"),
        open_archive(file, revision, progress) as archive,
    ):
        _migrate(engine, url, revision)
        with Session(engine) as session, session.begin():
            restore_rows(session, archive, progress)
            erased = _erase_again(session, entries, archive.manifest)
    engine.dispose()
    click.echo(f"Restored {_counted(archive.manifest)}. The ledger is consistent.")
    click.echo(
        "No receipt is issued until the numbers given since then are read from Stripe: run"
        " `campaign reconcile --apply` (docs/operating.md, Back up and restore)."
    )
    click.echo(
        f"Erased again: {erased:,} people."
        if entries
        else "People who were erased since then are back: no list of them was given (--erased)."
    )


def _erased_since(lists: tuple[Path, ...]) -> list[ErasureEntry]:
    """Return the entries of these lists and of the file ERASED_LIST, each once."""
    kept = os.environ.get("ERASED_LIST", "")
    files = [*lists, *([Path(kept)] if kept and Path(kept).exists() else [])]
    return list({one.key: one for each in files for one in load_list(each)}.values())


def _erase_again(session: Session, entries: list[ErasureEntry], manifest: Manifest) -> int:
    if not bring_in(session, entries, manifest.made_at, clock.now()):
        return 0
    return erase_restored(session, Actor.command_line(), clock.now(), restoring=True)


class ProgressLine:
    """Prints progress on stderr every few seconds; nothing if the work is quick."""

    def __init__(self) -> None:
        self.printed_at = time.monotonic()

    def __call__(self, what: str, rows: int) -> None:
        if time.monotonic() - self.printed_at >= SECONDS:
            self.printed_at = time.monotonic()
            click.echo(f"{what}: {rows:,} rows", err=True)


def _make(session: Session, out: BinaryIO) -> Manifest:
    connection = session.connection(
        execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    )
    revision = head_revision()
    lock_for_reading(session)
    if current_revision(connection) != revision:
        raise CampaignError(
            "The database is not at this version's migration. Run `campaign db upgrade`."
        )
    return make_backup(session, out, revision, clock.now(), ProgressLine())


def _migrate(engine: Engine, url: str, revision: str) -> None:
    with engine.connect() as connection:
        found = current_revision(connection)
    if found is None:
        apply_migrations(url)
    elif found != revision:
        raise CampaignError(
            f"The database is at migration {found} and the backup at {revision}."
            " Restore into a new, empty database."
        )


@contextmanager
def _placed(file: Path, *, force: bool) -> Iterator[BinaryIO]:
    """Yield a file that gets its name once it is complete and on disk; on failure nothing is left."""
    _refuse_to_replace(file, force=force)
    partial = file.with_name(f".{file.name}.{secrets.token_hex(4)}.partial")
    with _ended_by_signal() as end_if_received:
        descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as out:
                yield out
                out.flush()
                os.fsync(out.fileno())
            end_if_received()
            _refuse_to_replace(file, force=force)
            partial.replace(file)
        finally:
            partial.unlink(missing_ok=True)
        _keep_name(file.parent)


def _refuse_to_replace(file: Path, *, force: bool) -> None:
    if not force and os.path.lexists(file):
        raise CampaignError(
            f"{file} already exists. Name another file, or replace it with --force."
        )


def _keep_name(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _ended_by_signal() -> Iterator[Callable[[], None]]:
    """Make SIGTERM end the program as Ctrl-C does, so that a partial file is removed.

    The signal is remembered: Python drops exceptions raised during the cleanup of an import or an object, and the
    database may report the interrupted statement as an error. Neither may hide the request to stop.
    """
    received: list[int] = []

    def end_if_received() -> None:
        if received:
            sys.exit(128 + received[0])

    def receive(number: int, _: object) -> None:
        received.append(number)
        end_if_received()

    before = signal.signal(signal.SIGTERM, receive)
    try:
        yield end_if_received
    finally:
        signal.signal(signal.SIGTERM, before)
        end_if_received()


@contextmanager
def _one_line_errors(what: str) -> Iterator[None]:
    """Turn disk and database errors into one line. A database error's details could contain a donor's name."""
    try:
        yield
    except OSError as error:
        raise CampaignError(f"{what}: {error.strerror or error}.") from None
    except psycopg.Error as error:
        reason = error.diag.message_primary or str(error).strip().partition("\n")[0]
        raise CampaignError(f"{what}: {reason}.") from None


def _counted(manifest: Manifest) -> str:
    moment = manifest.made_at.strftime("%Y-%m-%d %H:%M UTC")
    gifts = next(part.rows for part in manifest.parts if part.table == "donation")
    return f"{manifest.rows:,} rows in {len(manifest.parts)} tables, {gifts:,} donations, as of {moment}"


@click.group("db")
def database() -> None:
    """Manage the database's tables."""


@database.command()
def upgrade() -> None:
    """Apply all migrations. Safe to run repeatedly and concurrently."""
    apply_migrations(load_database_url())
    click.echo("The database is up to date.")


@database.command("hold-receipts")
@click.option(
    "--since",
    required=True,
    metavar="TIMESTAMP",
    help="When the backup was made: a timestamp with a UTC offset.",
)
def hold_receipts(since: str) -> None:
    """Issue no receipt until Stripe was asked for the numbers given since a backup.

    `campaign restore` does this automatically. Run it after restoring with another tool, such as pg_restore.
    """
    made_at = clock.parse_start(since, clock.zone("UTC"))
    engine = make_engine(load_database_url())
    with Session(engine) as session, session.begin():
        hold_numbers(session, made_at)
        subject = Subject("backup", made_at.isoformat())
        record(session, Actor.command_line(), "receipts.held", subject)
    engine.dispose()
    click.echo(
        "Receipts wait until their numbers are read from Stripe: `campaign reconcile --apply`."
    )
