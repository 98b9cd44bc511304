"""An erasure deletes the uploaded files that name the person, in any encoding, and waits for a running import."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.errors import ErasureRefused
from campaign.models import FileImport, FileImportPart
from campaign.privacy.personal_data_export import DataSubject
from campaign.privacy.uploaded_files import forget_uploads

ANA = DataSubject([], ["ana@example.org"], [])


def upload(session: Session, *parts: bytes, state: str = "checked", **more: object) -> int:
    row = FileImport(
        kind="people", file_name="list.csv", size=1, requested_by="ada", state=state, **more
    )
    session.add(row)
    session.flush()
    for number, content in enumerate(parts):
        session.add(FileImportPart(file_import_id=row.id, number=number, content=content))
    session.flush()
    return row.id


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_file_that_names_the_person_is_deleted_and_others_stay(
    session: Session, encoding: str
) -> None:
    upload(session, "email\r\nAna@Example.org;Ñandú\r\n".encode(encoding))
    other = upload(session, "email\r\njoana@example.org\r\n".encode(encoding))
    assert forget_uploads(session, ANA) == 1
    assert session.scalars(select(FileImport.id)).all() == [other]
    assert session.scalars(select(FileImportPart.file_import_id)).all() == [other]


def test_an_address_across_two_parts_and_one_in_a_report_are_found(session: Session) -> None:
    upload(session, b"email\nana@exa", b"mple.org\n")
    upload(session, report={"notes": [[2, "ana@example.org was known"]]})
    assert forget_uploads(session, ANA) == 2


def test_a_running_import_is_waited_for_but_not_after_a_restore(session: Session) -> None:
    upload(session, b"ana@example.org", state="importing")
    with pytest.raises(ErasureRefused, match="being imported"):
        forget_uploads(session, ANA)
    assert forget_uploads(session, ANA, again=True) == 1
    assert forget_uploads(session, DataSubject([], [], [])) == 0
