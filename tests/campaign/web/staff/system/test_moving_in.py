"""The page for moving in: a file is checked first, mapped, imported once, and only by admins."""

import re
from io import BytesIO

import pytest
from sqlalchemy import func, select

from campaign.models import AuditEntry, FileImport, FileImportPart, StaffRole, Subscriber
from campaign.moving import uploads
from campaign.runtime.context import Installation
from tests.support.moving import FILES
from tests.support.staff import StaffClient, StaffMaker

PAGE = "/staff/moving-in"


@pytest.fixture
def admin(staff: StaffMaker) -> StaffClient:
    return staff(StaffRole.admin)


def send(
    admin: StaffClient, content: bytes, name: str = "members.csv", kind: str = "people"
) -> str:
    """Upload a file; return the address of its page."""
    form = {"file": (BytesIO(content), name), "kind": kind}
    answer = admin.post_form(PAGE, form)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def tallies(text: str) -> dict[str, str]:
    return dict(re.findall(r"<div><dt>([^<]+)</dt><dd>([^<]+)</dd></div>", text))


def count(installation: Installation, table: type[Subscriber | FileImportPart | FileImport]) -> int:
    with installation.sessions() as session:
        return session.scalars(select(func.count()).select_from(table)).one()


def test_a_file_is_checked_first_and_then_imported_once(
    admin: StaffClient, installation: Installation
) -> None:
    address = send(admin, (FILES / "mailchimp_subscribed.csv").read_bytes())
    page = admin.get(address).text
    assert tallies(page) == {"Added": "3", "Rejected": "1", "Rows": "4"}
    assert "What an import would do" in page
    assert "read as Mailchimp" in page
    assert "no consent_at: when did they agree?" in page
    assert "&#39;Moon/Tranquility&#39; is not a time zone" in page
    assert "203.0.113.7" in page, "the first values"
    assert count(installation, Subscriber) == 0
    for _ in range(2):
        assert admin.post_form(f"{address}/import").status_code == 303
        page = admin.get(address).text
        assert "<h2>Imported</h2>" in page
        assert tallies(page) == {"Added": "3", "Rejected": "1", "Rows": "4"}
    assert count(installation, Subscriber) == 3
    assert count(installation, FileImportPart) == 0, "the file is forgotten"
    with installation.sessions() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert [one for one in actions if "import" in one] == [
        "file_import.uploaded", "file_import.confirmed", "subscribers.imported",
    ]  # fmt: skip


def test_staff_say_what_the_columns_are(admin: StaffClient, installation: Installation) -> None:
    address = send(admin, b"Mail,Joined on,Shoes\nada@reader.test,3/1/2026,38\n")
    page = admin.get(address).text
    assert "no column that says when people agreed" in page
    assert "/import" not in page
    assert admin.post_form(f"{address}/import").status_code == 303
    assert "cannot be imported as it is read now" in admin.get(address).text
    form = {
        "column-1": "Mail", "was-1": "", "field-1": "email",
        "column-2": "Joined on", "was-2": "", "field-2": "consent_at",
        "column-3": "Shoes", "was-3": "", "field-3": "",
        "consent_source": "fair", "dates": "dmy",
    }  # fmt: skip
    admin.post_form(f"{address}/check", form)
    page = admin.get(address).text
    assert tallies(page) == {"Added": "1", "Rejected": "0", "Rows": "1"}
    assert '<option value="consent_at" selected>' in page
    admin.post_form(f"{address}/check", {"consent_source": "fair", "dates": "mdy", "column-2": "Joined on",
                    "was-2": "consent_at", "field-2": "consent_at"})  # fmt: skip
    admin.post_form(f"{address}/import")
    with installation.sessions() as session:
        ada = session.scalars(select(Subscriber)).one()
    assert (ada.consent_source, ada.consent_at.date().isoformat()) == ("fair", "2026-03-01")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "Choose a file."),
        ({"file": (b"", "empty.csv")}, "Choose a file that is not empty."),
        ({"file": (b"a", "a.csv"), "kind": "shoes"}, "Choose what the file contains."),
    ],
)
def test_what_cannot_be_uploaded_is_said(
    admin: StaffClient, installation: Installation, form: dict[str, object], words: str
) -> None:
    sent = {"kind": "people"} | form
    if isinstance(file := sent.get("file"), tuple):
        sent["file"] = (BytesIO(file[0]), file[1])
    answer = admin.post_form(PAGE, sent)
    assert answer.status_code == 422
    assert words in answer.text
    assert count(installation, FileImport) == 0


def test_a_workbook_says_what_to_do_instead(admin: StaffClient) -> None:
    address = send(admin, b"PK\x03\x04rest", "members.xlsx")
    assert "Open it in a spreadsheet and save it as CSV (UTF-8)" in admin.get(address).text


def test_a_file_above_the_limit_is_refused_and_nothing_kept(
    admin: StaffClient, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "LARGEST", 10)
    answer = admin.post_form(PAGE, {"file": (BytesIO(b"x" * 11), "a.csv"), "kind": "people"})
    assert (answer.status_code, "larger than" in answer.text) == (422, True)
    assert count(installation, FileImportPart) == 0


def test_a_file_can_be_discarded(admin: StaffClient, installation: Installation) -> None:
    address = send(admin, (FILES / "ghost.csv").read_bytes())
    for _ in range(2):
        assert admin.post_form(f"{address}/discard").location == PAGE
    assert count(installation, FileImport) == 0
    assert admin.get(address).status_code == 404


def test_a_larger_file_is_left_to_a_worker_and_shows_its_progress(
    admin: StaffClient, installation: Installation
) -> None:
    rows = "".join(f"r{n}@reader.test,form,2026-01-05,{'x' * 300}\n" for n in range(1800))
    address = send(admin, f"email,consent_source,consent_at,padding\n{rows}".encode())
    assert "Checking: 0 rows so far" in admin.get(address).text
    assert uploads.import_files(installation) == 1
    assert tallies(admin.get(address).text)["Added"] == "1,800"
    admin.post_form(f"{address}/import")
    assert "Importing: 0 rows so far" in admin.get(address).text
    admin.post_form(f"{address}/discard")
    assert "The file is being imported." in admin.get(address).text
    assert uploads.import_files(installation) == 1
    assert count(installation, Subscriber) == 1800


def test_the_page_lists_what_was_uploaded(admin: StaffClient) -> None:
    send(admin, (FILES / "ghost.csv").read_bytes(), "<b>ghost</b>.csv")
    assert "&lt;b&gt;ghost&lt;/b&gt;.csv" in admin.get(PAGE).text


def test_gifts_come_over_on_the_page_too(admin: StaffClient) -> None:
    file = (FILES.parent / "exports" / "givewp.csv").read_bytes()
    page = admin.get(send(admin, file, "gifts.csv", "gifts")).text
    assert "read as GiveWP" in page
    assert "Gifts added" in tallies(page)
    assert "Campaign that gifts within its dates count for" in page
