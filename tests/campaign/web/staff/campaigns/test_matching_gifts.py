"""Matching gifts on the staff's pages: added, shown as they stand, ended."""

from sqlalchemy import select

from campaign.models import MatchingGift, StaffRole
from campaign.runtime.context import Installation
from tests.support.campaigns import book, move, running
from tests.support.staff import StaffMaker
from tests.support.waiting import wait_until


def test_a_sponsor_stands_on_the_public_page_while_funds_remain(
    installation: Installation, staff: StaffMaker
) -> None:
    campaign, client = running(installation), staff()
    path = "/staff/c/winter/matching"
    wrong = client.post_form(path, {"sponsor": "", "pool": "x", "ratio": "100"})
    assert wrong.text.count('aria-invalid="true"') == 2
    typed = {"sponsor": "The <Reyes> family", "pool": "100", "ratio": "50"}
    for _ in range(2):
        assert client.post_form(path, typed).status_code == 303
    offer = "The &lt;Reyes&gt; family adds $0.50 for each $1 you give; "
    wait_until(lambda: offer in client.get("/c/winter").text)
    with installation.sessions.begin() as session:
        gift = book(session, campaign, 5_000)
        (sponsor,) = session.scalars(select(MatchingGift)).all()
    wait_until(lambda: "$25 more comes from matching gifts." in client.get("/c/winter").text)
    assert "$75 of $100 remain" in client.get("/c/winter").text
    with installation.sessions.begin() as session:
        book(session, campaign, 15_000)
    wait_until(lambda: offer not in client.get("/c/winter").text)
    assert "$100 more comes from matching gifts." in client.get("/c/winter").text
    assert "used up" in client.get(path).text
    with installation.sessions.begin() as session:
        move(session, gift, "refund", -5_000)
    wait_until(lambda: offer in client.get("/c/winter").text)
    for _ in range(2):
        assert client.post_form(f"{path}/{sponsor.id}/end").status_code == 303
    wait_until(lambda: offer not in client.get("/c/winter").text)
    assert "ended early" in client.get(path).text
    assert staff(StaffRole.viewer).post_form(path, typed).status_code == 403
