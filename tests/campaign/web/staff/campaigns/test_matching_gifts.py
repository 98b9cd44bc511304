"""The matching gifts page: add, list with totals, end."""

import re
from datetime import UTC, datetime, timedelta

import time_machine
from sqlalchemy import select

from campaign.campaigns.matching_gifts import MatchingGiftFields, add_matching_gift
from campaign.core.clock import now
from campaign.models import Campaign, MatchingGift, StaffRole
from campaign.runtime.context import Installation
from tests.support.campaigns import ADMIN, add_booked_gift, add_campaign, add_entry
from tests.support.staff import StaffMaker
from tests.support.waiting import wait_until


def test_a_sponsor_is_on_the_public_page_while_money_remains(
    installation: Installation, staff: StaffMaker
) -> None:
    campaign, client = add_campaign(installation), staff()
    path = "/staff/c/winter/matching"
    wrong = client.post_form(path, {"sponsor": "", "pool": "x", "ratio": "100"})
    assert wrong.text.count('aria-invalid="true"') == 2
    typed = {"sponsor": "The <Reyes> family", "pool": "100", "ratio": "50"}
    for _ in range(2):
        assert client.post_form(path, typed).status_code == 303
    offer = "The &lt;Reyes&gt; family adds $0.50 for each $1 you give; "
    wait_until(lambda: offer in client.get("/c/winter").text)
    with installation.sessions.begin() as session:
        gift = add_booked_gift(session, campaign, 5_000)
        (sponsor,) = session.scalars(select(MatchingGift)).all()
    wait_until(lambda: "$25 more comes from matching gifts." in client.get("/c/winter").text)
    assert "$75 of $100 is left" in client.get("/c/winter").text
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 15_000)
    wait_until(lambda: offer not in client.get("/c/winter").text)
    assert "$100 more comes from matching gifts." in client.get("/c/winter").text
    assert "used up" in client.get(path).text
    with installation.sessions.begin() as session:
        add_entry(session, gift, "refund", -5_000)
    wait_until(lambda: offer in client.get("/c/winter").text)
    for _ in range(2):
        assert client.post_form(f"{path}/{sponsor.id}/end").status_code == 303
    wait_until(lambda: offer not in client.get("/c/winter").text)
    assert "ended early" in client.get(path).text
    assert staff(StaffRole.viewer).post_form(path, typed).status_code == 403


def test_the_form_suggests_the_remaining_period_and_ends_only_this_campaigns_matches(
    installation: Installation, staff: StaffMaker
) -> None:
    add_campaign(installation)
    add_campaign(installation, slug="other")
    client = staff()
    typed = {"sponsor": "A", "pool": "100", "ratio": "100"}
    assert client.post_form("/staff/c/winter/matching", typed).status_code == 303
    with installation.sessions() as session:
        gift = session.scalars(select(MatchingGift)).one()
    assert client.post_form(f"/staff/c/other/matching/{gift.id}/end").status_code == 404
    assert client.post_form("/staff/c/winter/matching/999/end").status_code == 404
    with installation.sessions() as session:
        assert session.scalars(select(MatchingGift.ended_at)).all() == [None]
    page = client.get("/staff/c/winter/matching").text
    assert "Los_Angeles" in page or "Pacific" in page


def test_a_match_is_upcoming_open_and_ended_in_the_campaigns_time_zone(
    installation: Installation, staff: StaffMaker
) -> None:
    campaign, client = add_campaign(installation), staff(StaffRole.viewer)
    there = campaign.zone
    tomorrow = (now().astimezone(there) + timedelta(days=1)).date()
    with installation.sessions.begin() as session:
        found = session.get_one(Campaign, campaign.id)
        later = MatchingGiftFields("Later", "100", starts=str(tomorrow), ends=str(tomorrow))
        add_matching_gift(session, found, later, ADMIN, now())
    begins = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=there)
    shown = []
    for at in (-1, 0, 86_399, 86_400):
        moment = (begins + timedelta(seconds=at)).astimezone(UTC)
        with time_machine.travel(moment, tick=False):
            client = staff(StaffRole.viewer)
            page = client.get("/staff/c/winter/matching").text
        (row,) = re.findall(r"<tr>(?:(?!</tr>).)*Later.*?</tr>", page, re.DOTALL)
        shown += [word for word in ("upcoming", "open", "ended") if re.search(rf"\b{word}\b", row)]
    assert shown == ["upcoming", "open", "open", "ended"]
