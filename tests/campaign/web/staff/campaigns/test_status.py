"""Status changes by staff: extend, close early, pause, open, finalize."""

from datetime import timedelta

from campaign.campaigns.campaigns import find_campaign
from campaign.core.clock import now
from campaign.models import Campaign, CampaignState, Extension
from campaign.runtime.context import Installation
from tests.support.campaign_emails import messages, queue_appeals
from tests.support.campaigns import add_campaign, audited
from tests.support.staff import StaffMaker
from tests.support.subscribers import subscribe
from tests.support.waiting import wait_until


def stored(installation: Installation, slug: str = "winter") -> Campaign:
    with installation.sessions() as session:
        return find_campaign(session, slug)


def test_the_deadline_is_extended_after_a_preview_of_the_public_sentence(
    installation: Installation, staff: StaffMaker
) -> None:
    campaign, client = add_campaign(installation), staff()
    path = "/staff/c/winter/deadline"
    day = (campaign.deadline + timedelta(days=5)).date().isoformat()
    typed = {"deadline": day, "reason": "the storm kept the mail away"}
    assert client.post_form(path, {"deadline": day, "reason": ""}).status_code == 422
    assert client.post_form(path, {"deadline": "2001-01-01", "reason": "x"}).status_code == 422
    assert client.post_form(path, {"deadline": "soon", "reason": "x"}).status_code == 422
    look = client.post_form(path, typed)
    assert look.status_code == 200
    assert "because the storm kept the mail away." in look.text
    assert "No email is sent about this change" in look.text
    assert stored(installation).deadline == campaign.deadline
    assert audited(installation)[-1].action != "deadline.extended"
    for _ in range(2):
        assert client.post_form(path, typed | {"sure": "yes"}).status_code == 303
    assert stored(installation).deadline > campaign.deadline
    (entry,) = [one for one in audited(installation) if one.action == "deadline.extended"]
    assert (entry.actor, entry.staff_id) == (client.member.email, client.member.id)
    wait_until(lambda: "the storm kept the mail away" in client.get("/c/winter").text)


def test_before_an_extension_staff_see_how_many_readers_it_reaches(
    installation: Installation, staff: StaffMaker
) -> None:
    campaign, client = add_campaign(installation), staff()
    with installation.sessions.begin() as session:
        subscribe(session, "ana@example.org", "ben@example.org")
    queue_appeals(
        installation, campaign, "ana@example.org", "ben@example.org", state="sent",
        sent_at=now(), begun_at=now(),
    )  # fmt: skip
    day = (campaign.deadline + timedelta(days=5)).date().isoformat()
    typed = {"deadline": day, "reason": "the storm kept the mail away"}
    look = client.post_form("/staff/c/winter/deadline", typed)
    assert (
        "2 readers who were emailed another end date and have not given will get one email"
        in look.text
    )
    assert [one.kind for one in messages(installation)] == ["appeal"] * 2
    assert client.post_form("/staff/c/winter/deadline", typed | {"sure": "yes"}).status_code == 303
    assert [one.kind for one in messages(installation)] == ["appeal"] * 2 + ["extension"] * 2


def test_closing_early_is_public_with_its_reason(
    installation: Installation, staff: StaffMaker
) -> None:
    add_campaign(installation)
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


def test_pausing_takes_one_click_and_so_does_resuming(
    installation: Installation, staff: StaffMaker
) -> None:
    add_campaign(installation)
    client = staff()
    assert client.post_form("/staff/c/winter/pause", {"reason": ""}).status_code == 422
    typed = {"reason": "Our card payments are being repaired"}
    assert client.post_form("/staff/c/winter/pause", typed).status_code == 303
    assert "are being repaired" in client.get("/staff/c/winter").text
    assert client.post_form("/staff/c/winter/resume").status_code == 303
    assert stored(installation).paused_at is None


def test_opening_and_finalizing_require_the_right_state(
    installation: Installation, staff: StaffMaker
) -> None:
    add_campaign(installation, start="2098-01-01", deadline="2098-02-01")
    add_campaign(installation, slug="old", start="2025-01-01", deadline="2025-02-01")
    client = staff()
    assert "at this moment" not in client.get("/staff/c/winter/open").text
    assert client.post_form("/staff/c/winter/open").status_code == 303
    assert stored(installation).is_open(now())
    assert client.post_form("/staff/c/winter/finalize").status_code == 422
    assert client.post_form("/staff/c/old/finalize").status_code == 303
    assert stored(installation, "old").final_raised == 0


def test_a_preview_changes_nothing(installation: Installation, staff: StaffMaker) -> None:
    campaign, client = add_campaign(installation), staff()
    later = (campaign.deadline + timedelta(days=5)).date().isoformat()
    before = len(audited(installation))
    for path, typed in (
        ("deadline", {"deadline": later, "reason": "of <snow>"}),
        ("close", {"reason": "of <snow>"}),
        ("deadline", {"deadline": later, "reason": "of snow", "sure": "no"}),
    ):
        look = client.post_form(f"/staff/c/winter/{path}", typed)
        assert (look.status_code, "<snow>" in look.text) == (200, False)
    with installation.sessions() as session:
        assert session.query(Extension).count() == 0
    assert len(audited(installation)) == before
    assert stored(installation).deadline == campaign.deadline


def test_invalid_changes_are_rejected_next_to_their_field(
    installation: Installation, staff: StaffMaker
) -> None:
    campaign, client = add_campaign(installation), staff()
    earlier = (campaign.deadline - timedelta(days=1)).isoformat()
    for path, typed, field in (
        ("deadline", {"deadline": earlier, "reason": "x"}, "deadline"),
        ("deadline", {"deadline": "soon", "reason": "x"}, "deadline"),
        ("deadline", {"deadline": "2099-01-01", "reason": " "}, "reason"),
        ("close", {"reason": ""}, "reason"),
        ("pause", {"reason": ""}, "reason"),
    ):
        answer = client.post_form(f"/staff/c/winter/{path}", typed | {"sure": "yes"})
        assert answer.status_code == 422, (path, typed)
        assert f'id="{field}-error"' in answer.text, (path, typed)
    for path in ("deadline", "close", "pause", "open", "finalize", "resume"):
        assert client.post_form(f"/staff/c/unknown/{path}").status_code == 404, path


def test_pausing_again_keeps_the_first_time_and_the_reason_is_public(
    installation: Installation, staff: StaffMaker
) -> None:
    add_campaign(installation)
    client = staff()
    for _ in range(2):
        client.post_form("/staff/c/winter/pause", {"reason": "We are repairing <it>"})
    actions = [one.action for one in audited(installation)]
    assert actions.count("campaign.paused") == 1
    wait_until(lambda: "We are repairing &lt;it&gt;" in client.get("/c/winter").text)
    assert client.post("/c/winter/donate", data={"amount": "25"}).status_code == 409
    for _ in range(2):
        assert client.post_form("/staff/c/winter/resume").status_code == 303
    assert [one.action for one in audited(installation)].count("campaign.resumed") == 1
