"""A list of offline gifts: shown before it counts, entered as shown, and only once."""

import re
from io import BytesIO

import pytest
from sqlalchemy import select

from campaign.models import AuditEntry, Campaign, StaffRole
from campaign.runtime.context import Installation
from tests.support.offline_gifts import TODAY, Enter, bar, day, gift_of
from tests.support.staff import StaffClient, StaffMaker

HEADER = "received_on,postmarked_on,amount,currency,name,email,address,code,reference\n"


@pytest.fixture
def finance(staff: StaffMaker) -> StaffClient:
    return staff(StaffRole.finance)


def shown(finance: StaffClient, text: str, status: int = 200) -> str:
    """The preview of a list."""
    form = {"file": (BytesIO(text.encode()), "gifts.csv"), "campaign": "year-end"}
    answer = finance.post_form("/staff/offline/import", form)
    assert answer.status_code == status
    return answer.text


def kept(page: str) -> str:
    found = re.search(r'name="kept" value="([^"]+)"', page)
    assert found
    return found[1]


def test_a_list_counts_only_when_it_is_entered_and_then_once(
    finance: StaffClient, installation: Installation, running: Campaign, enter: Enter
) -> None:
    gift_of(enter(reference="1", name="Known", address=""))
    text = HEADER + (
        f"{TODAY},,25,usd,Ana Reyes,ana@example.org,,,2\n"
        f"{TODAY},,25,usd,Ben,,,,1\n"
        f"{TODAY},{day(40)},30,usd,Cy,,,,3\n"
        f"{TODAY},,50,usd,Known,,,,4\n"
        f"{TODAY},,1e9,usd,Di,,,,5\n"
    )
    page = shown(finance, text)
    assert bar(installation) == (5000, 1, 1)
    assert "Enter 2 gifts" in page
    assert "count for no campaign" in page
    assert "It looks like 1, a check of $50 from Known" in page
    assert "Reference 1 is a check of $50 from Known" in page
    for _ in range(2):
        answer = finance.post_form("/staff/offline/import/enter", {"kept": kept(page)})
        assert answer.status_code == 303
        assert bar(installation) == (7500, 2, 2)
    told = finance.get("/staff/offline").text
    assert "2 entered, 3 left out." in told
    assert "0 entered, 5 left out." in told
    finance.post_form("/staff/offline/import/enter", {"kept": kept(page), "doubtful": "yes"})
    assert bar(installation) == (12500, 3, 3)
    with installation.sessions() as session:
        actions = session.scalars(select(AuditEntry.action)).all()
    assert actions.count("offline_gifts.imported") == 2
    assert actions.count("offline_gift.entered") == 4


def test_what_was_changed_on_the_way_is_not_entered(
    finance: StaffClient, installation: Installation, running: Campaign
) -> None:
    page = shown(finance, f"{HEADER}{TODAY},,25,usd,Ana,,,,2\n")
    answer = finance.post_form("/staff/offline/import/enter", {"kept": f"x{kept(page)}"})
    assert answer.status_code == 422
    assert bar(installation) == (0, 0, 0)


def test_a_list_may_be_a_megabyte_and_no_more(finance: StaffClient, running: Campaign) -> None:
    row = f"{TODAY},,25,usd,{'n' * 190},,{'é' * 480},,\n"
    assert "Enter 300 gifts" in shown(finance, HEADER + row * 300)
    assert "more than 1,000 rows" in shown(finance, HEADER + "1,2,3\n" * 1001, 422)
    assert "larger than 1 MB" in shown(finance, HEADER + row * 1000, 422)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Choose a file"),
        ("received_on,amount\n", "it lacks postmarked_on"),
        (HEADER.strip() + ",colour\n", "unknown: &#39;colour&#39;"),
    ],
)
def test_a_file_that_is_no_list_is_named(
    finance: StaffClient, running: Campaign, text: str, words: str
) -> None:
    assert words in shown(finance, text, 422)
