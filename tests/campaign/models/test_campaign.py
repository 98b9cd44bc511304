"""The campaign's table, raw; and its state at a moment."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from campaign.models import Campaign, CampaignText
from campaign.runtime.context import Installation
from tests.support.raw_sql import execute, insert, refusals

BLINK = timedelta(microseconds=1)
STARTS = datetime(2026, 12, 22, 8, tzinfo=UTC)
ENDS = datetime(2027, 1, 1, 8, tzinfo=UTC)


def made(**changes: Any) -> Campaign:
    return Campaign(**{"starts_at": STARTS, "deadline": ENDS, "grace_days": 14, **changes})


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ("slug = 'Nine Days'", "ck_campaign_slug"),
        ("slug = repeat('a', 81)", "ck_campaign_slug"),
        ("deadline = starts_at", "ck_campaign_window"),
        ("goal = 0", "ck_campaign_goal"),
        ("currency = 'dollars'", "ck_campaign_currency"),
    ],
)
def test_a_campaign_that_cannot_be_is_refused(
    installation: Installation, campaign: Campaign, changes: str, rule: str
) -> None:
    with pytest.raises(IntegrityError, match=rule):
        execute(installation, f"UPDATE campaign SET {changes}")


def test_the_rules_of_a_campaign_meet_at_their_edges(
    installation: Installation, campaign: Campaign
) -> None:
    rules = {
        "slug = repeat('a', 80)": "",
        "slug = 'nine--days'": "ck_campaign_slug",
        "slug = 'nine-days-'": "ck_campaign_slug",
        "slug = ''": "ck_campaign_slug",
        "goal = 1": "",
        "deadline = starts_at + interval '1 microsecond'": "",
        "currency = 'USD'": "ck_campaign_currency",
        "smallest_amount = 0": "ck_campaign_smallest_amount",
        "smallest_amount = 1": "",
        "grace_days = -1": "ck_campaign_grace_days",
        "grace_days = 0": "",
        "stretch_goal = goal": "ck_campaign_stretch_goal",
        "stretch_goal = goal + 1": "",
        "finalized_at = now()": "ck_campaign_finalized",
        "final_raised = 0": "ck_campaign_finalized",
        "finalized_at = now(), final_raised = 0": "",
        "paused_at = now()": "ck_campaign_paused",
        "pause_reason = 'An attack'": "ck_campaign_paused",
        "accent_light = '#aabbcc'": "ck_campaign_accents",
        "accent_light = '#aabbcc', accent_dark = '#AABBCC'": "ck_campaign_colors",
        "accent_light = '#aabbcc', accent_dark = '#000000'": "",
        "figures_from_percent = 0": "ck_campaign_figures_from_percent",
        "figures_from_percent = 101": "ck_campaign_figures_from_percent",
        "figures_from_percent = 1": "",
        "figures_from_percent = 100": "",
    }
    assert refusals(installation, "campaign", rules) == rules


def test_a_campaign_is_open_from_its_start_to_the_last_microsecond() -> None:
    final = ENDS + timedelta(days=14)
    states = {
        STARTS - BLINK: "upcoming",
        STARTS: "open",
        ENDS - BLINK: "open",
        ENDS: "closed",
        final - BLINK: "closed",
        final: "final",
    }
    assert {moment: made().state(moment) for moment in states} == states
    for moment, state in states.items():
        assert made().is_open(moment) is made().counts(moment) is (state == "open")
        assert made().is_final(moment) is (state == "final")


def test_without_days_of_grace_it_is_final_as_soon_as_it_ends() -> None:
    assert made(grace_days=0).state(ENDS - BLINK) == "open"
    assert made(grace_days=0).state(ENDS) == "final"


def test_a_result_that_was_frozen_is_final_before_its_day() -> None:
    assert made(finalized_at=ENDS).is_final(ENDS)
    assert made(finalized_at=ENDS).state(ENDS) == "closed"


def test_a_query_finds_it_open_from_its_start_to_the_last_microsecond(
    installation: Installation, campaign: Campaign
) -> None:
    moments = [campaign.starts_at, campaign.deadline]
    with installation.sessions() as session:
        found = [
            session.scalar(select(Campaign.slug).where(Campaign.open_at(moment + step)))
            for moment in moments
            for step in (-BLINK, timedelta(0))
        ]
    assert found == [None, "nine-days", "nine-days", None]


def test_a_title_is_one_line_and_where_it_is_not_translated_in_the_first_language(
    installation: Installation, campaign: Campaign
) -> None:
    execute(installation, "UPDATE campaign SET title = E'Keep  it\\nfree'")
    insert(installation, CampaignText, campaign_id=campaign.id, locale="es", title="Que siga libre")
    insert(installation, CampaignText, campaign_id=campaign.id, locale="fr", appeal="Ce soir")
    insert(installation, CampaignText, campaign_id=campaign.id, locale="en", title="Left over")
    with installation.sessions() as session:
        found = session.get_one(Campaign, campaign.id)
    titles = {locale: found.title_in(locale) for locale in ("en", "es", "fr", "de")}
    assert titles == {
        "en": "Keep it free",
        "es": "Que siga libre",
        "fr": "Keep it free",
        "de": "Keep it free",
    }
    assert found.text_in("en") is None
