"""Importing a list of offline gifts: previewed first, imported as previewed, and only once."""

import re
from io import BytesIO

import pytest
from sqlalchemy import select

from campaign.models import AuditEntry, Campaign, StaffRole
from campaign.runtime.context import Installation
from tests.support.offline_gifts import TODAY, Enter, days_ago, gift_of, shown_totals
from tests.support.staff import StaffClient, StaffMaker

HEADER = "received_on,postmarked_on,amount,currency,name,email,address,code,reference\n"


@pytest.fixture
def finance(staff: StaffMaker) -> StaffClient:
    return staff(StaffRole.finance)


def shown(finance: StaffClient, text: str, status: int = 200) -> str:
    """Return the preview of a list."""
    form = {"file": (BytesIO(text.encode()), "gifts.csv"), "campaign": "year-end"}
    answer = finance.post_form("/staff/offline/import", form)
    assert answer.status_code == status
    return answer.text


def kept(page: str) -> str:
    found = re.search(r'name="kept" value="([^"]+)"', page)
    assert found
    return found[1]


def test_a_list_counts_only_after_the_import_and_only_once(
    finance: StaffClient, installation: Installation, running: Campaign, enter: Enter
) -> None:
    gift_of(enter(reference="1", name="Known", address=""))
    text = HEADER + (
        f"{TODAY},,25,usd,Ana Reyes,ana@example.org,,,2\n"
        f"{TODAY},,25,usd,Ben,,,,1\n"
        f"{TODAY},{days_ago(40)},30,usd,Cy,,,,3\n"
        f"{TODAY},,50,usd,Known,,,,4\n"
        f"{TODAY},,1e9,usd,Di,,,,5\n"
    )
    page = shown(finance, text)
    assert shown_totals(installation) == (5000, 1, 1)
    assert "Import 2 gifts" in page
    assert "does not count for the campaign" in page
    assert "This may be a duplicate of 1, a check of $50 from Known" in page
    assert "Reference 1 is already a check of $50 from Known" in page
    for _ in range(2):
        answer = finance.post_form("/staff/offline/import/enter", {"kept": kept(page)})
        assert answer.status_code == 303
        assert shown_totals(installation) == (7500, 2, 2)
    reported = finance.get("/staff/offline").text
    assert "2 imported, 3 not imported." in reported
    assert "0 imported, 5 not imported." in reported
    finance.post_form("/staff/offline/import/enter", {"kept": kept(page), "doubtful": "yes"})
    assert shown_totals(installation) == (12500, 3, 3)
    with installation.sessions() as session:
        actions = session.scalars(select(AuditEntry.action)).all()
    assert actions.count("offline_gifts.imported") == 2
    assert actions.count("offline_gift.entered") == 4


def test_a_tampered_list_is_not_imported(
    finance: StaffClient, installation: Installation, running: Campaign
) -> None:
    page = shown(finance, f"{HEADER}{TODAY},,25,usd,Ana,,,,2\n")
    answer = finance.post_form("/staff/offline/import/enter", {"kept": f"x{kept(page)}"})
    assert answer.status_code == 422
    assert shown_totals(installation) == (0, 0, 0)


def test_a_list_may_have_up_to_one_megabyte(finance: StaffClient, running: Campaign) -> None:
    row = f"{TODAY},,25,usd,{'n' * 190},,{'é' * 480},,\n"
    assert "Import 300 gifts" in shown(finance, HEADER + row * 300)
    assert "more than 1,000 rows" in shown(finance, HEADER + "1,2,3\n" * 1001, 422)
    assert "larger than 1 MB" in shown(finance, HEADER + row * 1000, 422)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Choose a file"),
        ("received_on,amount\n", "Missing: postmarked_on"),
        (HEADER.strip() + ",color\n", "unknown: &#39;color&#39;"),
    ],
)
def test_an_invalid_file_is_reported(
    finance: StaffClient, running: Campaign, text: str, words: str
) -> None:
    assert words in shown(finance, text, 422)
