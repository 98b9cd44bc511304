"""Uploaded files: a worker that dies is continued, two never do the same, and files are forgotten."""

from datetime import timedelta
from io import BytesIO

import pytest
from sqlalchemy import func, select

from campaign.audit.audit_log import Actor
from campaign.core import clock
from campaign.core.errors import ListInvalid, NotFound
from campaign.models import FileImport, FileImportPart, FileImportState, Subscriber
from campaign.moving import uploads
from campaign.runtime.context import Installation
from tests.support.moving import FILES

ADA = Actor.command_line()


def begin(installation: Installation, name: str = "ghost", kind: str = "people") -> int:
    with installation.sessions.begin() as session:
        file = BytesIO((FILES / f"{name}.csv").read_bytes())
        return uploads.begin_upload(session, kind, f"{name}.csv", file, {}, ADA).id


def state(installation: Installation, upload_id: int) -> FileImport:
    with installation.sessions() as session:
        return uploads.find_upload(session, upload_id)


def subscribers(installation: Installation) -> int:
    with installation.sessions() as session:
        return session.scalars(select(func.count()).select_from(Subscriber)).one()


def test_a_worker_checks_first_and_imports_once_confirmed(installation: Installation) -> None:
    upload_id = begin(installation)
    assert uploads.import_files(installation) == 1
    assert (state(installation, upload_id).state, subscribers(installation)) == ("checked", 0)
    assert uploads.import_files(installation) == 0, "it waits for staff"
    with installation.sessions.begin() as session:
        uploads.confirm(session, upload_id, ADA)
    assert uploads.import_files(installation) == 1
    done = state(installation, upload_id)
    assert (done.state, done.rows, subscribers(installation)) == ("done", 3, 1)
    assert done.report["counts"] == {
        "added": 1, "unsubscribed there and now suppressed here": 1, "not subscribed there": 1,
    }  # fmt: skip
    with (
        pytest.raises(ListInvalid, match="imported already"),
        installation.sessions.begin() as session,
    ):
        uploads.confirm(session, upload_id, ADA)


def test_a_run_whose_worker_died_is_begun_again(installation: Installation) -> None:
    upload_id = begin(installation)
    with installation.sessions.begin() as session:
        row = uploads.find_upload(session, upload_id)
        row.lease_until = clock.now() + timedelta(minutes=1)
    assert uploads.import_files(installation) == 0, "another worker is alive"
    with installation.sessions.begin() as session:
        uploads.find_upload(session, upload_id).lease_until = clock.now() - timedelta(seconds=1)
    assert uploads.import_files(installation) == 1


def test_files_and_reports_are_forgotten(installation: Installation) -> None:
    upload_id = begin(installation)
    uploads.import_files(installation)
    with installation.sessions.begin() as session:
        assert (
            uploads.purge_uploads(session, clock.now() + uploads.KEPT - timedelta(minutes=1)) == 0
        )
        assert (
            uploads.purge_uploads(session, clock.now() + uploads.KEPT + timedelta(minutes=1)) == 1
        )
        assert session.scalars(select(func.count()).select_from(FileImportPart)).one() == 0
        with pytest.raises(NotFound):
            uploads.find_upload(session, upload_id)


def test_an_import_that_is_refused_as_a_whole_says_so(installation: Installation) -> None:
    upload_id = begin(installation, "mailchimp_subscribed", "suppressions")
    uploads.import_files(installation)
    found = state(installation, upload_id)
    assert found.state == FileImportState.checked
    assert "list of people who are subscribed" in (found.error or "")
    assert [one["name"] for one in found.report["columns"]][:2] == ["Email Address", "First Name"]


def test_a_large_file_is_kept_in_parts(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PART", 100)
    upload_id = begin(installation)
    with installation.sessions() as session:
        assert session.scalars(select(func.count()).select_from(FileImportPart)).one() > 3
    uploads.import_files(installation)
    assert state(installation, upload_id).report["rows"] == 3
