"""The shape of the examples, and values that are made when a row is inserted.

A value may be a function of `Rows`: `key_of("donor")` inserts a valid donor and is its key.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.row_examples.rows import Rows

Row = Mapping[str, object]
Made = Callable[["Rows"], object]

NOON = datetime(2026, 12, 24, 12, tzinfo=UTC)
BLINK = timedelta(microseconds=1)
EVE = date(2026, 12, 24)
DAY = timedelta(days=1)
NO_LINK_NAMES = ["", "0" * 19, "0" * 21, "0" * 25, "0" * 19 + "G", "vWq0b3cJ2mXyz_-0123456"]
"""Texts that no row may have as the name of its link: a token, above all."""


def link_name(rows: "Rows") -> str:
    """The name of a link that no other row has."""
    return f"{rows.number():020x}"


class Default(Enum):
    """A default that is not one value: the time of the transaction, the time of the statement, a random text."""

    transaction_time = "now()"
    statement_time = "clock_timestamp()"
    random = "random"


@dataclass(frozen=True)
class Refused:
    """A row that only the constraint `by` refuses: the valid row with these changes."""

    by: str
    changes: Row


@dataclass(frozen=True)
class Unique:
    """Two valid rows with the values `same` are one too many.

    `again`: also with these further changes of the second row. `apart`: with one of these changes of the second row
    both are accepted. `free`: with one of these changes of both rows both are accepted.
    """

    by: str
    same: Row
    again: Sequence[Row] = ()
    apart: Sequence[Row] = ()
    free: Sequence[Row] = ()


@dataclass(frozen=True)
class Reference:
    """`column` holds the key of an existing row of `table`, which cannot be deleted while it does.

    `changes` make a valid row in which nothing else refers to that row.
    """

    column: str
    table: str
    changes: Row = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """The examples of one table.

    `row`: the columns that must be given, with valid values. `defaults`: those that may be left out but not NULL, with
    what the database puts there. `optional`: those that may be NULL; a value of their own is their default.
    `computed`: those that the database computes from others. `omitting`: what else changes when a column that `row`
    has is left to its default. `numbered`: it has an `id` that the database gives. `single`: it has one row at most.
    """

    name: str
    row: Row
    defaults: Row = field(default_factory=dict)
    optional: Sequence[str] = ()
    computed: Sequence[str] = ()
    omitting: Mapping[str, Row] = field(default_factory=dict)
    numbered: bool = True
    single: bool = False
    refused: Sequence[Refused] = ()
    accepted: Sequence[Row] = ()
    unique: Sequence[Unique] = ()
    references: Sequence[Reference] = ()

    @property
    def uniques(self) -> list[Unique]:
        """The unique rules; a numbered table's first is its `id`."""
        key = Unique(f"pk_{self.name}", {"id": 900_001}, apart=[{"id": 900_002}])
        return [key, *self.unique] if self.numbered else list(self.unique)

    @property
    def required(self) -> list[str]:
        """The columns that must be given."""
        return [name for name in self.row if name not in {*self.defaults, *self.optional}]

    def foreign_key(self, reference: Reference) -> str:
        return f"fk_{self.name}_{reference.column}_{reference.table}"


def key_of(table: str, **changes: object) -> Made:
    """Return the key of a new valid row of `table`."""
    return lambda rows: rows.add(table, changes)


def fresh(prefix: str) -> Made:
    """Return a text that no other row has."""
    return lambda rows: f"{prefix}{rows.number()}"


def once(made: Made) -> Made:
    """Return the same value wherever it appears in one example."""
    return lambda rows: rows.remember(made)


def each(column: str, values: Iterable[object], **others: object) -> list[Row]:
    """Return one change for each of the values."""
    return [{column: value, **others} for value in values]


def refused(by: str, *changes: Row) -> list[Refused]:
    return [Refused(by, change) for change in changes]


def both_or_neither(by: str, one: Row, other: Row) -> list[Refused]:
    """Return the two rows in which only one of a pair is set."""
    return refused(by, one, other)
