"""The connection to PostgreSQL: engine and sessions. Only web, workers and commands open sessions and commit."""

import json
from typing import Any

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.orm import Session, sessionmaker

Sessions = sessionmaker[Session]


def make_engine(url: str, *, pool_size: int = 20) -> Engine:
    """Return an engine for `url`, with times in UTC and a time limit on each statement.

    The pool size suits a web process with green threads: many wait for Stripe, but few for the database at once.
    """
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        pool_pre_ping=True,
        json_serializer=_json,
        # Parameters contain donors' names and addresses, which must not appear in logs or error messages.
        hide_parameters=True,
        connect_args={
            "connect_timeout": 5,
            "options": "-c timezone=UTC -c statement_timeout=30000 -c lock_timeout=10000"
            " -c idle_in_transaction_session_timeout=60000"
            # Streamed queries are planned for all rows but often only the first are read; JIT compilation costs more.
            " -c jit=off",
        },
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def make_sessions(bind: Engine | Connection) -> Sessions:
    """Return a session factory. Objects stay readable after a commit."""
    return sessionmaker(bind, expire_on_commit=False)
