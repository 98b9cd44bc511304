"""Campaign appearance as staff edit it: what is saved, what is logged, and errors by field."""

from dataclasses import replace
from typing import Any

import pytest

from campaign.campaigns.appearance import appearance_of, edit_appearance
from campaign.core.errors import FieldsInvalid
from campaign.models import Campaign
from campaign.runtime.context import Installation
from tests.support.campaigns import ADMIN, audited


def edit(installation: Installation, campaign: Campaign, **typed: Any) -> list[str]:
    with installation.sessions.begin() as session:
        present = session.get_one(Campaign, campaign.id)
        return edit_appearance(session, present, replace(appearance_of(present), **typed), ADMIN)


def stored(installation: Installation, campaign: Campaign) -> Campaign:
    with installation.sessions() as session:
        return session.get_one(Campaign, campaign.id)


def test_changes_are_saved_and_logged_once(installation: Installation, campaign: Campaign) -> None:
    typed = {"organization_line": " The  Sister Paper ", "wall_shown": True, "locale": "es"}
    assert edit(installation, campaign, **typed) == ["organization_line", "locale", "wall_shown"]
    assert edit(installation, campaign, **typed) == []
    found = stored(installation, campaign)
    assert (found.organization_line, found.locale, found.wall_shown) == (
        "The Sister Paper",
        "es",
        True,
    )
    (entry,) = audited(installation)
    assert (entry.action, entry.subject_key) == ("campaign.edited", "nine-days")
    assert entry.before == {"organization_line": "", "locale": "en", "wall_shown": False}
    assert entry.after["organization_line"] == "The Sister Paper"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("1", 1), ("100", 100), (" 50 % ", 50), ("0050", 50), ("", None), ("%", None)],
)
def test_figures_are_hidden_until_a_percentage_of_the_goal(
    installation: Installation, campaign: Campaign, typed: str, kept: int | None
) -> None:
    edit(installation, campaign, figures_hidden=True, figures_from_percent=typed)
    found = stored(installation, campaign)
    assert (found.figures_hidden, found.figures_from_percent) == (True, kept)
    assert appearance_of(found).figures_from_percent == (str(kept) if kept else "")


@pytest.mark.parametrize(
    "typed",
    ["0", "101", "00101", "-1", "1.5", "٥", "half", "1" * 5000, "0" * 5000, "0" * 5000 + "101"],
)
def test_an_invalid_percentage_of_the_goal_is_rejected(
    installation: Installation, campaign: Campaign, typed: str
) -> None:
    with pytest.raises(FieldsInvalid) as refused:
        edit(installation, campaign, figures_hidden=True, figures_from_percent=typed)
    assert refused.value.faults == {
        "figures_from_percent": "Enter a percentage of the goal from 1 to 100, or leave this empty."
    }


def test_the_percentage_is_cleared_if_figures_are_not_hidden(
    installation: Installation, campaign: Campaign
) -> None:
    edit(installation, campaign, figures_hidden=True, figures_from_percent="50")
    edit(installation, campaign, figures_hidden=False, figures_from_percent="half")
    assert stored(installation, campaign).figures_from_percent is None


def test_texts_have_a_maximum_length(installation: Installation, campaign: Campaign) -> None:
    edit(installation, campaign, organization_line="x" * 120, thanks="x" * 20_000)
    with pytest.raises(FieldsInvalid) as refused:
        edit(installation, campaign, organization_line="x" * 121, thanks="x" * 20_001)
    assert set(refused.value.faults) == {"organization_line", "thanks"}
    assert refused.value.faults["thanks"] == "Enter at most 20,000 characters."


def test_all_errors_are_reported_at_once_and_nothing_is_saved(
    installation: Installation, campaign: Campaign
) -> None:
    with pytest.raises(FieldsInvalid) as refused:
        edit(
            installation,
            campaign,
            accent_light="#0b5a5c",
            accent_dark="#000000",
            locale="tlh",
            organization_line="a\x07",
            wall_shown=True,
        )
    assert set(refused.value.faults) == {"accent_dark", "locale", "organization_line"}
    found = stored(installation, campaign)
    assert (found.accent_light, found.wall_shown) == (None, False)
    assert audited(installation) == []
