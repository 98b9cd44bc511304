"""Rows in memory, written through to one SQLite file if there is a folder. Used by `Account` only."""

import json
import sqlite3
from pathlib import Path
from typing import Any

TABLES = ("objects", "notes", "keys", "deliveries", "settings", "due")


class Store:
    """Tables of JSON values by name, in insertion order.

    Not thread-safe: hold the account's lock around every call.
    """

    def __init__(self, folder: Path | None) -> None:
        self.tables: dict[str, dict[str, Any]] = {table: {} for table in TABLES}
        self._changed: dict[tuple[str, str], None] = {}
        self._connection = _open(folder) if folder else None
        if self._connection:
            query = "SELECT kind, name, value FROM row ORDER BY position"
            for kind, name, value in self._connection.execute(query):
                self.tables[kind][name] = json.loads(value)

    def put(self, table: str, name: str, value: Any) -> None:
        self.tables[table][name] = value
        self._changed[table, name] = None

    def remove(self, table: str, name: str) -> None:
        if self.tables[table].pop(name, None) is not None:
            self._changed[table, name] = None

    def commit(self) -> None:
        """Write all changes since the last commit, or none."""
        changed, self._changed = self._changed, {}
        if not self._connection or not changed:
            return
        with self._connection:
            for table, name in changed:
                if name in self.tables[table]:
                    self._write(table, name)
                else:
                    self._connection.execute(
                        "DELETE FROM row WHERE kind = ? AND name = ?", (table, name)
                    )

    def _write(self, table: str, name: str) -> None:
        self._connection.execute(
            "INSERT INTO row (kind, name, value) VALUES (?, ?, ?)"
            " ON CONFLICT (kind, name) DO UPDATE SET value = excluded.value",
            (table, name, json.dumps(self.tables[table][name])),
        )

    def clear(self) -> None:
        for table in TABLES:
            self.tables[table].clear()
        self._changed.clear()
        if self._connection:
            with self._connection:
                self._connection.execute("DELETE FROM row")

    def close(self) -> None:
        self.commit()
        if self._connection:
            self._connection.close()
            self._connection = None


def _open(folder: Path) -> sqlite3.Connection:
    folder.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(folder / "stripe.sqlite3", check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS row (position INTEGER PRIMARY KEY, kind TEXT NOT NULL,"
        " name TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (kind, name))"
    )
    return connection
