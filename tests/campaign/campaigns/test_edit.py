"""Editing campaigns: errors by field, two editors at once, and the audit log with old and new values."""

from dataclasses import replace
from typing import Any

import pytest

from campaign.campaigns.campaigns import find_campaign
from campaign.campaigns.edit import edit_campaign, fields_of, version
from campaign.campaigns.matching_gifts import MatchingGiftFields, add_matching_gift
from campaign.core.clock import now
from campaign.core.errors import ChangedMeanwhile, FieldsInvalid
from campaign.models import Campaign
from campaign.runtime.context import Installation
from tests.support.campaigns import ADMIN, add_booked_gift, add_campaign, audited

UPCOMING = {"start": "2098-12-01", "deadline": "2098-12-31"}


def edit(
    installation: Installation, campaign: Campaign, seen: str | None = None, **changes: Any
) -> list[str]:
    with installation.sessions.begin() as session:
        present = find_campaign(session, campaign.slug)
        typed = replace(fields_of(present), **changes)
        return edit_campaign(session, present, typed, seen or version(present), ADMIN, now())


def stored(installation: Installation, campaign: Campaign) -> Campaign:
    with installation.sessions() as session:
        return find_campaign(session, campaign.slug)


def test_edits_are_saved_and_logged_with_the_previous_values(installation: Installation) -> None:
    campaign = add_campaign(installation)
    changed = edit(
        installation,
        campaign,
        title="  Every story,   free ",
        appeal="## Why\r\n\r\nBecause.\r\n",
        suggested="50 $10 1,000",
        smallest="5",
        stretch_goal="60,000",
        designation="Investigations",
        ask_past_donors=True,
    )
    assert len(changed) == 7
    found = stored(installation, campaign)
    assert (found.title, found.appeal) == ("Every story, free", "## Why\n\nBecause.")
    assert (found.suggested_amounts, found.smallest_amount) == ([1_000, 5_000, 100_000], 500)
    assert (found.stretch_goal, found.designation, found.ask_past_donors) == (
        6_000_000,
        "Investigations",
        True,
    )
    (entry,) = audited(installation)
    assert (entry.action, entry.actor, entry.subject_key) == (
        "campaign.edited",
        ADMIN.name,
        "winter",
    )
    assert entry.before["title"] == "Keep every story free to read"
    assert entry.after["stretch_goal"] == 6_000_000


def test_an_unchanged_form_logs_nothing(installation: Installation) -> None:
    campaign = add_campaign(installation, appeal="It ends with a line.\n")
    assert edit(installation, campaign) == []
    assert audited(installation) == []


def test_each_error_is_reported_by_field(installation: Installation) -> None:
    campaign = add_campaign(installation)
    wrong: list[tuple[dict[str, str], set[str]]] = [
        ({"title": " ", "goal": "much"}, {"title", "goal"}),
        ({"title": "x" * 201}, {"title"}),
        ({"appeal": "x" * 200_001}, {"appeal"}),
        ({"smallest": "0.49"}, {"smallest"}),
        ({"suggested": "10,25"}, {"suggested"}),
        ({"suggested": "1 2 3 4 5 6 7 8 9"}, {"suggested"}),
        ({"suggested": ""}, {"suggested"}),
        ({"smallest": "20"}, {"suggested"}),
        ({"stretch_goal": "50000"}, {"stretch_goal"}),
        ({"designation": ""}, {"designation"}),
        ({"starts": "2098-01-01"}, {"starts"}),
    ]
    for changes, names in wrong:
        with pytest.raises(FieldsInvalid) as refused:
            edit(installation, campaign, **changes)
        assert set(refused.value.faults) == names, changes


def test_the_goal_cannot_change_after_the_first_gift(installation: Installation) -> None:
    campaign = add_campaign(installation)
    assert edit(installation, campaign, goal="40,000") == ["goal"]
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign)
    with pytest.raises(FieldsInvalid, match="stretch goal"):
        edit(installation, campaign, goal="30,000")


def test_a_public_stretch_goal_can_only_be_raised(installation: Installation) -> None:
    campaign = add_campaign(installation, goal="100")
    edit(installation, campaign, stretch_goal="300")
    assert edit(installation, campaign, stretch_goal="200") == ["stretch_goal"]
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 10_000)
    assert edit(installation, campaign, stretch_goal="250") == ["stretch_goal"]
    for less in ("150", ""):
        with pytest.raises(FieldsInvalid, match="only raise it"):
            edit(installation, campaign, stretch_goal=less)


def test_the_start_can_change_until_the_campaign_or_a_matching_gift_begins(
    installation: Installation,
) -> None:
    campaign = add_campaign(installation, **UPCOMING)
    assert edit(installation, campaign, starts="2098-12-02 09:00") == ["starts"]
    assert stored(installation, campaign).starts_at.isoformat() == "2098-12-02T17:00:00+00:00"
    with installation.sessions.begin() as session:
        add_matching_gift(
            session, campaign, MatchingGiftFields("The Reyes family", "1000"), ADMIN, now()
        )
    for start in ("2098-12-03", "2001-01-01", "2098-12-31 23:59:59-10:00", "soon"):
        with pytest.raises(FieldsInvalid):
            edit(installation, campaign, starts=start)


def test_the_second_of_two_editors_sees_what_the_first_changed(
    installation: Installation,
) -> None:
    campaign = add_campaign(installation)
    seen = version(campaign)
    edit(installation, campaign, seen, title="The first title", designation="News")
    with pytest.raises(ChangedMeanwhile) as refused:
        edit(installation, campaign, seen, title="The second title")
    assert refused.value.present == {"title": "The first title"}
    assert stored(installation, campaign).title == "The first title"
    # An edit of another field is no conflict, and the same edit changes nothing.
    assert edit(installation, campaign, seen, appeal="Another text") == ["appeal"]
    assert edit(installation, campaign, seen, title="The first title") == []
    assert edit(installation, campaign, None, title="The second title") == ["title"]


def test_a_form_without_a_version_overwrites_nothing(
    installation: Installation,
) -> None:
    campaign = add_campaign(installation)
    with pytest.raises(ChangedMeanwhile):
        edit(installation, campaign, "-", title="Mine")
