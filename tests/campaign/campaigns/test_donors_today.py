"""How many readers gave today: on the campaign's own calendar day, in this campaign, and only while it is open."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from campaign.campaigns import donors_today
from campaign.campaigns.donors_today import NO_DONORS, DonorsToday, count_donors_today
from campaign.core import clock
from campaign.models import Campaign
from campaign.runtime.context import Installation
from tests.support.campaigns import add_booked_gift, add_campaign, add_entry

BLINK = timedelta(microseconds=1)
THERE = ZoneInfo("America/Los_Angeles")


def yesterday_noon() -> datetime:
    """Noon of yesterday in Los Angeles, when the campaign ran."""
    yesterday = clock.now().astimezone(THERE).date() - timedelta(days=1)
    return clock.at_hour(yesterday, 12, THERE)


def count(installation: Installation, campaign: Campaign, at: datetime) -> DonorsToday:
    with installation.sessions() as session:
        return count_donors_today(session, campaign, at)


def give(installation: Installation, campaign: Campaign, moments: Sequence[datetime]) -> None:
    with installation.sessions.begin() as session:
        for moment in moments:
            add_booked_gift(session, campaign, at=moment)


def test_the_day_begins_at_midnight_there_and_lasts_until_now(installation: Installation) -> None:
    campaign, other = add_campaign(installation), add_campaign(installation, slug="summer")
    noon = yesterday_noon()
    midnight = clock.start_of_day(noon.astimezone(THERE).date(), THERE)
    give(installation, campaign, [midnight - BLINK, midnight, noon, noon + BLINK])
    give(installation, other, [noon])
    assert count(installation, campaign, noon) == DonorsToday(2, more=False)
    assert count(installation, campaign, noon - BLINK) == DonorsToday(1, more=False)
    assert count(installation, campaign, midnight - BLINK) == DonorsToday(1, more=False)


def test_a_reader_counts_once_and_only_with_a_payment_that_remains(
    installation: Installation,
) -> None:
    campaign, noon = add_campaign(installation), yesterday_noon()
    with installation.sessions.begin() as session:
        first = add_booked_gift(session, campaign, at=noon)
        add_booked_gift(session, campaign, at=noon, donor_id=first.donor_id)
        add_booked_gift(session, campaign, at=noon, state="partially_refunded")
        for state in ("refunded", "disputed", "dispute_lost"):
            add_booked_gift(session, campaign, at=noon, state=state)
        before = add_booked_gift(session, campaign, at=noon - timedelta(days=2))
        add_entry(session, before, "refund", -100, noon)
    assert count(installation, campaign, noon) == DonorsToday(2, more=False)


def test_nobody_gave_today_before_the_start_or_after_the_end(installation: Installation) -> None:
    campaign = add_campaign(installation)
    give(installation, campaign, [campaign.starts_at, campaign.deadline - BLINK])
    moments = (campaign.starts_at - BLINK, campaign.deadline)
    assert [count(installation, campaign, one) for one in moments] == [NO_DONORS] * 2
    assert count(installation, campaign, campaign.starts_at).readers == 1
    assert count(installation, campaign, campaign.deadline - BLINK).readers == 1


def test_of_very_many_gifts_only_the_newest_are_counted(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(donors_today, "MAX_GIFTS", 3)
    campaign, noon = add_campaign(installation), yesterday_noon()
    give(installation, campaign, [noon, noon - BLINK])
    assert count(installation, campaign, noon) == DonorsToday(2, more=False)
    give(installation, campaign, [noon])
    assert count(installation, campaign, noon) == DonorsToday(3, more=True)
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, at=noon - timedelta(hours=1), state="refunded")
    assert count(installation, campaign, noon) == DonorsToday(3, more=True), (
        "the oldest is left out"
    )


def test_a_small_number_is_not_shown() -> None:
    assert [DonorsToday(one, more=False).is_shown for one in (0, 2, 3)] == [False, False, True]
