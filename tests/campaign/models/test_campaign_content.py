"""What an appeal shows, as its tables keep it: the house's look, texts, milestones and the donor wall. Raw."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from campaign.models import Branding, Campaign, CampaignText, Milestone, WallEntry
from campaign.runtime.context import Installation
from tests.support.raw_sql import insert, rejections
from tests.support.stripe import Facts

Give = Callable[..., Facts]


def test_there_is_one_house(installation: Installation) -> None:
    with installation.engine.begin() as connection:
        connection.execute(delete(Branding))
    assert insert(installation, Branding) == 1
    with pytest.raises(IntegrityError, match="pk_branding"):
        insert(installation, Branding)
    with pytest.raises(IntegrityError, match="ck_branding_only_one"):
        insert(installation, Branding, id=2)


def test_a_logo_comes_whole_and_with_words_for_who_cannot_see_it(
    installation: Installation,
) -> None:
    with installation.engine.begin() as connection:
        connection.execute(delete(Branding))
    insert(installation, Branding)
    logo = "logo = 'x', logo_type = 'image/png', logo_digest = 'abc'"
    rules = {
        logo: "ck_branding_logo_alt",
        f"{logo}, logo_alt = 'A harbor'": "",
        "logo = 'x', logo_alt = 'A harbor'": "ck_branding_logo",
        "logo_digest = 'abc'": "ck_branding_logo",
        "accent_dark = '#000000'": "ck_branding_accents",
        "accent_light = '#00000', accent_dark = '#000000'": "ck_branding_colors",
        "accent_light = '#0a0b0c', accent_dark = '#ffffff'": "",
    }
    assert rejections(installation, "branding", rules) == rules


def test_a_language_has_one_text_and_a_milestone_is_reached_once_for_one_target(
    installation: Installation, campaign: Campaign
) -> None:
    insert(installation, CampaignText, campaign_id=campaign.id, locale="es")
    with pytest.raises(IntegrityError, match="pk_campaign_text"):
        insert(installation, CampaignText, campaign_id=campaign.id, locale="es")

    def reach(mark: str, target: int) -> None:
        moment = campaign.starts_at
        insert(
            installation, Milestone, campaign_id=campaign.id, mark=mark, target=target,
            reached_at=moment, raised=target,
        )  # fmt: skip

    reach("goal", 5_000_000)
    reach("goal", 6_000_000)
    with pytest.raises(IntegrityError, match="pk_milestone"):
        reach("goal", 5_000_000)
    with pytest.raises(IntegrityError, match="ck_milestone_mark"):
        reach("third", 5_000_000)


def test_a_wall_entry_has_a_name_and_words_that_wait_to_be_read(
    installation: Installation, give: Give
) -> None:
    donation = give().donation
    entry: dict[str, Any] = {"donation_id": donation.id, "campaign_id": donation.campaign_id}
    entry |= {"first_name": "Ana", "wording": "Show me", "consent_at": donation.created_at}
    insert(installation, WallEntry, **entry)
    rules = {
        "first_name = ''": "ck_wall_entry_first_name",
        "place = ''": "",
        "comment = 'Hello'": "ck_wall_entry_comment",
        "comment = 'Hello', comment_state = 'waiting'": "",
        "comment_state = 'approved'": "ck_wall_entry_comment",
        "comment = 'Hello', comment_state = 'read'": "ck_wall_entry_comment_state",
    }
    assert rejections(installation, "wall_entry", rules) == rules
    with pytest.raises(IntegrityError, match="pk_wall_entry"):
        insert(installation, WallEntry, **entry)
