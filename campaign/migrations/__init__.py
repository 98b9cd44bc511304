"""Database migrations. `upgrade` migrates a database to head; tables are created in no other way."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

_HERE = Path(__file__).parent


def _configuration(database_url: str | None = None) -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    if database_url:
        configuration.attributes["database_url"] = database_url
    return configuration


def upgrade(database_url: str) -> None:
    """Migrate the database at `database_url` to head; safe to repeat and to run in several processes at once."""
    command.upgrade(_configuration(database_url), "head")


def is_current(connection: Connection) -> bool:
    """Return whether the database is at head."""
    return current_revision(connection) == head_revision()


def head_revision() -> str:
    """Return the newest revision in this version of the service."""
    return str(ScriptDirectory.from_config(_configuration()).get_current_head())


def current_revision(connection: Connection) -> str | None:
    """Return the database's revision; None if no migration has run yet."""
    return MigrationContext.configure(connection).get_current_revision()
