"""The list of erased people: kept beside backups, and applied when one of them is restored.

An entry names nobody. It has the ids of the person's donor records and gifts, which mean nothing outside this database,
and HMACs of their addresses (`core.engine_keys.address_digests`). docs/decisions/017 has the reasons.
"""

import json
import secrets
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.engine_keys import address_digests
from campaign.core.errors import CampaignError
from campaign.models import ErasedPerson
from campaign.privacy.personal_data_export import DataSubject


@dataclass(frozen=True)
class ErasureEntry:
    """One erasure, as it is written to a list: times in RFC 3339, ids, and digests of addresses."""

    key: str
    erased_at: str
    donors: list[list[Any]]
    donations: list[str]
    addresses: list[str]

    def as_line(self) -> str:
        """Return the line of a list."""
        return json.dumps(asdict(self), separators=(",", ":"))


def remember_erased(session: Session, person: DataSubject, at: datetime) -> None:
    """Add the person, as they were found, to the list, in the transaction that erases them."""
    donors = [one for one in person.donors if one.erased_at is None]
    session.add(
        ErasedPerson(
            key=secrets.token_hex(16),
            erased_at=at,
            donors=[[one.id, one.created_at.isoformat()] for one in donors],
            donations=[one.public_id for one in person.donations],
            addresses=[address_digests(session, one)[0] for one in person.addresses],
        )
    )


def list_erased(session: Session, since: datetime | None = None) -> Iterator[ErasureEntry]:
    """Yield the list, oldest first."""
    query = select(ErasedPerson).order_by(ErasedPerson.erased_at, ErasedPerson.id)
    if since is not None:
        query = query.where(ErasedPerson.erased_at >= since)
    for one in session.scalars(query):
        yield ErasureEntry(
            one.key,
            one.erased_at.isoformat(),
            one.donors,
            one.donations,
            one.addresses,
        )


def read_entries(lines: Iterable[str]) -> list[ErasureEntry]:
    """Return the entries of a list; raises CampaignError for a line that is none."""
    found = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                entry = ErasureEntry(**json.loads(line))
                datetime.fromisoformat(entry.erased_at)
            except (TypeError, ValueError):
                raise CampaignError(
                    f"Line {number} of the list of erased people is damaged. Nothing was restored."
                ) from None
            found.append(entry)
    return found


def entries_of_backup(path: Path) -> list[ErasureEntry]:
    """Return the list that a backup contains; raises CampaignError if it has none."""
    try:
        with zipfile.ZipFile(path) as opened, opened.open("tables/erased_person.copy") as part:
            rows = [line.decode().rstrip("\n").split("\t") for line in part]
            parts = json.loads(opened.read("manifest.json"))["parts"]
            names = next(one["columns"] for one in parts if one["table"] == "erased_person")
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, StopIteration):
        raise CampaignError(f"{path} has no list of erased people. Nothing was restored.") from None
    return [_entry(dict(zip(names, row, strict=True))) for row in rows]


def _entry(row: dict[str, str]) -> ErasureEntry:
    donations, addresses = (
        [one for one in row[name].strip("{}").split(",") if one]
        for name in ("donations", "addresses")
    )
    at = datetime.fromisoformat(row["erased_at"]).isoformat()
    return ErasureEntry(row["key"], at, json.loads(row["donors"]), donations, addresses)


def load_list(path: Path) -> list[ErasureEntry]:
    """Return the entries of a list, or of a newer backup; raises CampaignError if it is neither."""
    if zipfile.is_zipfile(path):
        return entries_of_backup(path)
    try:
        return read_entries(path.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError):
        raise CampaignError(f"Cannot read the list {path}. Nothing was restored.") from None


def save_list(path: Path, entries: list[ErasureEntry]) -> None:
    """Write the entries and those that the file has besides, readable by the owner only; raises OSError."""
    with suppress(CampaignError):
        known = {one.key for one in entries}
        others = load_list(path) if path.exists() else []
        entries = [*(one for one in others if one.key not in known), *entries]
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        partial.touch(0o600, exist_ok=False)
        partial.write_text("".join(f"{one.as_line()}\n" for one in entries), encoding="utf-8")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
