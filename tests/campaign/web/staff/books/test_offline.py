"""The form for offline gifts."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from campaign.core.clock import now
from campaign.models import Campaign, Donation, LedgerEntry, OfflineGift, Receipt, StaffRole
from campaign.offline.coupon_codes import coupon_code
from campaign.receipts.numbers import ReadNumbers, hold_numbers, save_given_numbers
from campaign.runtime.context import Installation
from tests.support.offline_gifts import TODAY, Enter, days_ago, gift_of, shown_totals
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


def test_a_check_updates_the_progress_and_the_form_is_ready_for_the_next(
    finance: StaffClient, installation: Installation, running: Campaign
) -> None:
    answer = finance.post_form("/staff/offline", CHECK)
    assert (answer.status_code, shown_totals(installation)) == (303, (5000, 1, 1))
    again = finance.post_form("/staff/offline", CHECK)
    assert (again.status_code, count(installation)) == (303, 1)
    page = finance.get(answer.headers["Location"]).text
    assert "Saved: $50 from Ana Reyes, 1042 First for Keep every story free to read." in page
    assert "Already saved: $50" in page
    assert "autofocus" in re.findall(r'<input[^>]*id="amount"[^>]*>', page)[0]
    assert f'value="{TODAY}"' in page
    progress = finance.get("/c/year-end/progress.json").get_json()
    assert progress["raised"] == 5000


def test_the_coupon_code_selects_the_campaign(
    finance: StaffClient, installation: Installation, running: Campaign
) -> None:
    code = coupon_code(running, "harbor")
    page = finance.get("/staff/offline", query_string={"code": code.lower()}).text
    assert f"{code} is a coupon for Keep every story free to read, article harbor." in page
    shown = finance.get(
        "/staff/offline/duplicates", query_string={"code": code, "email": "x@example.org"}
    )
    assert shown.get_json() == {
        "code": f"{code} is a coupon for Keep every story free to read, article harbor.",
        "campaign": "year-end",
        "email": "No donor has this email address yet.",
    }
    finance.post_form("/staff/offline", CHECK | {"code": code.lower(), "campaign": ""})
    with installation.sessions() as session:
        assert session.scalars(select(Donation.code)).all() == [code]


def test_errors_are_shown_next_to_their_fields_and_the_input_is_kept(
    finance: StaffClient, installation: Installation, running: Campaign
) -> None:
    wrong = CHECK | {
        "amount": "fifty",
        "code": "autumn",
        "received_on": str(TODAY + timedelta(days=3)),
    }
    answer = finance.post_form("/staff/offline", wrong)
    assert answer.status_code == 422
    for words in (
        "There is no coupon with the code &#39;autumn&#39;",
        "is in the future",
        'value="fifty"',
    ):
        assert words in answer.text
    assert 'id="code-error"' in answer.text
    assert count(installation) == 0


def test_an_existing_reference_and_a_similar_gift_are_reported_before_saving(
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
    assert shown_totals(installation) == (10000, 2, 2)


def test_a_bounced_check_is_reversed_once_after_confirmation(
    finance: StaffClient, installation: Installation, running: Campaign, enter: Enter
) -> None:
    gift = gift_of(enter(reference="1042"))
    with installation.sessions() as session:
        name = session.get_one(Donation, gift.donation_id).public_id
    address = f"/staff/offline/{name}/reverse"
    for one in (address, f"/staff/offline/{name}"):
        assert "This cannot be undone" in finance.get(one).text
    assert finance.post_form(address, {"day": str(TODAY)}).status_code == 422
    assert finance.post_form(address, {"day": days_ago(3), "reason": "bounced"}).status_code == 422
    assert shown_totals(installation) == (5000, 1, 1)
    for _ in range(2):
        answer = finance.post_form(address, {"day": str(TODAY), "reason": "bounced"})
        assert answer.status_code == 303
    assert shown_totals(installation) == (0, 0, 0)
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


def test_after_a_restore_an_offline_gift_waits_until_its_number_is_known(
    finance: StaffClient, installation: Installation, running: Campaign
) -> None:
    with installation.sessions.begin() as session:
        hold_numbers(session, now())
    held = finance.post_form("/staff/offline", data=CHECK)
    assert (held.status_code, held.headers["Retry-After"]) == (503, "60")
    assert "Run `campaign reconcile --apply`" in held.text
    assert count(installation) == 0
    with installation.sessions.begin() as session:
        save_given_numbers(session, ReadNumbers({}, {}), now())
    assert finance.post_form("/staff/offline", data=CHECK).status_code == 303
    assert count(installation) == 1
