"""Alembic's entry point: one connection, one transaction per migration, one upgrade at a time."""

from alembic import context
from sqlalchemy import create_engine, pool

from campaign.core.locks import AdvisoryLock, lock_session
from campaign.core.settings import load_database_url
from campaign.models import Base


def run() -> None:
    """Apply the migrations online, holding a lock so that concurrent upgrades do not collide."""
    url = context.config.attributes.get("database_url") or load_database_url()
    engine = create_engine(url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        lock_session(connection, AdvisoryLock.SCHEMA_UPGRADE)
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
