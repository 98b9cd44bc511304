"""A campaign's end and its moves as sentences, in the language that is handed in."""

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


def test_an_end_at_midnight_is_that_of_the_day_before() -> None:
    told = ending_with_year(campaign(), ENGLISH)
    assert told == "midnight at the end of December 31, 2026, Pacific time"
    assert "31 de diciembre de 2026" in ending_with_year(campaign(), SPANISH)


def test_any_other_end_is_told_with_its_hour() -> None:
    ends = campaign()
    ends.deadline = datetime(2027, 1, 1, 1, 30, tzinfo=UTC)
    assert ending_with_year(ends, ENGLISH) == "5:30 PM on December 31, 2026, Pacific time"


def test_a_move_is_told_by_days_or_within_a_day_by_hours() -> None:
    later = moved(datetime(2027, 1, 6, 8, tzinfo=UTC))
    hours = moved(datetime(2027, 1, 1, 2, tzinfo=UTC))
    assert extension_sentences(campaign(), [later, hours], ENGLISH) == [
        "Extended on December 28 from December 31 to January 5, because a storm came.",
        "Closed early at 6:00 PM on December 31 instead of 12:00 AM on January 1, because a storm came.",
    ]
    assert extension_sentences(campaign(), [later], SPANISH)[0].startswith("Prorrogada el 28 de")
