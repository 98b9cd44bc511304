"""A campaign's deadline and its changes as sentences, in a given language."""

from datetime import UTC, datetime

from campaign.campaigns.campaign_formatting import ending_with_year, extension_sentences
from campaign.core.i18n import get_language
from campaign.emails.sample_facts import END, campaign
from campaign.models import Extension

ENGLISH, SPANISH = get_language("en"), get_language("es")


def moved(end: datetime) -> Extension:
    return Extension(
        previous_deadline=END,
        deadline=end,
        reason="a storm came",
        created_at=datetime(2026, 12, 28, 20, tzinfo=UTC),
    )


def test_a_deadline_at_midnight_is_shown_as_the_end_of_the_day_before() -> None:
    shown = ending_with_year(campaign(), ENGLISH)
    assert shown == "11:59 p.m. on December 31, 2026, Pacific time"
    assert "31 de diciembre de 2026" in ending_with_year(campaign(), SPANISH)


def test_any_other_deadline_is_shown_with_its_time() -> None:
    ends = campaign()
    ends.deadline = datetime(2027, 1, 1, 1, 30, tzinfo=UTC)
    assert ending_with_year(ends, ENGLISH) == "5:30 p.m. on December 31, 2026, Pacific time"


def test_a_deadline_change_shows_days_or_within_one_day_times() -> None:
    later = moved(datetime(2027, 1, 6, 8, tzinfo=UTC))
    hours = moved(datetime(2027, 1, 1, 2, tzinfo=UTC))
    assert extension_sentences(campaign(), [later, hours], ENGLISH) == [
        "Extended on December 28 from December 31 to January 5, because a storm came.",
        "Closed early at 6:00 p.m. on December 31 instead of 11:59 p.m. on December 31, because a storm came.",
    ]
    assert extension_sentences(campaign(), [later], SPANISH)[0].startswith("Extendida el 28 de")
