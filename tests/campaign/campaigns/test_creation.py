"""A new campaign from a form: parsed field by field, and created once however often the form is sent."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from campaign.campaigns.creation import DOUBLE_CLICK, CampaignDraft, create
from campaign.campaigns.edit import CampaignFields, fields_of
from campaign.core.clock import now
from campaign.core.errors import FieldsInvalid
from campaign.models import Campaign
from campaign.runtime.context import Installation
from tests.support.campaigns import ADMIN, audited


def wanted(**changes: Any) -> CampaignDraft:
    fields: dict[str, Any] = {
        "slug": "spring",
        "title": "Spring",
        "goal": "10,000",
        "deadline": "2099-03-31",
        "timezone": "America/Los_Angeles",
    }
    return CampaignDraft(**{**fields, **changes})


def begin(installation: Installation, asked: CampaignDraft, at: datetime | None = None) -> Campaign:
    with installation.sessions.begin() as session:
        return create(session, asked, ADMIN, at or now())


def faults(installation: Installation, **changes: Any) -> dict[str, str]:
    with pytest.raises(FieldsInvalid) as refused:
        begin(installation, wanted(**changes))
    return refused.value.faults


def test_a_new_campaign_has_the_typed_values_and_default_steps(installation: Installation) -> None:
    made = begin(
        installation,
        wanted(
            starts="2099-03-01",
            stretch_goal="12,000",
            designation="",
            suggested="5 10",
            smallest="1",
        ),
    )
    assert (made.goal, made.stretch_goal, made.designation) == (1_000_000, 1_200_000, "General")
    assert fields_of(made) == CampaignFields(
        "Spring", "", "5 10", "1", "10000", "12000", "General", "2099-03-01 00:00", False
    )
    assert [one.action for one in audited(installation)] == ["campaign.created"]


def test_all_errors_are_reported_at_once(installation: Installation) -> None:
    with pytest.raises(FieldsInvalid) as refused:
        begin(
            installation,
            wanted(slug="Spring!", title="", goal="-1", timezone="Mars/Base", smallest="0.01"),
        )
    assert set(refused.value.faults) == {"slug", "title", "goal", "timezone", "smallest"}
    with pytest.raises(FieldsInvalid) as refused:
        begin(installation, wanted(starts="2099-04-01", stretch_goal="9", designation="x" * 81))
    assert set(refused.value.faults) == {"deadline", "stretch_goal", "designation"}


def test_a_slug_in_use_is_rejected(installation: Installation) -> None:
    made = begin(installation, wanted())
    assert begin(installation, wanted()).id == made.id
    with pytest.raises(FieldsInvalid) as refused:
        begin(installation, wanted(title="Another"))
    assert "already" in refused.value.faults["slug"]


def test_the_same_form_within_a_minute_is_the_same_campaign(
    installation: Installation,
) -> None:
    made = begin(installation, wanted())
    over = made.created_at + DOUBLE_CLICK
    assert begin(installation, wanted(), over - timedelta(microseconds=1)).id == made.id
    with pytest.raises(FieldsInvalid, match="already"):
        begin(installation, wanted(), over)
    assert len(audited(installation)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"title": "Spring again"},
        {"goal": "10,000.01"},
        {"deadline": "2099-04-01"},
        {"timezone": "America/New_York"},
    ],
)
def test_a_different_form_is_not_the_same_campaign(
    installation: Installation, changes: dict[str, str]
) -> None:
    begin(installation, wanted())
    assert set(faults(installation, **changes)) == {"slug"}


def test_a_slug_has_at_most_eighty_characters_and_single_hyphens(
    installation: Installation,
) -> None:
    assert begin(installation, wanted(slug=f" {'x' * 80}\n")).slug == "x" * 80
    for slug in ("x" * 81, "a--b", "-a", "a-", "é", "a b", ""):
        assert set(faults(installation, slug=slug)) == {"slug"}, slug


def test_amounts_are_parsed_in_the_form_currency(installation: Installation) -> None:
    made = begin(installation, wanted(currency="JPY", goal="10,000", stretch_goal="10,001"))
    assert (made.currency, made.goal, made.stretch_goal) == ("jpy", 10_000, 10_001)
    assert set(faults(installation, slug="b", currency="jpy", goal="10.5")) == {"goal"}
    # Without a valid currency no amount can be parsed, so only the currency is reported.
    assert set(faults(installation, slug="b", currency="doubloon", goal="x")) == {"currency"}


def test_a_deadline_must_be_in_the_future_and_after_the_start(installation: Installation) -> None:
    over = faults(installation, starts="2001-01-01", deadline="2001-02-01")
    assert over == {"deadline": "The deadline must be in the future."}
    turned = faults(installation, starts="2099-04-02", deadline="2099-04-01")
    assert turned == {"deadline": "The deadline must be after the start."}
