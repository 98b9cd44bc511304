"""The appearance page: all changes are saved together or not at all, and logged once."""

import pytest

from campaign.campaigns.campaigns import find_campaign
from campaign.models import Campaign
from campaign.runtime.context import Installation
from tests.support.campaigns import add_campaign, audited
from tests.support.staff import StaffClient, StaffMaker

PATH = "/staff/c/winter/appearance"
TYPED = {
    "accent_light": "#7A1F3D",
    "accent_dark": "#f2a3bd",
    "organization_line": "  The Valley  Desk ",
    "locale": "es",
    "thanks": "**Thank you.**",
    "wall_shown": "y",
    "figures_hidden": "y",
    "figures_from_percent": "50 %",
}


@pytest.fixture
def admin(installation: Installation, staff: StaffMaker) -> StaffClient:
    add_campaign(installation)
    return staff()


def stored(installation: Installation) -> Campaign:
    with installation.sessions() as session:
        return find_campaign(session, "winter")


def edits(installation: Installation) -> int:
    return [one.action for one in audited(installation)].count("campaign.edited")


def test_changes_are_saved_once_and_shown_in_the_form(
    admin: StaffClient, installation: Installation
) -> None:
    for _ in range(2):
        answer = admin.post_form(PATH, TYPED)
        assert (answer.status_code, answer.location) == (303, "/staff/c/winter")
    kept = stored(installation)
    assert (kept.accent_light, kept.accent_dark) == ("#7a1f3d", "#f2a3bd")
    assert (kept.locale, kept.wall_shown) == ("es", True)
    assert (kept.figures_hidden, kept.figures_from_percent) == (True, 50)
    assert edits(installation) == 1
    page = admin.get("/staff/c/winter").text
    for shown in ("accent color (light)", "donor wall", "Nothing changed."):
        assert shown in page
    form = admin.get(PATH).text
    for value in ('value="#7a1f3d"', 'value="50"', "**Thank you.**"):
        assert value in form
    assert '<option selected value="es">' in form


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"accent_light": "red"}, "accent_light"),
        ({"accent_light": "#ffff00"}, "accent_light"),
        ({"accent_dark": ""}, "accent_dark"),
        ({"organization_line": "x" * 121}, "organization_line"),
        ({"locale": "xx"}, "locale"),
        ({"thanks": "x" * 20_001}, "thanks"),
        ({"figures_from_percent": "0"}, "figures_from_percent"),
        ({"figures_from_percent": "101"}, "figures_from_percent"),
        ({"figures_from_percent": "half"}, "figures_from_percent"),
    ],
)
def test_one_error_saves_nothing_and_the_input_stays(
    admin: StaffClient, installation: Installation, wrong: dict[str, str], field: str
) -> None:
    answer = admin.post_form(PATH, TYPED | wrong)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert "**Thank you.**" in answer.text or "thanks" in wrong
    assert stored(installation).accent_light is None
    assert edits(installation) == 0


def test_visible_progress_has_no_threshold_and_an_empty_form_resets_all(
    admin: StaffClient, installation: Installation
) -> None:
    admin.post_form(PATH, TYPED)
    admin.post_form(PATH, {"locale": "en", "figures_from_percent": "nonsense"})
    kept = stored(installation)
    assert (kept.accent_light, kept.wall_shown, kept.thanks) == (None, False, "")
    assert (kept.figures_hidden, kept.figures_from_percent) == (False, None)
    assert admin.get("/staff/c/unknown/appearance").status_code == 404
