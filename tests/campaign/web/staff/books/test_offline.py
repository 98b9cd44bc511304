"""Envelopes one by one: as whoever opens them meets the form."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from campaign.models import Campaign, Donation, LedgerEntry, OfflineGift, Receipt, StaffRole
from campaign.offline.coupon_codes import coupon_code
from campaign.runtime.context import Installation
from tests.support.offline_gifts import TODAY, Enter, bar, day, gift_of
from tests.support.staff import StaffClient, StaffMaker


@pytest.fixture
def finance(staff: StaffMaker) -> StaffClient:
    return staff(StaffRole.finance)


CHECK = {
    "amount": "50",
    "reference": "1042 First",
    "name": "Ana Reyes",
    "address": "1 Wharf Street",
    "address_2": "Astoria, OR 97103",
    "kind": "cheque",
    "received_on": str(TODAY),
    "campaign": "year-end",
    "token": "form-1",
}


def count(installation: Installation) -> int:
    with installation.sessions() as session:
        return session.scalar(select(func.count(OfflineGift.id))) or 0


def test_a_check_moves_the_bar_and_leaves_the_form_ready_for_the_next(
    finance: StaffClient, installation: Installation, running: Campaign
) -> None:
    answer = finance.post_form("/staff/offline", CHECK)
    assert (answer.status_code, bar(installation)) == (303, (5000, 1, 1))
    again = finance.post_form("/staff/offline", CHECK)
    assert (again.status_code, count(installation)) == (303, 1)
    page = finance.get(answer.headers["Location"]).text
    assert "Entered: $50 from Ana Reyes, 1042 First for Keep every story free to read." in page
    assert "Already entered: $50" in page
    assert "autofocus" in re.findall(r'<input[^>]*id="amount"[^>]*>', page)[0]
    assert f'value="{TODAY}"' in page
    progress = finance.get("/c/year-end/progress.json").get_json()
    assert progress["raised"] == 5000


def test_the_coupons_code_chooses_the_campaign(
    finance: StaffClient, installation: Installation, running: Campaign
) -> None:
    code = coupon_code(running, "harbor")
    page = finance.get("/staff/offline", query_string={"code": code.lower()}).text
    assert f"{code} is a coupon of Keep every story free to read, article harbor." in page
    told = finance.get(
        "/staff/offline/duplicates", query_string={"code": code, "email": "x@example.org"}
    )
    assert told.get_json() == {
        "code": f"{code} is a coupon of Keep every story free to read, article harbor.",
        "campaign": "year-end",
        "email": "Nobody is known by this address yet.",
    }
    finance.post_form("/staff/offline", CHECK | {"code": code.lower(), "campaign": ""})
    with installation.sessions() as session:
        assert session.scalars(select(Donation.code)).all() == [code]


def test_what_is_wrong_stands_beside_its_field_and_what_was_typed_stays(
    finance: StaffClient, installation: Installation, running: Campaign
) -> None:
    wrong = CHECK | {
        "amount": "fifty",
        "code": "autumn",
        "received_on": str(TODAY + timedelta(days=3)),
    }
    answer = finance.post_form("/staff/offline", wrong)
    assert answer.status_code == 422
    for words in ("No coupon has the code &#39;autumn&#39;", "is in the future", 'value="fifty"'):
        assert words in answer.text
    assert 'id="code-error"' in answer.text
    assert count(installation) == 0


def test_the_same_reference_and_a_look_alike_are_told_before_they_count(
    finance: StaffClient, installation: Installation, running: Campaign, enter: Enter
) -> None:
    gift = gift_of(enter(reference="1042 first"))
    answer = finance.post_form("/staff/offline", CHECK)
    assert answer.status_code == 422
    assert "entered by fay@harbor-ledger.example" in answer.text
    other = CHECK | {"reference": "1042 FNB"}
    answer = finance.post_form("/staff/offline", other)
    assert answer.status_code == 422
    assert f'value="like-{gift.id}"' in answer.text
    assert "Is this the same person?" in answer.text
    assert count(installation) == 1
    answer = finance.post_form("/staff/offline", other | {"waived": f"like-{gift.id}"})
    assert (answer.status_code, count(installation)) == (422, 1)
    decided = other | {"waived": f"like-{gift.id}", "donor": "new"}
    assert finance.post_form("/staff/offline", decided).status_code == 303
    assert bar(installation) == (10000, 2, 2)


def test_a_bounced_check_is_asked_about_once_more_and_then_reversed_once(
    finance: StaffClient, installation: Installation, running: Campaign, enter: Enter
) -> None:
    gift = gift_of(enter(reference="1042"))
    with installation.sessions() as session:
        name = session.get_one(Donation, gift.donation_id).public_id
    address = f"/staff/offline/{name}/reverse"
    for one in (address, f"/staff/offline/{name}"):
        assert "This cannot be undone" in finance.get(one).text
    assert finance.post_form(address, {"day": str(TODAY)}).status_code == 422
    assert finance.post_form(address, {"day": day(3), "reason": "bounced"}).status_code == 422
    assert bar(installation) == (5000, 1, 1)
    for _ in range(2):
        answer = finance.post_form(address, {"day": str(TODAY), "reason": "bounced"})
        assert answer.status_code == 303
    assert bar(installation) == (0, 0, 0)
    page = finance.get(address).text
    assert "returned unpaid" in page
    assert "<form" not in page.partition("<main")[2]
    with installation.sessions() as session:
        kinds = session.scalars(select(LedgerEntry.kind).order_by(LedgerEntry.id)).all()
        assert kinds == ["payment", "payment_reversed"]
        assert session.scalars(select(Receipt.kind).order_by(Receipt.id)).all() == [
            "receipt",
            "void",
        ]
    assert finance.get("/staff/offline/don_nobody/reverse").status_code == 404
