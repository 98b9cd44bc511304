"""Alembic's entry: one connection, one transaction a migration, one upgrade at a time."""

from alembic import context
from sqlalchemy import create_engine, pool, text

from campaign.core.settings import load_database_url
from campaign.models import Base

# Any constant will do; it only has to be the same in every process that migrates.
_UPGRADE_LOCK = 7_201_431


def run() -> None:
    """Apply migrations online, holding a lock so that two upgrades at once do not collide."""
    url = context.config.attributes.get("database_url") or load_database_url()
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _UPGRADE_LOCK})
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            transaction_per_migration=True,
            compare_server_default=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
