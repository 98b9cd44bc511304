"""The campaign pages: visible to all roles, changed by admins."""

from campaign.campaigns.campaigns import find_campaign
from campaign.models import Campaign, StaffRole
from campaign.runtime.context import Installation
from tests.support.campaigns import add_booked_gift, add_campaign, audited
from tests.support.staff import StaffMaker

NEW = {
    "title": "Spring",
    "slug": "spring",
    "goal": "10,000",
    "stretch_goal": "12,000",
    "deadline": "2099-03-31",
    "timezone": "America/Los_Angeles",
    "currency": "usd",
    "designation": "General",
    "appeal": "Hello",
}


def stored(installation: Installation, slug: str = "winter") -> Campaign:
    with installation.sessions() as session:
        return find_campaign(session, slug)


def test_the_list_and_a_campaigns_page_show_its_status(
    installation: Installation, staff: StaffMaker
) -> None:
    campaign = add_campaign(installation, stretch_goal=6_000_000)
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 1_234_500)
    client = staff(StaffRole.viewer)
    page = client.get("/staff/campaigns").text
    assert "$12,345" in page
    assert "24.7%" in page
    assert "New campaign" not in page
    page = client.get("/staff/c/winter").text
    assert "$50,000" in page
    assert "$60,000" in page
    assert "Close early" not in page
    assert "Close early" in staff().get("/staff/c/winter").text
    assert client.get("/staff/c/unknown").status_code == 404


def test_a_campaign_is_created_once_and_every_error_is_next_to_its_field(
    installation: Installation, staff: StaffMaker
) -> None:
    client = staff()
    assert 'value="America/Los_Angeles"' in client.get("/staff/campaigns/new").text
    wrong = client.post_form("/staff/campaigns/new", NEW | {"goal": "many", "slug": "A B"})
    assert wrong.status_code == 422
    assert wrong.text.count('aria-invalid="true"') == 2
    assert 'value="many"' in wrong.text
    for _ in range(2):
        made = client.post_form("/staff/campaigns/new", NEW)
        assert (made.status_code, made.headers["Location"]) == (303, "/staff/c/spring")
    assert [one.action for one in audited(installation)].count("campaign.created") == 1
    assert "Created “Spring”" in client.get("/staff/c/spring").text
    assert client.get("/c/spring").status_code == 200


def test_only_an_admin_changes_a_campaign(installation: Installation, staff: StaffMaker) -> None:
    add_campaign(installation)
    client = staff(StaffRole.finance)
    for path in ("campaigns/new", "c/winter/edit", "c/winter/deadline", "c/winter/close"):
        assert client.get(f"/staff/{path}").status_code == 403
        sent = client.post_form(f"/staff/{path}", {"reason": "x", "sure": "yes"})
        assert sent.status_code == 403
