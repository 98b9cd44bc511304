"""`campaign db`."""

import click

from campaign.core.settings import load_database_url
from campaign.migrations import upgrade as apply_migrations


@click.group("db")
def database() -> None:
    """The database's tables."""


@database.command()
def upgrade() -> None:
    """Bring the database to the newest migration; safe to run twice and at once."""
    apply_migrations(load_database_url())
    click.echo("The database is at the newest migration.")
