"""`campaign export everything FOLDER`: all data in open formats."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, Subject, record
from campaign.backup.dump import lock_for_reading
from campaign.backup.raw_connection import psycopg_connection
from campaign.cli.database import ProgressLine
from campaign.core import clock
from campaign.core.errors import CampaignError
from campaign.migrations import current_revision, head_revision
from campaign.moving.everything import ExportedFile, export_everything
from campaign.runtime.context import make_installation


def write_everything(folder: Path) -> None:
    """Write all data into the new folder, from one consistent snapshot, and print what was written."""
    installation = make_installation(broker=False)
    with _placed(folder) as partial, installation.sessions() as session:
        files = _write(session, partial)
    with installation.sessions.begin() as session:
        subject = Subject("export", "everything")
        record(session, Actor.command_line(), "export.created", subject, after={"format": "folder"})
    rows = sum(one.rows for one in files)
    click.echo(f"{folder}: {rows:,} rows in {len(files)} files. README.md there explains them.")


def _write(session: Session, folder: Path) -> list[ExportedFile]:
    connection = session.connection(
        execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    )
    lock_for_reading(session)
    psycopg_connection(session)  # without time limits
    revision = head_revision()
    if current_revision(connection) != revision:
        raise CampaignError(
            "The database is not at this version's migration. Run `campaign db upgrade`."
        )
    return export_everything(session, folder, clock.now(), revision, ProgressLine())


@contextmanager
def _placed(folder: Path) -> Iterator[Path]:
    """Yield a folder that gets its name once it is complete; on failure nothing is left."""
    if os.path.lexists(folder):
        raise CampaignError(f"{folder} already exists. Name a folder that does not.")
    partial = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.partial")
    try:
        partial.mkdir(mode=0o700)
        yield partial
        partial.rename(folder)
    except OSError as error:
        raise CampaignError(f"Cannot write {folder}: {error.strerror or error}.") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
