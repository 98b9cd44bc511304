"""Steps, sponsors and the report of a campaign, on the staff's pages and on the public one."""

import io
from datetime import timedelta

from pypdf import PdfReader
from sqlalchemy import select

from campaign.campaigns.extensions import extend
from campaign.campaigns.matching_gifts import Promise, add_matching_gift
from campaign.core.clock import now
from campaign.models import Campaign, CampaignStep, MatchingGift, StaffRole
from campaign.runtime.context import Installation
from tests.support.campaigns import ADMIN, audited, book, move, running
from tests.support.staff import StaffMaker
from tests.support.subscribers import subscribe
from tests.support.waiting import wait_until


def steps(installation: Installation) -> dict[str, CampaignStep]:
    with installation.sessions() as session:
        return {one.key: one for one in session.scalars(select(CampaignStep))}


def test_the_steps_say_when_they_are_due_and_whom_they_would_reach(
    installation: Installation, staff: StaffMaker
) -> None:
    running(installation)
    with installation.sessions.begin() as session:
        # In one of these it is night, whenever this runs.
        for zone in ("Asia/Dhaka", "America/Costa_Rica"):
            emails = (f"{zone[:4]}{number}@example.com" for number in range(18))
            subscribe(session, *emails, timezone=zone)
    page = staff(StaffRole.viewer).get("/staff/c/winter/steps").text
    # The opening's, which is due, and those of six that are to come.
    assert page.count(">36<") == 7
    assert "three days" in page
    assert "Add a step" not in page


STEP = {"do": "save", "before": "4", "unit": "days", "enabled": "y", "locale": "en"}


def test_a_step_is_reworded_after_a_look_at_its_letter(
    installation: Installation, staff: StaffMaker
) -> None:
    running(installation)
    client = staff()
    path = "/staff/c/winter/steps/three_days"
    assert "As usual: " in client.get(path).text
    typed = STEP | {"subject": "From our desk: {left}", "opening": "I edit <b>these</b> pages."}
    seen = client.post_form(path, typed | {"do": "preview"})
    assert "From our desk: $50,000" in seen.text
    assert "I edit &lt;b&gt;these&lt;/b&gt; pages." in seen.text
    letter = client.post_form(f"{path}/letter", typed)
    assert letter.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "I edit &lt;b&gt;these&lt;/b&gt; pages." in letter.text
    assert steps(installation)["three_days"].texts == {}
    assert client.post_form(path, typed | {"before": "none"}).status_code == 422
    assert client.post_form(path, typed | {"subject": "x" * 151}).status_code == 422
    for _ in range(2):
        assert client.post_form(path, typed).status_code == 303
    kept = steps(installation)["three_days"]
    assert (kept.offset, kept.texts["en"]["subject"]) == (4, "From our desk: {left}")
    (entry,) = [one for one in audited(installation) if one.action == "step.changed"]
    assert (entry.before["offset"], entry.after["offset"]) == (3, 4)
    off = {"do": "save", "locale": "en", "expires": "168"}
    assert client.post_form("/staff/c/winter/steps/wrap_up", off).status_code == 303
    assert not steps(installation)["wrap_up"].enabled


def test_ones_own_step_is_added_and_removed(installation: Installation, staff: StaffMaker) -> None:
    running(installation)
    client = staff()
    path = "/staff/c/winter/steps/new"
    assert client.post_form(path, STEP | {"key": "Five Days"}).status_code == 422
    assert client.post_form(path, STEP | {"key": "three_days"}).status_code == 422
    own = STEP | {"key": "five_days", "before": "5", "subject": "Hello"}
    assert client.post_form(path, own).status_code == 303
    assert "Remove the step" in client.get("/staff/c/winter/steps/five_days").text
    for _ in range(2):
        assert client.post_form("/staff/c/winter/steps/five_days/remove").status_code == 303
    assert client.post_form("/staff/c/winter/steps/opening/remove").status_code == 303
    assert set(steps(installation)) >= {"opening", "wrap_up"}
    assert "five_days" not in steps(installation)
    assert client.get("/staff/c/winter/steps/five_days").status_code == 404
    assert [one.action for one in audited(installation)][-2:] == ["step.added", "step.removed"]


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


def test_past_the_goal_the_page_asks_for_the_stretch_goal(
    installation: Installation, staff: StaffMaker
) -> None:
    campaign = running(installation, goal="100", stretch_goal=20_000)
    client = staff(StaffRole.viewer)
    assert "The goal of $100 is met" not in client.get("/c/winter").text
    with installation.sessions.begin() as session:
        book(session, campaign, 12_500)
    page = lambda: client.get("/c/winter").text  # noqa: E731 - read anew each time
    wait_until(lambda: "125%. Every further gift goes toward $200." in page())
    assert "The goal of $100 is met" in page()
    assert 'class="goal" x="50.0%"' in page()
    with installation.sessions.begin() as session:
        book(session, campaign, 12_500)
    wait_until(lambda: "The stretch goal of $200 is met too." in page())


def fill(installation: Installation) -> Campaign:
    campaign = running(installation)
    with installation.sessions.begin() as session:
        add_matching_gift(session, campaign, Promise("A foundation", "1000"), ADMIN, now())
        book(session, campaign, 10_000, comment="Your work  matters", code="article-7")
        book(session, campaign, 2_500, comment="Secret", anonymous=True, frequency="monthly")
        book(session, campaign, 2_500, timedelta(days=3), code="mail-nine-days")
        back = book(session, campaign, 5_000)
        move(session, back, "refund", -5_000)
        later = (campaign.deadline + timedelta(days=1)).isoformat()
        extend(session, campaign, later, "a storm closed our office", "ada", now(), ADMIN)
    return campaign


def test_the_report_says_what_came_of_it_as_page_and_on_paper(
    installation: Installation, staff: StaffMaker
) -> None:
    fill(installation)
    client = staff(StaffRole.viewer)
    page = client.get("/staff/c/winter/report").text
    said = [
        "$150",
        "0.3% of $50,000",
        "$50 on average",
        "3 new, 0 returning",
        "article-7",
        "Your work matters",
        "Refunds",
        "-$50",
        "because a storm closed our office.",
        "These figures are provisional.",
        "Matched by sponsors",
        "Nine days",
    ]
    for words in said:
        assert words in page, words
    assert "Secret" not in page
    paper = client.get("/staff/c/winter/report.pdf")
    assert paper.mimetype == "application/pdf"
    read = PdfReader(io.BytesIO(paper.data))
    text = " ".join(" ".join(sheet.extract_text() for sheet in read.pages).split())
    for words in said:
        assert words.replace("-$", "−$") in text.replace("-$", "−$"), words
    assert "/MarkInfo" in read.trailer["/Root"]
    assert "Secret" not in text


def test_a_campaign_without_gifts_has_a_report_too(
    installation: Installation, staff: StaffMaker
) -> None:
    running(installation)
    client = staff(StaffRole.viewer)
    assert "$0" in client.get("/staff/c/winter/report").text
    assert client.get("/staff/c/winter/report.pdf").status_code == 200
