"""PostgreSQL's advisory locks: every key that is used, in one list, and how to take it.

Their keys share one space of numbers over the whole database, so a new one gets its line here. A lock for a transaction
ends with it, and is safe behind a pooler in transaction mode; one for a session needs a connection of its own.
https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
"""

from enum import Enum, unique
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session


@unique
class AdvisoryLock(Enum):
    """What is guarded. Values never change: two versions of the service run side by side while it is upgraded."""

    SCHEMA_UPGRADE = 7_201_431
    """Migrations: one upgrade at a time."""
    PAYMENT = 7_201_432
    """By payment intent or invoice: a refund is not stored as nobody's while its payment is being booked."""
    OFFLINE_ENTRY = 7_201_433
    """Offline gifts: of two people who enter one check, the second is told."""
    BULK_MAIL = 0x6D61696C
    """By number: the connections over which bulk mail goes out, over all workers."""
    COUNTDOWN = "countdown"
    """By campaign: two runs that queue its emails, or one and a moved deadline, follow one another."""
    STAFF_ALERT = "staff_alert"
    """The alert to staff: what one run tells, another at once does not repeat."""
    DONOR_EMAIL = 0
    """By address: of two donors who are given one address at once, the second is refused."""
    SANDBOX_SEED = "sandbox.seed"
    """The sandbox's data: two that fill one database would number alike."""


def lock_until_commit(session: Session, lock: AdvisoryLock, part: int | str | None = None) -> None:
    """Wait for `lock`, and hold it until the transaction ends. `part`: what of it, where the lock is by something."""
    session.execute(select(func.pg_advisory_xact_lock(*_key(lock, part))))


def lock_session(connection: Connection, lock: AdvisoryLock) -> None:
    """Wait for `lock`, and hold it until the connection is closed."""
    connection.execute(select(func.pg_advisory_lock(*_key(lock, None))))


def try_session_lock(connection: Connection, lock: AdvisoryLock, part: int) -> bool:
    """Whether `lock` was free; it is held then until `release_session_lock`, or until the connection is closed."""
    return bool(connection.scalar(select(func.pg_try_advisory_lock(*_key(lock, part)))))


def release_session_lock(connection: Connection, lock: AdvisoryLock, part: int) -> None:
    """Give back what `try_session_lock` took. A connection on which that fails is closed, and not used again."""
    try:
        connection.execute(select(func.pg_advisory_unlock(*_key(lock, part))))
    except SQLAlchemyError:
        connection.invalidate()  # what is left of it must not go on holding the lock in the pool


def _key(lock: AdvisoryLock, part: int | str | None) -> tuple[Any, ...]:
    """What PostgreSQL's functions take: one number of 64 bits, or two of 32 bits."""
    if lock is AdvisoryLock.DONOR_EMAIL:
        return (func.hashtextextended(part, lock.value),)
    if isinstance(lock.value, str):
        return (func.hashtextextended(lock.value, part or 0),)
    if part is None:
        return (lock.value,)
    return lock.value, func.hashtext(part) if isinstance(part, str) else part
