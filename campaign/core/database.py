"""The connection to PostgreSQL: engine and sessions. Edges open sessions and commit; nobody else does."""

import json
from typing import Any

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.orm import Session, sessionmaker

Sessions = sessionmaker[Session]


def make_engine(url: str, *, pool_size: int = 20) -> Engine:
    """An engine for `url`, with times in UTC and no statement that runs for ever.

    The pool fits a web process with green threads: many wait for Stripe, few for the database at once.
    """
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        pool_pre_ping=True,
        json_serializer=_json,
        # Parameters are donors' names and addresses; no log and no error message may hold them.
        hide_parameters=True,
        connect_args={
            "connect_timeout": 5,
            "options": "-c timezone=UTC -c statement_timeout=30000 -c lock_timeout=10000"
            " -c idle_in_transaction_session_timeout=60000"
            # A stream is planned for all of its rows and read for the first ones; compiling that plan takes longer.
            " -c jit=off",
        },
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def make_sessions(bind: Engine | Connection) -> Sessions:
    """A session factory; objects stay readable after the commit that the edge makes."""
    return sessionmaker(bind, expire_on_commit=False)
