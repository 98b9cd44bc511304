"""The faults to plant in a migrated database, each as the SQL that plants it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from tests.mutation.sql_expressions import function_variants, variants

IN_PUBLIC = "relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'"


@dataclass(frozen=True)
class Fault:
    """`table` is '' for a function."""

    name: str
    table: str
    sql: str


def faults(connection: psycopg.Connection[Any]) -> list[Fault]:
    """Return the faults of every rule of the database, in a stable order."""
    kinds = (_columns, _checks, _foreign_keys, _uniques, _unique_indexes, _triggers, _functions)
    found = [fault for kind in kinds for fault in kind(connection)]
    return list({fault.name: fault for fault in found}.values())


def _columns(connection: psycopg.Connection[Any]) -> Iterator[Fault]:
    query = f"""
        SELECT relname, attname, attnotnull, atthasdef, quote_ident(attname)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE {IN_PUBLIC} AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
        AND attgenerated = '' AND attidentity = '' AND NOT EXISTS (SELECT FROM pg_index
            WHERE indrelid = attrelid AND indisprimary AND attnum = ANY (indkey))
        ORDER BY relname, attname"""
    for table, column, not_null, has_default, quoted in connection.execute(query).fetchall():
        alter = f"ALTER TABLE {table} ALTER {quoted}"
        if not_null:
            yield Fault(f"{table}.{column}: may be NULL", table, f"{alter} DROP NOT NULL")
        if has_default:
            yield Fault(f"{table}.{column}: has no default", table, f"{alter} DROP DEFAULT")


def _constraints(connection: psycopg.Connection[Any], kinds: str) -> list[tuple[str, str, str]]:
    query = f"""
        SELECT relname, conname, pg_get_constraintdef(pg_constraint.oid)
        FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
        WHERE {IN_PUBLIC} AND contype::text = ANY (%s) ORDER BY relname, conname"""
    return connection.execute(query, [list(kinds)]).fetchall()


def _replaced(table: str, name: str, definition: str) -> str:
    alter = f"ALTER TABLE {table}"
    return f"{alter} DROP CONSTRAINT {name}; {alter} ADD CONSTRAINT {name} {definition}"


def _checks(connection: psycopg.Connection[Any]) -> Iterator[Fault]:
    for table, name, definition in _constraints(connection, "c"):
        yield Fault(
            f"{table}.{name}: dropped", table, f"ALTER TABLE {table} DROP CONSTRAINT {name}"
        )
        for what, text in variants(definition.removeprefix("CHECK ")):
            yield Fault(f"{table}.{name}: {what}", table, _replaced(table, name, f"CHECK ({text})"))


def _foreign_keys(connection: psycopg.Connection[Any]) -> Iterator[Fault]:
    for table, name, definition in _constraints(connection, "f"):
        yield Fault(
            f"{table}.{name}: dropped", table, f"ALTER TABLE {table} DROP CONSTRAINT {name}"
        )
        for clause in ("ON DELETE CASCADE", "ON DELETE SET NULL", "DEFERRABLE INITIALLY DEFERRED"):
            changed = _replaced(table, name, f"{definition} {clause}")
            yield Fault(f"{table}.{name}: {clause}", table, changed)


def _nullable(connection: psycopg.Connection[Any]) -> set[str]:
    query = f"""
        SELECT relname || '.' || attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE {IN_PUBLIC} AND NOT attnotnull"""
    return {name for (name,) in connection.execute(query)}


def _uniques(connection: psycopg.Connection[Any]) -> Iterator[Fault]:
    nullable = _nullable(connection)
    for table, name, definition in _constraints(connection, "pu"):
        drop = f"ALTER TABLE {table} DROP CONSTRAINT {name} CASCADE"
        yield Fault(f"{table}.{name}: dropped", table, drop)
        kind, _, listed = definition.rstrip(")").partition(" (")
        columns = listed.split(", ")
        for column in columns if len(columns) > 1 else []:
            rest = ", ".join(one for one in columns if one != column)
            add = f"ALTER TABLE {table} ADD CONSTRAINT {name} {kind} ({rest})"
            yield Fault(f"{table}.{name}: without {column}", table, f"{drop}; {add}")
        if kind == "UNIQUE" and nullable & {f"{table}.{column}" for column in columns}:
            add = f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE NULLS NOT DISTINCT ({listed})"
            yield Fault(f"{table}.{name}: NULL is a value", table, f"{drop}; {add}")


def _unique_indexes(connection: psycopg.Connection[Any]) -> Iterator[Fault]:
    query = f"""
        SELECT relname, indexrelid::regclass::text, pg_get_indexdef(indexrelid)
        FROM pg_index JOIN pg_class ON pg_class.oid = indrelid WHERE {IN_PUBLIC} AND indisunique
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
        ORDER BY 1, 2"""
    for table, name, definition in connection.execute(query).fetchall():
        drop = f"DROP INDEX {name}"
        yield Fault(f"{table}.{name}: dropped", table, drop)
        yield Fault(
            f"{table}.{name}: not unique", table, f"{drop}; {definition.replace('UNIQUE ', '')}"
        )
        head, where, predicate = definition.partition(" WHERE ")
        begin, _, listed = head.partition(" btree (")
        for what, changed in _index_columns(listed.removesuffix(")")):
            text = f"{begin} btree ({changed}){where}{predicate}"
            yield Fault(f"{table}.{name}: {what}", table, f"{drop}; {text}")
        if where:
            yield Fault(f"{table}.{name}: without its predicate", table, f"{drop}; {head}")
            for what, changed in variants(predicate):
                text = f"{head} WHERE ({changed})"
                yield Fault(f"{table}.{name}: {what}", table, f"{drop}; {text}")


def _index_columns(listed: str) -> Iterator[tuple[str, str]]:
    columns = listed.split(", ")
    for number, column in enumerate(columns):
        before, after = columns[:number], columns[number + 1 :]
        if len(columns) > 1:
            yield f"without {column}", ", ".join(before + after)
        if column.startswith("lower("):
            plain = column.removeprefix("lower(").removesuffix(")")
            yield f"{column} becomes {plain}", ", ".join([*before, plain, *after])


EVENT = re.compile(r"(?:INSERT|DELETE|UPDATE(?: OF \w+)?|TRUNCATE)")


def _triggers(connection: psycopg.Connection[Any]) -> Iterator[Fault]:
    query = f"""
        SELECT relname, tgname, pg_get_triggerdef(pg_trigger.oid)
        FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
        WHERE {IN_PUBLIC} AND NOT tgisinternal ORDER BY 1, 2"""
    for table, name, definition in connection.execute(query).fetchall():
        label, drop = f"{table}.{name}", f"DROP TRIGGER {name} ON {table}"
        yield Fault(f"{label}: dropped", table, drop)
        yield Fault(f"{label}: disabled", table, f"ALTER TABLE {table} DISABLE TRIGGER {name}")
        begin, on, rest = definition.partition(" ON ")
        events = EVENT.findall(begin.partition(" BEFORE ")[2] or begin.partition(" AFTER ")[2])
        for event in events if len(events) > 1 else []:
            fewer = " OR ".join(one for one in events if one != event)
            head = begin[: begin.index(events[0])]
            yield Fault(f"{label}: not on {event}", table, f"{drop}; {head}{fewer}{on}{rest}")
        before, when, after = definition.partition(" WHEN (")
        if when:
            condition, execute, function = after.partition(") EXECUTE")
            plain = f"{before} EXECUTE{function}"
            yield Fault(f"{label}: without its condition", table, f"{drop}; {plain}")
            for what, changed in variants(condition):
                text = f"{before} WHEN ({changed}{execute}{function}"
                yield Fault(f"{label}: {what}", table, f"{drop}; {text}")


def _functions(connection: psycopg.Connection[Any]) -> Iterator[Fault]:
    query = """
        SELECT proname, pg_get_functiondef(oid) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace ORDER BY 1"""
    for name, definition in connection.execute(query).fetchall():
        head, quote, body = definition.partition("$function$")
        for what, changed in function_variants(body):
            yield Fault(f"{name}(): {what}", "", f"{head}{quote}{changed}")
