"""Fill a database with history in one transaction. `sandbox.seed.__main__`, tests and benchmarks call `fill`."""

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
from sandbox.seed.campaigns import SeededCampaign, campaigns_to_fill
from sandbox.seed.receipt_texts import long_dates, receipt_texts

_INDEXES = """
SELECT index.relname, indrelid::regclass::text, constraint_.conname,
    coalesce(pg_get_constraintdef(constraint_.oid), pg_get_indexdef(indexrelid))
FROM pg_index JOIN pg_class AS index ON index.oid = indexrelid
    LEFT JOIN pg_constraint AS constraint_ ON constraint_.conindid = indexrelid AND constraint_.contype IN ('u', 'x')
WHERE indrelid = ANY (%s::text[]::regclass[]) AND NOT indisprimary ORDER BY 1
"""


@contextmanager
def without_indexes(
    connection: Connection[tuple[object, ...]], tables: Sequence[str]
) -> Iterator[None]:
    """Drop all indexes and unique constraints of `tables` except primary keys; restore them after the block."""
    found = connection.execute(_INDEXES, [list(tables)]).fetchall()
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
"""Cumulative share of a day's gifts at the end of each hour of local time: most arrive in the morning and at night."""


STEPS = ("base", "people", "gifts", "donations", "money", "receipts", "related")
FILLED_TABLES = ("donor", "donation", "ledger_entry", "receipt", "outbox_message", "payout_item")
TRIGGER_TABLES = (
    *FILLED_TABLES,
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
ProgressReporter = Callable[[str], None]


@dataclass(frozen=True)
class SeedPlan:
    """How much to seed. The result depends only on these values."""

    gifts: int
    campaigns: int
    seed: int
    at: datetime


def has_other_gifts(session: Session) -> bool:
    """Return whether the database holds a gift that was not seeded."""
    return bool(session.scalar(select(exists().where(Donation.attempt.not_like("seed:%")))))


def fill(
    installation: Installation, plan: SeedPlan, report_progress: ProgressReporter = lambda _: None
) -> None:
    """Add the gifts and everything that belongs to them, or nothing on failure. `report_progress` receives lines."""
    # A new connection: PostgreSQL refuses `temp_buffers` in a session that has had temporary tables.
    installation.engine.dispose()
    with installation.engine.connect() as connection:
        raw = cast("Raw", connection.connection.driver_connection)
        # Close the connection at the end: nothing else may see its temporary tables, functions and settings.
        connection.detach()
        with Session(connection, expire_on_commit=False) as session:
            for name, value in SETTINGS.items():
                setting = sql.SQL("SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
                raw.execute(setting)
            # Two seedings at the same time would assign the same numbers.
            lock_until_commit(session, AdvisoryLock.SANDBOX_SEED)
            zone = installation.settings.organization.timezone
            filled = campaigns_to_fill(session, plan.campaigns, plan.gifts, plan.at, zone)
            with _without_triggers(raw):
                _fill(installation, session, raw, filled, plan, report_progress)
            with _timed("committed", report_progress):
                session.commit()
        with _timed("vacuumed", report_progress):
            raw.autocommit = True
            raw.execute("VACUUM ANALYZE")


def _fill(
    installation: Installation,
    session: Session,
    raw: Raw,
    filled: list[SeededCampaign],
    plan: SeedPlan,
    report_progress: ProgressReporter,
) -> None:
    values: dict[str, object] = {
        "seed": plan.seed,
        "at": plan.at,
        "gifts": plan.gifts,
        "zone": installation.settings.organization.timezone,
        "mail_domain": installation.books.mail_domain,
        "first_names": list(FIRST_NAMES),
        "last_names": list(LAST_NAMES),
        "comments": list(COMMENTS),
        "hours": list(HOURS),
    }
    _prepare(installation, session, raw, filled, plan.at)
    with _rebuild_indexes(raw, report_progress):
        for step in STEPS:
            with _timed(step, report_progress):
                _run(raw, step, values)
    with _timed("sums", report_progress):
        _run(raw, "shards", values)
        _run(raw, "sums", values)


@contextmanager
def _rebuild_indexes(raw: Raw, report_progress: ProgressReporter) -> Iterator[None]:
    with without_indexes(raw, FILLED_TABLES):
        yield
        started = time.perf_counter()
    report_progress(f"  {'indexes':<12} {time.perf_counter() - started:6.1f} s")


def _prepare(
    installation: Installation,
    session: Session,
    raw: Raw,
    filled: list[SeededCampaign],
    at: datetime,
) -> None:
    """Create the temporary tables that the SQL files read: campaigns, email steps, receipt text, dates."""
    raw.execute(
        "CREATE TEMP TABLE seed_campaign (ordinal int, id bigint, slug text, title text, zone text, goal bigint,"
        " starts_at timestamptz, deadline timestamptz, until timestamptz, low float8, high float8, codes text[],"
        " coupons text[]) ON COMMIT DROP"
    )
    raw.execute(
        "CREATE TEMP TABLE seed_step (step_id bigint, campaign_id bigint, due timestamptz, closes timestamptz)"
        " ON COMMIT DROP"
    )
    raw.execute(
        "CREATE TEMP TABLE seed_receipt_text (locale text, kind text, shared jsonb, wording jsonb, frequencies jsonb)"
        " ON COMMIT DROP"
    )
    raw.execute("CREATE TEMP TABLE seed_day (locale text, day date, text text) ON COMMIT DROP")
    zone = ZoneInfo(installation.settings.organization.timezone)
    first = min(one.campaign.starts_at for one in filled).astimezone(zone).date()
    with raw.cursor() as cursor:
        for one in filled:
            its = one.campaign
            row = (
                one.ordinal,
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
            "INSERT INTO seed_receipt_text VALUES (%s, %s, %s, %s, %s)",
            list(receipt_texts(organization)),
        )
        days = long_dates(first, at.astimezone(zone).date())
        cursor.executemany("INSERT INTO seed_day VALUES (%s, %s, %s)", list(days))
    # Autovacuum skips temporary tables, and a join with a calendar of unknown length is slow.
    raw.execute("ANALYZE seed_campaign, seed_step, seed_receipt_text, seed_day")


def _run(raw: Raw, step: str, values: dict[str, object]) -> None:
    text = (_SQL / f"{step}.sql").read_text()
    filled = _NAME.sub(lambda found: sql.Literal(values[found[1]]).as_string(raw), text)
    # The files are part of this package, and every value in them is quoted by Literal.
    raw.execute(filled.encode())


@contextmanager
def _without_triggers(raw: Raw) -> Iterator[None]:
    """Disable triggers within the block: the sums are set at the end, and every foreign key is known to be valid.

    Only a superuser can also disable foreign key checks; otherwise they run row by row.
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
    for table in TRIGGER_TABLES:
        raw.execute(
            sql.SQL("ALTER TABLE {} " + how + " TRIGGER USER").format(sql.Identifier(table))
        )


@contextmanager
def _timed(what: str, report_progress: ProgressReporter) -> Iterator[None]:
    started = time.perf_counter()
    yield
    report_progress(f"  {what:<12} {time.perf_counter() - started:6.1f} s")
