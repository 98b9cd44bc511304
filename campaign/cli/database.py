"""`campaign db`, `campaign backup` and `campaign restore`: they need the database's address only."""

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
from campaign.core.settings import load_database_url
from campaign.migrations import current_revision, head_revision
from campaign.migrations import upgrade as apply_migrations

SECONDS = 5
"""Between two lines about what is being done."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
def backup(file: Path, *, force: bool) -> None:
    """Write the whole installation's data to FILE, as it stands at one moment.

    Gifts go on arriving meanwhile. Only its owner may read FILE: it holds names, addresses and secrets. It is put
    there when it is whole, not before. Who is signed in is not in it, nor are the settings.
    """
    engine = make_engine(load_database_url())
    with (
        _plain(f"{file} could not be written"),
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
def restore(file: Path) -> None:
    """Put the backup FILE into an empty database, all of it or nothing.

    The tables are made first where there are none. All of FILE is checked before the first row is written, and the
    books before they are kept.
    """
    url = load_database_url()
    engine = make_engine(url)
    revision = head_revision()
    report_progress = ProgressLine()
    with (
        _plain(f"{file} was not restored"),
        open_archive(file, revision, report_progress) as archive,
    ):
        _migrate(engine, url, revision)
        with Session(engine) as session, session.begin():
            restore_rows(session, archive, report_progress)
    engine.dispose()
    click.echo(f"{_counted(archive.manifest)}; the books are in order.")


class ProgressLine:
    """Says on stderr how far it is, for those who wait; nothing where it is quick."""

    def __init__(self) -> None:
        self.told_at = time.monotonic()

    def __call__(self, what: str, rows: int) -> None:
        if time.monotonic() - self.told_at >= SECONDS:
            self.told_at = time.monotonic()
            click.echo(f"{what}: {rows:,} rows", err=True)


def _make(session: Session, out: BinaryIO) -> Manifest:
    connection = session.connection(
        execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    )
    revision = head_revision()
    lock_for_reading(session)
    if current_revision(connection) != revision:
        raise CampaignError(
            "The database is not at this version's revision; run `campaign db upgrade`."
        )
    return make_backup(session, out, revision, clock.now(), ProgressLine())


def _migrate(engine: Engine, url: str, revision: str) -> None:
    with engine.connect() as connection:
        found = current_revision(connection)
    if found is None:
        apply_migrations(url)
    elif found != revision:
        raise CampaignError(
            f"The database is at revision {found}, the backup at {revision}: restore into a new, empty database."
        )


@contextmanager
def _placed(file: Path, *, force: bool) -> Iterator[BinaryIO]:
    """A file that gets its name when it is whole and on the disk, and otherwise leaves nothing."""
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
        raise CampaignError(f"{file} is there already; name another, or replace it with --force.")


def _keep_name(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _ended_by_signal() -> Iterator[Callable[[], None]]:
    """SIGTERM ends it as Ctrl-C does, so that what is half written is removed.

    The signal is remembered: Python drops what is raised while it cleans up after an import or an object, and the
    database may complain of a statement that was cut off. Neither is to hide that the program was told to end.
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
def _plain(what: str) -> Iterator[None]:
    """What disk and database refuse, in one line; a database's own words about a row could hold a donor's name."""
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
    """The database's tables."""


@database.command()
def upgrade() -> None:
    """Bring the database to the newest migration; safe to run twice and at once."""
    apply_migrations(load_database_url())
    click.echo("The database is at the newest migration.")
