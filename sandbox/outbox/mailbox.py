"""Stored emails: for each email, one file with its raw content and one with its SMTP envelope.

They are files, not rows in a database, so that people can read, copy and delete them.
"""

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

IDENTIFIER = re.compile(r"\d{8}T\d{12}-[0-9a-f]{6}")


@dataclass(frozen=True)
class StoredEmail:
    """A received email. `received_at` is RFC 3339 in UTC; `size` is in bytes."""

    id: str
    sender: str
    recipients: list[str]
    received_at: str
    size: int


class Mailbox:
    """The folder of stored emails. Safe to use from the SMTP thread and the web threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def save(self, sender: str, recipients: list[str], raw: bytes) -> StoredEmail:
        """Store an email. The envelope is moved into place last, so the list shows only complete emails."""
        now = datetime.now(UTC)
        identifier = f"{now:%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}"
        email = StoredEmail(
            identifier, sender, recipients, now.isoformat(timespec="milliseconds"), len(raw)
        )
        self._raw_path(identifier).write_bytes(raw)
        unfinished = self._folder / f"{identifier}.new"
        unfinished.write_text(json.dumps(asdict(email)))
        unfinished.replace(self._envelope_path(identifier))
        return email

    def newest_first(self) -> Iterator[StoredEmail]:
        for path in sorted(self._folder.glob("*.json"), reverse=True):
            email = self.find(path.stem)
            if email is not None:
                yield email

    def find(self, identifier: str) -> StoredEmail | None:
        """Return the email, or None if the id is unknown, deleted or malformed."""
        if not IDENTIFIER.fullmatch(identifier):
            return None
        try:
            return StoredEmail(**json.loads(self._envelope_path(identifier).read_text()))
        except FileNotFoundError:
            return None

    def raw(self, email: StoredEmail) -> bytes:
        try:
            return self._raw_path(email.id).read_bytes()
        except FileNotFoundError:  # deleted in the meantime
            return b""

    def delete_all(self) -> None:
        for path in self._folder.glob("*.json"):
            if IDENTIFIER.fullmatch(path.stem):
                path.unlink(missing_ok=True)
                self._raw_path(path.stem).unlink(missing_ok=True)

    def _raw_path(self, identifier: str) -> Path:
        return self._folder / f"{identifier}.eml"

    def _envelope_path(self, identifier: str) -> Path:
        return self._folder / f"{identifier}.json"
