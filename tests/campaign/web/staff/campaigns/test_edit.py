"""The page for a campaign's texts and amounts: preview, save, and two editors at once."""

import re
from urllib.parse import urlencode

from campaign.campaigns.campaigns import find_campaign
from campaign.models import Campaign, StaffRole
from campaign.runtime.context import Installation
from tests.support.campaigns import add_campaign, audited
from tests.support.staff import StaffMaker


def stored(installation: Installation, slug: str = "winter") -> Campaign:
    with installation.sessions() as session:
        return find_campaign(session, slug)


def test_a_preview_shows_the_public_text_and_saves_nothing(
    installation: Installation, staff: StaffMaker
) -> None:
    add_campaign(installation)
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
        "designation": "General",
    }


def test_two_editors_lose_nothing(installation: Installation, staff: StaffMaker) -> None:
    add_campaign(installation)
    first, second = staff(), staff(StaffRole.admin, "ben@harbor-ledger.example")
    shown = form_of(first.get("/staff/c/winter/edit").text)
    kept = first.post_form("/staff/c/winter/edit", shown | {"title": "Hers", "stretch_goal": "6e4"})
    assert kept.status_code == 422
    kept = first.post_form("/staff/c/winter/edit", shown | {"title": "Hers"})
    assert kept.status_code == 303
    refused = second.post_form(
        "/staff/c/winter/edit", shown | {"title": "His", "designation": "News"}
    )
    assert refused.status_code == 409
    assert 'value="His"' in refused.text
    assert "<dd>Hers</dd>" in refused.text
    assert first.member.email in refused.text
    assert stored(installation).title == "Hers"
    again = form_of(refused.text) | {"title": "His", "designation": "News"}
    assert second.post_form("/staff/c/winter/edit", again).status_code == 303
    assert (stored(installation).title, stored(installation).designation) == ("His", "News")


def test_a_long_appeal_is_accepted(installation: Installation, staff: StaffMaker) -> None:
    add_campaign(installation)
    client = staff()
    typed = form_of(client.get("/staff/c/winter/edit").text) | {"appeal": "новини " * 20_000}
    assert len(urlencode(typed)) > 700_000
    assert client.post_form("/staff/c/winter/edit", typed).status_code == 303
    assert len(stored(installation).appeal) > 139_000


def test_nothing_changed_is_said_and_not_logged(
    installation: Installation, staff: StaffMaker
) -> None:
    add_campaign(installation)
    client = staff()
    same = form_of(client.get("/staff/c/winter/edit").text)
    assert client.post_form("/staff/c/winter/edit", same).status_code == 303
    assert "Nothing changed." in client.get("/staff/c/winter").text
    changed = same | {"designation": "News", "goal": "60,000"}
    client.post_form("/staff/c/winter/edit", changed)
    assert "Saved: " in client.get("/staff/c/winter").text
    assert [one.action for one in audited(installation)].count("campaign.edited") == 1
    assert (stored(installation).goal, stored(installation).designation) == (6_000_000, "News")


def test_every_error_is_next_to_its_field_and_nothing_is_saved(
    installation: Installation, staff: StaffMaker
) -> None:
    add_campaign(installation)
    client = staff()
    shown = form_of(client.get("/staff/c/winter/edit").text)
    wrong = {"title": "", "goal": "0", "stretch_goal": "1", "suggested": "ten", "smallest": "x"}
    answer = client.post_form("/staff/c/winter/edit", shown | wrong | {"designation": "News"})
    assert answer.status_code == 422
    for field in ("title", "goal", "suggested", "smallest"):
        assert f'id="{field}-error"' in answer.text, field
    assert stored(installation).designation == "General"
    assert client.get("/staff/c/unknown/edit").status_code == 404
