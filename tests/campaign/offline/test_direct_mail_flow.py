"""Direct mail from a list to one PDF: exactly what is printed is saved and recorded."""

import io

import pytest
import time_machine
from pypdf import PdfReader
from sqlalchemy import func, select

from campaign.core.clock import now
from campaign.core.csv_lists import RejectedLine
from campaign.core.errors import CampaignNotOpen, ListInvalid, NotFound
from campaign.models import AuditEntry, Campaign, DirectMailPiece
from campaign.offline.direct_mail_flow import RecipientList, print_appeals, read_recipient_list
from campaign.runtime.context import Installation
from tests.support.offline_gifts import FINANCE

LIST = """name,number,institution,address
Ana Reyes,7,Two Rivers,1 Road
Bo,7,,1 Road
\u738b,7,Two Rivers,1 Road
Cy Lee,8,Two Rivers,1 Road
"""


def read(installation: Installation, text: str = LIST) -> RecipientList:
    with installation.sessions() as session:
        return read_recipient_list(session, "year-end", text.encode())


def posted(installation: Installation) -> int:
    with installation.sessions() as session:
        return session.scalar(select(func.count()).select_from(DirectMailPiece)) or 0


def test_a_list_is_split_into_recipients_and_rejected_lines(
    installation: Installation, running: Campaign
) -> None:
    found = read(installation)
    assert [one.name for one in found.ready] == ["Ana Reyes", "Cy Lee"]
    assert found.refused == [
        RejectedLine(3, "institution is missing"),
        RejectedLine(4, "'\u738b, 7' has characters that our font cannot print"),
    ]
    assert posted(installation) == 0


def test_a_row_without_a_language_uses_the_campaigns(
    installation: Installation, running: Campaign
) -> None:
    with installation.sessions.begin() as session:
        session.get_one(Campaign, running.id).locale = "es"
    assert {one.locale for one in read(installation).ready} == {"es"}


def test_a_list_is_accepted_until_the_deadline(
    installation: Installation, running: Campaign
) -> None:
    with installation.sessions.begin() as session:
        end = session.get_one(Campaign, running.id).deadline
    with time_machine.travel(end.timestamp() - 0.001, tick=False):
        assert read(installation).ready
    with (
        time_machine.travel(end, tick=False),
        pytest.raises(CampaignNotOpen, match="year-end has ended"),
    ):
        read(installation)


def test_an_unknown_campaign_and_a_file_without_columns_are_rejected(
    installation: Installation, running: Campaign
) -> None:
    with installation.sessions() as session, pytest.raises(NotFound):
        read_recipient_list(session, "autumn", LIST.encode())
    with pytest.raises(ListInvalid):
        read(installation, "who,where\n")


def test_sheets_coupons_and_audit_entry_share_one_transaction(
    installation: Installation, running: Campaign
) -> None:
    found = read(installation)
    for kept in (False, True):
        with installation.sessions() as session:
            raw = print_appeals(
                session, installation, "year-end", found, "us", FINANCE, file="1.pdf"
            )
            (session.commit if kept else session.rollback)()
        assert posted(installation) == 2 * kept
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(raw)).pages]
    with installation.sessions() as session:
        codes = session.scalars(select(DirectMailPiece.code).order_by(DirectMailPiece.id)).all()
        said = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "direct_mail.printed")
        ).one()
    assert [code.upper() in page for code, page in zip(codes, pages, strict=True)] == [True, True]
    assert (said.actor, said.subject_key, said.campaign_id) == (
        FINANCE.name,
        "year-end",
        running.id,
    )
    assert said.after == {"printed": 2, "refused": 2, "file": "1.pdf"}
    assert said.at <= now()
