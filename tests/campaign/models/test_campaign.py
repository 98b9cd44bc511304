"""A campaign's state at a moment, and its texts. `test_constraints.py` has the rules of its table."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from campaign.models import Campaign, CampaignText
from campaign.runtime.context import Installation
from tests.support.raw_sql import execute, insert

BLINK = timedelta(microseconds=1)
STARTS = datetime(2026, 12, 22, 8, tzinfo=UTC)
ENDS = datetime(2027, 1, 1, 8, tzinfo=UTC)


def made(**changes: Any) -> Campaign:
    return Campaign(**{"starts_at": STARTS, "deadline": ENDS, "grace_days": 14, **changes})


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
