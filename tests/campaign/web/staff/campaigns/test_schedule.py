"""The email schedule page: when each step is due, its recipients, and its text."""

from sqlalchemy import select

from campaign.models import CampaignStep, StaffRole
from campaign.runtime.context import Installation
from tests.support.campaigns import add_campaign, audited
from tests.support.staff import StaffMaker
from tests.support.subscribers import subscribe


def steps(installation: Installation) -> dict[str, CampaignStep]:
    with installation.sessions() as session:
        return {one.key: one for one in session.scalars(select(CampaignStep))}


def test_steps_show_when_they_are_due_and_their_recipients(
    installation: Installation, staff: StaffMaker
) -> None:
    add_campaign(installation)
    with installation.sessions.begin() as session:
        # In one of these time zones it is night, whenever this runs.
        for zone in ("Asia/Dhaka", "America/Costa_Rica"):
            emails = (f"{zone[:4]}{number}@example.com" for number in range(18))
            subscribe(session, *emails, timezone=zone)
    page = staff(StaffRole.viewer).get("/staff/c/winter/schedule").text
    # The opening's, which is due, and those of six upcoming steps.
    assert page.count(">36<") == 7
    assert "2 days left" in page, "three days before the end of the last day"
    assert "Add a step" not in page


STEP = {"do": "save", "before": "4", "unit": "days", "enabled": "y", "locale": "en"}


def test_a_steps_text_is_changed_after_a_preview(
    installation: Installation, staff: StaffMaker
) -> None:
    add_campaign(installation)
    client = staff()
    path = "/staff/c/winter/schedule/three_days"
    assert "Default: " in client.get(path).text
    typed = STEP | {"subject": "From our desk: {left}", "opening": "I edit <b>these</b> pages."}
    seen = client.post_form(path, typed | {"do": "preview"})
    assert "From our desk: $50,000" in seen.text
    assert "I edit &lt;b&gt;these&lt;/b&gt; pages." in seen.text
    preview = client.post_form(f"{path}/preview", typed)
    assert preview.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "I edit &lt;b&gt;these&lt;/b&gt; pages." in preview.text
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
    assert client.post_form("/staff/c/winter/schedule/wrap_up", off).status_code == 303
    assert not steps(installation)["wrap_up"].enabled


def test_a_custom_step_is_added_and_removed(installation: Installation, staff: StaffMaker) -> None:
    add_campaign(installation)
    client = staff()
    path = "/staff/c/winter/schedule/new"
    assert client.post_form(path, STEP | {"key": "Five Days"}).status_code == 422
    assert client.post_form(path, STEP | {"key": "three_days"}).status_code == 422
    own = STEP | {"key": "five_days", "before": "5", "subject": "Hello"}
    assert client.post_form(path, own).status_code == 303
    assert "Remove step" in client.get("/staff/c/winter/schedule/five_days").text
    for _ in range(2):
        assert client.post_form("/staff/c/winter/schedule/five_days/remove").status_code == 303
    assert client.post_form("/staff/c/winter/schedule/opening/remove").status_code == 303
    assert set(steps(installation)) >= {"opening", "wrap_up"}
    assert "five_days" not in steps(installation)
    assert client.get("/staff/c/winter/schedule/five_days").status_code == 404
    assert [one.action for one in audited(installation)][-2:] == ["step.added", "step.removed"]


def test_errors_of_a_step_are_next_to_their_field(
    installation: Installation, staff: StaffMaker
) -> None:
    add_campaign(installation)
    client, path = staff(), "/staff/c/winter/schedule/three_days"
    for wrong, field in (
        ({"before": "0"}, "before"),
        ({"before": "-1"}, "before"),
        ({"before": "1.5"}, "before"),
        ({"before": "²"}, "before"),
        ({"before": "1000000"}, "before"),
        ({"before": ""}, "before"),
        ({"expires": "0"}, "expires"),
        ({"expires": "x"}, "expires"),
        ({"subject": "x" * 151}, "subject"),
    ):
        for where in (path, f"{path}/preview"):
            answer = client.post_form(where, STEP | wrong)
            assert answer.status_code == 422, wrong
            assert f'id="{field}-error"' in answer.text, (wrong, where)
    assert "step.changed" not in [one.action for one in audited(installation)]


def test_a_step_in_hours_is_shown_and_saved_in_hours(
    installation: Installation, staff: StaffMaker
) -> None:
    add_campaign(installation)
    client, path = staff(), "/staff/c/winter/schedule/three_days"
    hours = STEP | {"before": "36", "unit": "hours", "expires": " 12 "}
    assert client.post_form(path, hours).status_code == 303
    kept = steps(installation)["three_days"]
    assert (kept.basis, kept.offset, kept.expires_after) == ("hours_before", 36, 12)
    page = client.get(path).text
    for value in ('value="36"', '<option selected value="hours">', 'value="12"'):
        assert value in page
    assert client.post_form(path, STEP | {"expires": ""}).status_code == 303
    assert steps(installation)["three_days"].expires_after is None


def test_text_in_one_language_leaves_the_others_alone(
    installation: Installation, staff: StaffMaker
) -> None:
    add_campaign(installation)
    client, path = staff(), "/staff/c/winter/schedule/three_days"
    client.post_form(path, STEP | {"subject": "Hello"})
    client.post_form(path, STEP | {"locale": "es", "subject": "Hola"})
    texts = steps(installation)["three_days"].texts
    assert (texts["en"]["subject"], texts["es"]["subject"]) == ("Hello", "Hola")
    assert 'value="Hola"' in client.get(f"{path}?locale=es").text
    assert 'value="Hello"' in client.get(f"{path}?locale=xx").text
