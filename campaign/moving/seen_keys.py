"""Remember on which line of a file each key was first, in a temporary file, so that memory stays flat."""

import hashlib
import sqlite3
from typing import Self

_CACHE_KILOBYTES = 4096


class SeenKeys:
    """Keys by their digest, so that no address is written to the disk. Use it as a context manager."""

    def __init__(self) -> None:
        # An empty name is a private temporary file that SQLite deletes when it is closed.
        self._database = sqlite3.connect("")
        self._database.execute(f"PRAGMA cache_size = -{_CACHE_KILOBYTES}")
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(
            "CREATE TABLE seen (key BLOB PRIMARY KEY, line INTEGER) WITHOUT ROWID"
        )

    def first_line(self, key: str, line: int) -> int:
        """Return the line that `key` was first seen on, ignoring case; remember `line` if it is new."""
        digest = hashlib.blake2b(key.casefold().encode(), digest_size=16).digest()
        found = self._database.execute("SELECT line FROM seen WHERE key = ?", (digest,)).fetchone()
        if found is not None:
            return int(found[0])
        self._database.execute("INSERT INTO seen VALUES (?, ?)", (digest, line))
        return line

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()
