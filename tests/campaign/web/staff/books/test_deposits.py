"""Deposit batches: filled while they are open, and never changed after."""

from io import BytesIO

import pytest
from pypdf import PdfReader
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from campaign.models import AuditEntry, Campaign, DepositBatch, OfflineGift, StaffRole
from campaign.offline.entry import Choices
from campaign.runtime.context import Installation
from tests.support.offline_gifts import TODAY, Enter, gift_of
from tests.support.staff import StaffClient, StaffMaker


@pytest.fixture
def finance(staff: StaffMaker) -> StaffClient:
    return staff(StaffRole.finance)


def opened(finance: StaffClient, name: str = "Monday") -> int:
    answer = finance.post_form("/staff/offline/deposits", {"name": name, "currency": "usd"})
    assert answer.status_code == 303
    return int(answer.headers["Location"].rpartition("/")[2])


def batch_of(installation: Installation, gift: OfflineGift) -> int | None:
    with installation.sessions() as session:
        return session.get_one(OfflineGift, gift.id).batch_id


def test_a_batch_from_opening_to_the_slip(
    finance: StaffClient, installation: Installation, running: Campaign, enter: Enter
) -> None:
    batch = opened(finance)
    assert opened(finance) == batch
    check = gift_of(enter(Choices(batch_id=batch), reference="1042 First"))
    cash = gift_of(enter(kind="cash", amount="20", name="", reference=""))
    stock = gift_of(enter(kind="stock", description="40 shares", name="Cy", amount="900"))
    moves = f"/staff/offline/deposits/{batch}/gifts"
    finance.post_form(moves, {"put_in": [str(cash.id)]})
    assert finance.post_form(moves, {"put_in": [str(stock.id)]}).status_code == 422
    finance.post_form(moves, {"take_out": [str(check.id)]})
    assert batch_of(installation, check) is None
    finance.post_form(moves, {"put_in": [str(check.id)]})
    page = finance.get(f"/staff/offline/deposits/{batch}").text
    assert page.count("$70") == 2
    closing = {"deposited_on": str(TODAY), "bank_reference": "B-77"}
    close = f"/staff/offline/deposits/{batch}/close"
    for _ in range(2):
        assert finance.post_form(close, closing).status_code == 303
    assert finance.post_form(moves, {"take_out": [str(check.id)]}).status_code == 422
    assert batch_of(installation, check) == batch
    for sheet, width in (("", 612), ("?paper=a4", 595)):
        answer = finance.get(f"/staff/offline/deposits/{batch}/slip.pdf{sheet}")
        slip = PdfReader(BytesIO(answer.data)).pages[0]
        assert int(slip.mediabox.width) == width
        written = slip.extract_text()
        for words in (
            "Deposit Monday",
            "1042 First",
            "Ana Reyes",
            "$50.00",
            "Cash",
            "$20.00",
            "$70.00",
            "B-77",
        ):
            assert words in written
    listed = finance.get("/staff/offline/deposits").text
    assert "Monday" in listed
    assert "B-77" in listed
    with installation.sessions() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    deposits = [one for one in actions if one.startswith("deposit_batch")]
    assert deposits == [f"deposit_batch.{one}" for one in ("opened", *["changed"] * 3, "closed")]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE deposit_batch SET bank_reference = 'other'",
        "DELETE FROM deposit_batch",
        "UPDATE offline_gift SET batch_id = NULL",
        "DELETE FROM offline_gift",
    ],
)
def test_the_database_protects_a_closed_batch(
    finance: StaffClient, installation: Installation, enter: Enter, statement: str
) -> None:
    batch = opened(finance)
    gift_of(enter(Choices(batch_id=batch)))
    finance.post_form(f"/staff/offline/deposits/{batch}/close", {"deposited_on": str(TODAY)})
    with (
        pytest.raises(IntegrityError, match="closed deposit batch"),
        installation.engine.begin() as connection,
    ):
        connection.execute(text(statement))


def test_invalid_input_is_rejected_with_a_message(
    finance: StaffClient, installation: Installation, running: Campaign
) -> None:
    batch = opened(finance)
    close = f"/staff/offline/deposits/{batch}/close"
    answer = finance.post_form(close, {"deposited_on": str(TODAY)})
    assert (answer.status_code, "is empty" in answer.text) == (422, True)
    answer = finance.post_form(close, {"deposited_on": "2999-01-01"})
    assert (answer.status_code, "in the future" in answer.text) == (422, True)
    answer = finance.post_form("/staff/offline/deposits", {"name": " ", "currency": "usd"})
    assert (answer.status_code, "Enter a deposit name" in answer.text) == (422, True)
    assert finance.get("/staff/offline/deposits/999").status_code == 404
    with installation.sessions() as session:
        assert len(session.scalars(select(DepositBatch)).all()) == 1
