"""The connection to PostgreSQL: engine and sessions. Only web, workers and commands open sessions and commit."""

import json
import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.orm import Session, sessionmaker

from campaign.core.engine_keys import use_secret_keys

_VALUES = re.compile(r"\n(?:DETAIL|CONTEXT|HINT|LINE \d+):.*", re.DOTALL)

Sessions = sessionmaker[Session]


def make_engine(url: str, *, secret_keys: Sequence[str] = (), pool_size: int = 20) -> Engine:
    """Return an engine for `url`, with times in UTC and a time limit on each statement.

    `secret_keys`, the present one first, are what links are made with; without them none can be read (`engine_keys`).

    The pool size suits a web process with green threads: many wait for Stripe, but few for the database at once.
    """
    engine = create_engine(
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
    use_secret_keys(engine, secret_keys)
    event.listen(engine, "handle_error", _without_values)
    return engine


def _without_values(context: ExceptionContext) -> None:
    """Leave the first line of what PostgreSQL says: those after it quote rows, as in `Key (email)=(…) already exists.`

    https://www.postgresql.org/docs/current/protocol-error-fields.html: D is the detail, W the context, H the hint.
    Errors are written to logs, and to columns that say why something failed.
    """
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args and isinstance(error.args[0], str):
            error.args = (_VALUES.sub("", error.args[0]), *error.args[1:])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def make_sessions(bind: Engine | Connection) -> Sessions:
    """Return a session factory. Objects stay readable after a commit."""
    return sessionmaker(bind, expire_on_commit=False)
