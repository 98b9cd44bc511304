"""The direct mail page: prints the appeal for readers in institutions."""

from io import BytesIO

import pytest
from pypdf import PdfReader
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from campaign.core.clock import now
from campaign.models import AuditEntry, Campaign, DirectMailPiece, StaffRole
from campaign.offline.coupon_codes import coupon_code
from campaign.runtime.context import Installation
from tests.support.staff import StaffClient, StaffMaker

HEADER = "name,number,institution,address\n"
ANA = "Ana Reyes,SID 1234567,Two Rivers Correctional,82911 Beach Access Road|Umatilla OR 97882\n"
NOWHERE = "Bo,1,,1 Road\n"


@pytest.fixture
def finance(staff: StaffMaker) -> StaffClient:
    return staff(StaffRole.finance)


def send(finance: StaffClient, rows: str | bytes, **fields: str) -> TestResponse:
    raw = rows if isinstance(rows, bytes) else (HEADER + rows).encode()
    form = {"file": (BytesIO(raw), "readers.csv"), "window": "us", **fields}
    return finance.post_form("/staff/c/year-end/direct-mail", form)


def codes(installation: Installation) -> list[str]:
    with installation.sessions() as session:
        return list(session.scalars(select(DirectMailPiece.code)))


@pytest.mark.usefixtures("running")
def test_a_list_becomes_sheets_and_the_same_list_the_same_sheets(
    finance: StaffClient, installation: Installation, running: Campaign
) -> None:
    assert "/staff/c/year-end/direct-mail" in finance.get("/staff/c/year-end").text
    answers = [send(finance, ANA, window=window) for window in ("us", "din")]
    assert [answer.mimetype for answer in answers] == ["application/pdf"] * 2
    assert "year-end-by-post.pdf" in answers[0].headers["Content-Disposition"]
    [code] = codes(installation)
    for answer in answers:
        (sheet,) = PdfReader(BytesIO(answer.data)).pages
        assert coupon_code(running, code) in sheet.extract_text()
    with installation.sessions() as session:
        query = select(AuditEntry).where(AuditEntry.action == "direct_mail.printed")
        entry = session.scalars(query.order_by(AuditEntry.id)).first()
        assert entry is not None
        assert entry.actor == finance.member.email
        assert entry.after == {"printed": 1, "refused": 0, "file": "year-end-by-post.pdf"}


@pytest.mark.usefixtures("running")
def test_rejected_lines_are_named_and_skipped_only_if_asked(
    finance: StaffClient, installation: Installation
) -> None:
    page = send(finance, ANA + NOWHERE)
    assert page.status_code == 422
    assert "Line 3: institution is missing" in page.text
    assert "print the other 1" in page.text
    assert codes(installation) == []
    printed = send(finance, ANA + NOWHERE, rest="yes")
    assert (printed.status_code, len(PdfReader(BytesIO(printed.data)).pages)) == (200, 1)
    assert len(codes(installation)) == 1


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        (b"", "Choose a file that is not empty."),
        (b"x" * 1_048_577, "larger than 1 MB"),
        (b"who,where\nBo,Prison\n", "name"),
        ("", "The file has no rows below the first line."),
        (NOWHERE, "Line 2: institution is missing"),
        ("".join(ANA.replace("Ana", f"Ana{n}") for n in range(501)), "more than 500 rows"),
    ],
)
@pytest.mark.usefixtures("running")
def test_an_unreadable_list_is_rejected_with_the_reason(
    finance: StaffClient, installation: Installation, rows: str | bytes, shown: str
) -> None:
    answer = send(finance, rows)
    assert answer.status_code == 422
    assert shown in answer.text
    assert codes(installation) == []


@pytest.mark.usefixtures("running")
def test_an_unknown_envelope_and_an_ended_campaign_are_rejected(
    finance: StaffClient, installation: Installation
) -> None:
    assert "Choose an envelope." in send(finance, ANA, window="round").text
    with installation.sessions.begin() as session:
        session.execute(update(Campaign).values(deadline=now()))
    answer = send(finance, ANA)
    assert (answer.status_code, "gifts by mail would no longer count" in answer.text) == (422, True)
    assert "/staff/c/year-end/direct-mail" not in finance.get("/staff/c/year-end").text
