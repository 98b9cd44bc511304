"""Files that staff uploaded and that name a person who is being erased: they are deleted with their reports.

Staff upload such a file again, without the person, if it was not imported yet. An import that is running is waited for.
"""

import json
import re
from collections.abc import Iterator, Sequence

from sqlalchemy import delete, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from campaign.core.errors import ErasureRefused
from campaign.models import FileImport, FileImportPart, FileImportState
from campaign.privacy.event_redaction import whole_word
from campaign.privacy.personal_data_export import DataSubject

_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "cp1252", "mac_roman")
"""Of the texts that an import reads (`moving.encodings`)."""


def forget_uploads(session: Session, person: DataSubject, *, again: bool = False) -> int:
    """Delete the uploads that name the person; return how many. Raises ErasureRefused while one is being imported.

    `again`: after a restore no import is running, whatever the rows of the backup say.

    A file names a person by an address; someone without one, by their whole name.
    """
    words = _words(person)
    if not words:
        return 0
    named = [one for one, texts in _uploads(session) if _names(texts, words)]
    states = session.scalars(
        select(FileImport.state).where(FileImport.id.in_(named)).with_for_update()
    ).all()
    if FileImportState.importing.value in states and not again:
        raise ErasureRefused(
            "Nothing was erased: a file that names this person is being imported. Try again in a few minutes."
        )
    for table, key in (
        (FileImportPart, FileImportPart.file_import_id),
        (FileImport, FileImport.id),
    ):
        session.execute(
            delete(table).where(key.in_(named)).execution_options(synchronize_session=False)
        )
    return len(named)


def _words(person: DataSubject) -> list[str]:
    if person.addresses:
        return list(person.addresses)
    return [one.name.lower() for one in person.donors if one.name]


def _uploads(session: Session) -> Iterator[tuple[int, Sequence[bytes]]]:
    """Yield each upload with its file and with what its report and its error quote."""
    content = func.string_agg(
        FileImportPart.content, aggregate_order_by(literal(b""), FileImportPart.number)
    )
    for one in session.scalars(select(FileImport).order_by(FileImport.id)).all():
        file = session.scalar(select(content).where(FileImportPart.file_import_id == one.id))
        quoted = json.dumps([one.file_name, one.options, one.report, one.error], ensure_ascii=False)
        yield one.id, (bytes(file or b""), quoted.encode())


def _names(texts: Sequence[bytes], words: Sequence[str]) -> bool:
    whole = re.compile("|".join(map(whole_word, words)))
    return any(
        whole.search(text.decode(encoding, errors="ignore").lower())
        for text in texts
        for encoding in _ENCODINGS
    )
