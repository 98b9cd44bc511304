"""The campaigns' pages: seen by all, changed by admins, and told once more before the public hears of it."""

import re
from datetime import timedelta
from urllib.parse import urlencode

from campaign.campaigns.campaigns import find_campaign
from campaign.core.clock import now
from campaign.models import Campaign, CampaignState, StaffRole
from campaign.runtime.context import Installation
from tests.support.campaigns import audited, book, running
from tests.support.staff import StaffMaker
from tests.support.waiting import wait_until

NEW = {
    "title": "Spring",
    "slug": "spring",
    "goal": "10,000",
    "stretch_goal": "12,000",
    "deadline": "2099-03-31",
    "timezone": "America/Los_Angeles",
    "currency": "usd",
    "fund": "General",
    "appeal": "Hello",
}


def stored(installation: Installation, slug: str = "winter") -> Campaign:
    with installation.sessions() as session:
        return find_campaign(session, slug)


def test_the_list_and_a_campaigns_page_say_how_each_stands(
    installation: Installation, staff: StaffMaker
) -> None:
    campaign = running(installation, stretch_goal=6_000_000)
    with installation.sessions.begin() as session:
        book(session, campaign, 1_234_500)
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


def test_a_campaign_is_begun_once_and_every_fault_stands_beside_its_field(
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
    assert "Spring” is created" in client.get("/staff/c/spring").text
    assert client.get("/c/spring").status_code == 200


def test_a_preview_is_the_real_pages_text_and_keeps_nothing(
    installation: Installation, staff: StaffMaker
) -> None:
    running(installation)
    client = staff()
    typed = {
        "do": "preview",
        "title": "Typed",
        "appeal": "## News\n\n<script>x</script> **bold** [a](javascript:x)",
    }
    page = client.post_form("/staff/c/winter/edit", typed)
    assert page.status_code == 200
    assert "<strong>bold</strong>" in page.text
    assert "<script>x" not in page.text
    assert "## News" in page.text
    assert 'href="javascript' not in page.text
    assert stored(installation).title == "Keep every story free to read"


def form_of(page: str) -> dict[str, str]:
    version = re.findall(r'name="version"[^>]* value="([^"]+)"', page)[0]
    return {
        "do": "save",
        "version": version,
        "title": "Keep every story free to read",
        "appeal": "Tonight the **commission** votes.",
        "suggested": "10 25 50 100 250",
        "smallest": "0.50",
        "goal": "50000",
        "stretch_goal": "",
        "fund": "General",
    }


def test_two_editors_lose_nothing(installation: Installation, staff: StaffMaker) -> None:
    running(installation)
    first, second = staff(), staff(StaffRole.admin, "ben@harbor-ledger.example")
    shown = form_of(first.get("/staff/c/winter/edit").text)
    kept = first.post_form("/staff/c/winter/edit", shown | {"title": "Hers", "stretch_goal": "6e4"})
    assert kept.status_code == 422
    kept = first.post_form("/staff/c/winter/edit", shown | {"title": "Hers"})
    assert kept.status_code == 303
    refused = second.post_form("/staff/c/winter/edit", shown | {"title": "His", "fund": "News"})
    assert refused.status_code == 409
    assert 'value="His"' in refused.text
    assert "<dd>Hers</dd>" in refused.text
    assert first.member.email in refused.text
    assert stored(installation).title == "Hers"
    again = form_of(refused.text) | {"title": "His", "fund": "News"}
    assert second.post_form("/staff/c/winter/edit", again).status_code == 303
    assert (stored(installation).title, stored(installation).fund) == ("His", "News")


def test_a_long_appeal_may_be_typed(installation: Installation, staff: StaffMaker) -> None:
    running(installation)
    client = staff()
    typed = form_of(client.get("/staff/c/winter/edit").text) | {"appeal": "новини " * 20_000}
    assert len(urlencode(typed)) > 700_000
    assert client.post_form("/staff/c/winter/edit", typed).status_code == 303
    assert len(stored(installation).appeal) > 139_000


def test_the_deadline_moves_after_a_second_look_at_the_public_sentence(
    installation: Installation, staff: StaffMaker
) -> None:
    campaign, client = running(installation), staff()
    path = "/staff/c/winter/deadline"
    day = (campaign.deadline + timedelta(days=5)).date().isoformat()
    typed = {"deadline": day, "reason": "the storm kept the mail away"}
    assert client.post_form(path, {"deadline": day, "reason": ""}).status_code == 422
    assert client.post_form(path, {"deadline": "2001-01-01", "reason": "x"}).status_code == 422
    assert client.post_form(path, {"deadline": "soon", "reason": "x"}).status_code == 422
    look = client.post_form(path, typed)
    assert look.status_code == 200
    assert "because the storm kept the mail away." in look.text
    assert stored(installation).deadline == campaign.deadline
    assert audited(installation)[-1].action != "deadline.extended"
    for _ in range(2):
        assert client.post_form(path, typed | {"sure": "yes"}).status_code == 303
    assert stored(installation).deadline > campaign.deadline
    (entry,) = [one for one in audited(installation) if one.action == "deadline.extended"]
    assert (entry.actor, entry.staff_id) == (client.member.email, client.member.id)
    wait_until(lambda: "the storm kept the mail away" in client.get("/c/winter").text)


def test_closing_early_is_told_with_its_reason(
    installation: Installation, staff: StaffMaker
) -> None:
    running(installation)
    client = staff()
    wait_until(lambda: "Your gift" in client.get("/c/winter").text)
    look = client.post_form("/staff/c/winter/close", {"reason": "the goal is met"})
    assert "Closed early on" in look.text
    assert stored(installation).is_open(now())
    sure = {"reason": "the goal is met", "sure": "yes"}
    for _ in range(2):
        assert client.post_form("/staff/c/winter/close", sure).status_code == 303
    assert stored(installation).state(now()) == CampaignState.closed
    wait_until(lambda: "Closed early on" in client.get("/c/winter").text)
    assert "because the goal is met." in client.get("/c/winter").text
    assert client.post("/c/winter/donate", data={"amount": "25"}).status_code == 409


def test_pausing_takes_one_press_and_so_does_going_on(
    installation: Installation, staff: StaffMaker
) -> None:
    running(installation)
    client = staff()
    assert client.post_form("/staff/c/winter/pause", {"reason": ""}).status_code == 422
    typed = {"reason": "Our card payments are being repaired"}
    assert client.post_form("/staff/c/winter/pause", typed).status_code == 303
    assert "are being repaired" in client.get("/staff/c/winter").text
    assert client.post_form("/staff/c/winter/resume").status_code == 303
    assert stored(installation).paused_at is None


def test_opening_and_making_final_fit_where_the_campaign_stands(
    installation: Installation, staff: StaffMaker
) -> None:
    running(installation, start="2098-01-01", deadline="2098-02-01")
    running(installation, slug="old", start="2025-01-01", deadline="2025-02-01")
    client = staff()
    assert "at this moment" not in client.get("/staff/c/winter/open").text
    assert client.post_form("/staff/c/winter/open").status_code == 303
    assert stored(installation).is_open(now())
    assert client.post_form("/staff/c/winter/finalize").status_code == 422
    assert client.post_form("/staff/c/old/finalize").status_code == 303
    assert stored(installation, "old").final_raised == 0


def test_only_an_admin_changes_a_campaign(installation: Installation, staff: StaffMaker) -> None:
    running(installation)
    client = staff(StaffRole.finance)
    for path in ("campaigns/new", "c/winter/edit", "c/winter/deadline", "c/winter/close"):
        assert client.get(f"/staff/{path}").status_code == 403
        sent = client.post_form(f"/staff/{path}", {"reason": "x", "sure": "yes"})
        assert sent.status_code == 403
