"""PostgreSQL advisory locks: all keys in one list, and functions to acquire them.

The keys share one number space across the whole database, so every new key must be listed here. A transaction lock ends
with the transaction and is safe behind a pooler in transaction mode; a session lock needs its own connection.
https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
"""

from collections.abc import Sequence
from enum import Enum, unique
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, func, select
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session


@unique
class AdvisoryLock(Enum):
    """What each lock guards. Values never change: during an upgrade, two versions of the service run side by side."""

    SCHEMA_UPGRADE = 7_201_431
    """Migrations: one upgrade at a time."""
    PAYMENT = 7_201_432
    """By payment intent or invoice: a refund is not stored as unmatched while its payment is being booked."""
    OFFLINE_ENTRY = 7_201_433
    """Offline gifts: if two people enter the same check, the second is warned."""
    GIFT_IMPORT = 7_201_436
    """Past gifts: the batches of two imports at once follow one another."""
    BULK_MAIL = 0x6D61696C
    """By number: the connections that send bulk mail, across all workers."""
    LIST_SYNC = 0x6C697374
    """By number: the sync of subscribers with one list service."""
    APPEALED = 7_201_434
    """By address: campaign emails to one reader are counted one at a time, over all campaigns and workers."""
    COUNTDOWN = "countdown"
    """By campaign: queueing its emails and moving its deadline run one at a time."""
    MAIL_LANE = "mail_lane"
    """By lane: the mail server's refusals are counted one at a time."""
    STAFF_ALERT = "staff_alert"
    """The alert to staff: concurrent runs do not send the same alert twice."""
    DONOR_EMAIL = 0
    """By address: if two donors get the same address at once, the second change is rejected."""
    SANDBOX_SEED = "sandbox.seed"
    """The sandbox's data: two seeds that fill one database at once would use the same numbers."""


def lock_until_commit(session: Session, lock: AdvisoryLock, part: int | str | None = None) -> None:
    """Wait for `lock` and hold it until the transaction ends. `part`: the key within it, for locks "by" something."""
    session.execute(select(func.pg_advisory_xact_lock(*_key(lock, part))))


def lock_all_until_commit(session: Session, lock: AdvisoryLock, parts: Sequence[str]) -> None:
    """Wait for `lock` of each part, in their order, and hold all until the transaction ends: one question to the
    database. `lock` has a number and is "by" its part.
    """
    if parts:
        part = func.unnest(array(parts, type_=Text())).column_valued("part")
        session.execute(select(func.pg_advisory_xact_lock(*_key(lock, part)))).all()


def lock_session(connection: Connection, lock: AdvisoryLock) -> None:
    """Wait for `lock` and hold it until the connection is closed."""
    connection.execute(select(func.pg_advisory_lock(*_key(lock, None))))


def try_session_lock(connection: Connection, lock: AdvisoryLock, part: int) -> bool:
    """Acquire `lock` if it is free; return whether it was. Held until released or until the connection is closed."""
    return bool(connection.scalar(select(func.pg_try_advisory_lock(*_key(lock, part)))))


def release_session_lock(connection: Connection, lock: AdvisoryLock, part: int) -> None:
    """Release a lock from `try_session_lock`. If that fails, the connection is closed and not reused."""
    try:
        connection.execute(select(func.pg_advisory_unlock(*_key(lock, part))))
    except SQLAlchemyError:
        connection.invalidate()  # otherwise the pooled connection could keep holding the lock


def _key(lock: AdvisoryLock, part: int | str | ColumnElement[str] | None) -> tuple[Any, ...]:
    """Return the arguments for PostgreSQL's lock functions: one 64-bit number, or two 32-bit numbers."""
    if lock is AdvisoryLock.DONOR_EMAIL:
        return (func.hashtextextended(part, lock.value),)
    if isinstance(lock.value, str):
        return (func.hashtextextended(lock.value, 0 if part is None else part),)
    if part is None:
        return (lock.value,)
    return lock.value, part if isinstance(part, int) else func.hashtext(part)
