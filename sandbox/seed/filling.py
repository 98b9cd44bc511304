"""Fills a database with a past, in one transaction. `sandbox.seed.__main__`, tests and benchmarks call `fill`."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import psycopg
from psycopg import Connection, sql
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from campaign.campaigns.schedule import list_steps, windows
from campaign.core.locks import AdvisoryLock, lock_until_commit
from campaign.models import Donation
from campaign.runtime.context import Installation
from sandbox.seed.campaigns import Filled, campaigns_to_fill
from sandbox.seed.words import days_in_words, receipt_words

_FOUND = """
SELECT index.relname, indrelid::regclass::text, constraint_.conname,
    coalesce(pg_get_constraintdef(constraint_.oid), pg_get_indexdef(indexrelid))
FROM pg_index JOIN pg_class AS index ON index.oid = indexrelid
    LEFT JOIN pg_constraint AS constraint_ ON constraint_.conindid = indexrelid AND constraint_.contype IN ('u', 'x')
WHERE indrelid = ANY (%s::text[]::regclass[]) AND NOT indisprimary ORDER BY 1
"""


@contextmanager
def indexes_set_aside(
    connection: Connection[tuple[object, ...]], tables: Sequence[str]
) -> Iterator[None]:
    """Within the block `tables` have no index but their primary keys, and no unique constraints."""
    found = connection.execute(_FOUND, [list(tables)]).fetchall()
    for name, table, constraint, _ in found:
        drop = "ALTER TABLE {table} DROP CONSTRAINT {name}" if constraint else "DROP INDEX {name}"
        connection.execute(_named(drop, name, table))
    yield
    for name, table, constraint, definition in found:
        add = "ALTER TABLE {table} ADD CONSTRAINT {name} " if constraint else ""
        connection.execute(_named(add, name, table) + sql.SQL(str(definition)))


def _named(statement: str, name: object, table: object) -> sql.Composed:
    return sql.SQL(statement).format(
        name=sql.Identifier(str(name)), table=sql.Identifier(str(table))
    )


FIRST_NAMES = (
    "Maria", "James", "Linda", "Robert", "Susan", "David", "Karen", "Michael", "Patricia", "John", "Elena",
    "Barbara", "Thomas", "Nancy", "Daniel", "Ruth", "Carlos", "Margaret", "Paul", "Sofia", "Anne", "George",
    "Julia", "Peter", "Hannah", "Luis", "Grace", "Samuel", "Ingrid", "Omar", "Alice", "Kenji", "Rosa", "Victor",
    "Wanda", "Priya", "Håkon", "Amara", "Dmitri", "Noor", "Beatriz", "Lars", "Yuki", "Fatima", "Eero", "Zora",
)  # fmt: skip
LAST_NAMES = (
    "Smith", "Johnson", "Garcia", "Miller", "Brown", "Davis", "Martinez", "Wilson", "Anderson", "Lopez", "Taylor",
    "Moore", "Lee", "Hansen", "Clark", "Lewis", "Nguyen", "Walker", "Hall", "Young", "King", "Wright", "Torres",
    "Hill", "Green", "Olson", "Baker", "Rivera", "Campbell", "Carter", "Kowalski", "Peterson", "Reyes", "Morgan",
    "Okafor", "Bell", "Murphy", "Larsen", "Ortiz", "Jensen", "Fischer", "Sato", "Muñoz", "Nakamura", "Lindqvist",
    "Abernathy", "Vasquez", "Whitaker", "Castellanos", "Haddad", "Bjornstad", "Oyelaran", "Petrov", "Achterberg",
)  # fmt: skip
COMMENTS = (
    "For the harbor stories.",
    "I read you on the library's computer.",
    "Keep asking.",
    "My mother reads the printed pages; thank you for mailing them.",
    "For the records requests.",
    "Thank you for staying in the room.",
    "Small, but every month.",
    "In place of the coffee.",
    "The piece on the ferry fares was overdue.",
    "Gracias por escribir también para nosotros.",
    "From one dock worker.",
    "Free to read is right.",
)
HOURS = (
    0.012, 0.020, 0.025, 0.028, 0.032, 0.042, 0.065, 0.105, 0.165, 0.240, 0.315, 0.380, 0.440, 0.495, 0.545, 0.595,
    0.645, 0.695, 0.745, 0.805, 0.870, 0.930, 0.975,
)  # fmt: skip
"""Where each hour of the day ends in the day's gifts, on the wall clock: most come in the morning and at night."""


STEPS = ("ground", "people", "gifts", "donations", "money", "receipts", "around")
FILLED = ("donor", "donation", "ledger_entry", "receipt", "outbox_message", "payout_item")
GUARDED = (
    *FILLED,
    "offline_gift",
    "deposit_batch",
    "campaign",
    "audit_entry",
    "refund",
    "subscription",
)
SETTINGS = {
    "temp_buffers": "256MB",
    "statement_timeout": "0",
    "lock_timeout": "60s",
    "work_mem": "192MB",
    "maintenance_work_mem": "384MB",
    "jit": "off",
    "idle_in_transaction_session_timeout": "0",
}
_NAME = re.compile(r"(?<![:\w]):([a-z_]+)\b")
_SQL = Path(__file__).with_name("sql")

Raw = psycopg.Connection[tuple[Any, ...]]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Wanted:
    """How much is wanted; what is drawn follows from `seed` and `at`."""

    gifts: int
    campaigns: int
    seed: int
    at: datetime


def holds_other_gifts(session: Session) -> bool:
    """Whether there is a gift that was not seeded."""
    return bool(session.scalar(select(exists().where(Donation.attempt.not_like("seed:%")))))


def fill(
    installation: Installation, wanted: Wanted, report_progress: Tell = lambda _: None
) -> None:
    """Add the gifts and everything that belongs to them, or nothing if it fails. `report_progress` gets lines."""
    with installation.engine.connect() as connection:
        raw = cast("Raw", connection.connection.driver_connection)
        # It ends with this: temporary tables, functions and settings are nobody else's.
        connection.detach()
        with Session(connection, expire_on_commit=False) as session:
            for name, value in SETTINGS.items():
                setting = sql.SQL("SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
                raw.execute(setting)
            # Two that seed at once would number alike.
            lock_until_commit(session, AdvisoryLock.SANDBOX_SEED)
            zone = installation.settings.organization.timezone
            filled = campaigns_to_fill(session, wanted.campaigns, wanted.gifts, wanted.at, zone)
            with _without_triggers(raw):
                _fill(installation, session, raw, filled, wanted, report_progress)
            with _timed("committed", report_progress):
                session.commit()
        with _timed("vacuumed", report_progress):
            raw.autocommit = True
            raw.execute("VACUUM ANALYZE")


def _fill(
    installation: Installation,
    session: Session,
    raw: Raw,
    filled: list[Filled],
    wanted: Wanted,
    report_progress: Tell,
) -> None:
    values: dict[str, object] = {
        "seed": wanted.seed,
        "at": wanted.at,
        "gifts": wanted.gifts,
        "zone": installation.settings.organization.timezone,
        "mail_domain": installation.books.mail_domain,
        "first_names": list(FIRST_NAMES),
        "last_names": list(LAST_NAMES),
        "comments": list(COMMENTS),
        "hours": list(HOURS),
    }
    _prepare(installation, session, raw, filled, wanted.at)
    with _indexed(raw, report_progress):
        for step in STEPS:
            with _timed(step, report_progress):
                _run(raw, step, values)
    with _timed("sums", report_progress):
        _run(raw, "shards", values)
        _run(raw, "sums", values)


@contextmanager
def _indexed(raw: Raw, report_progress: Tell) -> Iterator[None]:
    with indexes_set_aside(raw, FILLED):
        yield
        begun = time.perf_counter()
    report_progress(f"  {'indexes':<12} {time.perf_counter() - begun:6.1f} s")


def _prepare(
    installation: Installation, session: Session, raw: Raw, filled: list[Filled], at: datetime
) -> None:
    """Temporary tables of what is known here: campaigns, steps, words, days."""
    raw.execute(
        "CREATE TEMP TABLE seed_campaign (place int, id bigint, slug text, title text, zone text, goal bigint,"
        " starts_at timestamptz, deadline timestamptz, until timestamptz, low float8, high float8, codes text[],"
        " coupons text[]) ON COMMIT DROP"
    )
    raw.execute(
        "CREATE TEMP TABLE seed_step (step_id bigint, campaign_id bigint, due timestamptz, closes timestamptz)"
        " ON COMMIT DROP"
    )
    raw.execute(
        "CREATE TEMP TABLE seed_words (locale text, kind text, told jsonb, wording jsonb, frequencies jsonb)"
        " ON COMMIT DROP"
    )
    raw.execute("CREATE TEMP TABLE seed_day (locale text, day date, text text) ON COMMIT DROP")
    zone = ZoneInfo(installation.settings.organization.timezone)
    first = min(one.campaign.starts_at for one in filled).astimezone(zone).date()
    with raw.cursor() as cursor:
        for one in filled:
            its = one.campaign
            row = (
                one.place,
                its.id,
                its.slug,
                its.title,
                its.timezone,
                its.goal,
                its.starts_at,
                its.deadline,
            )
            rest = (min(at, its.deadline), one.low, one.high, one.codes, one.coupons)
            cursor.execute(
                f"INSERT INTO seed_campaign VALUES ({', '.join(['%s'] * 13)})", row + rest
            )
            cursor.executemany(
                "INSERT INTO seed_step VALUES (%s, %s, %s, %s)",
                [
                    (each.step.id, its.id, each.due, each.closes)
                    for each in windows(its, list_steps(session, its.id))
                ],
            )
        organization = installation.settings.organization
        cursor.executemany(
            "INSERT INTO seed_words VALUES (%s, %s, %s, %s, %s)", list(receipt_words(organization))
        )
        days = days_in_words(first, at.astimezone(zone).date())
        cursor.executemany("INSERT INTO seed_day VALUES (%s, %s, %s)", list(days))
    # Nobody else does it for temporary tables, and a join with a calendar of unknown length is slow.
    raw.execute("ANALYZE seed_campaign, seed_step, seed_words, seed_day")


def _run(raw: Raw, step: str, values: dict[str, object]) -> None:
    text = (_SQL / f"{step}.sql").read_text()
    filled = _NAME.sub(lambda found: sql.Literal(values[found[1]]).as_string(raw), text)
    # The files are ours, and every value in them went through Literal.
    raw.execute(filled.encode())


@contextmanager
def _without_triggers(raw: Raw) -> Iterator[None]:
    """The sums are set at once instead, and every reference is made from rows that are there.

    Only a superuser may switch off the checks of references too; without that they are made row by row.
    """
    try:
        with raw.transaction():
            raw.execute("SET LOCAL session_replication_role = replica")
    except psycopg.errors.InsufficientPrivilege:
        _switch(raw, "DISABLE")
        yield
        _switch(raw, "ENABLE")
    else:
        yield
        raw.execute("SET LOCAL session_replication_role = origin")


def _switch(raw: Raw, how: str) -> None:
    for table in GUARDED:
        raw.execute(
            sql.SQL("ALTER TABLE {} " + how + " TRIGGER USER").format(sql.Identifier(table))
        )


@contextmanager
def _timed(what: str, report_progress: Tell) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    report_progress(f"  {what:<12} {time.perf_counter() - begun:6.1f} s")
