"""Milestones: recorded once, in the order in which money moved, and shown only while they hold."""

from datetime import timedelta

from sqlalchemy import select

from campaign.campaigns.donors_today import MIN_SHOWN, count_donors_today
from campaign.campaigns.milestones import read_milestones, record_milestones, targets
from campaign.core.clock import now
from campaign.models import Campaign, Milestone, MilestoneMark
from campaign.runtime.context import Installation
from tests.support.campaigns import add_booked_gift, add_campaign, add_entry, current_progress
from tests.support.figures import campaign_of


def marked(installation: Installation) -> int:
    with installation.sessions.begin() as session:
        return record_milestones(session, now())


def shown(installation: Installation, campaign: Campaign) -> list[str]:
    raised = current_progress(installation, campaign).raised
    with installation.sessions() as session:
        return [one.mark for one in read_milestones(session, campaign, raised)]


def test_each_is_recorded_once_with_the_entry_that_reached_it(installation: Installation) -> None:
    campaign = add_campaign(installation, goal="100", stretch_goal=15_000)
    assert marked(installation) == 0
    with installation.sessions.begin() as session:
        # Booked in a different order from the order in which they were given.
        last = add_booked_gift(session, campaign, 3_000, timedelta(days=1))
        first = add_booked_gift(session, campaign, 2_000, timedelta(days=5))
        second = add_booked_gift(session, campaign, 1_000, timedelta(days=5, minutes=-1))
    assert marked(installation) == 2
    assert marked(installation) == 0
    with installation.sessions() as session:
        quarter, half = session.scalars(select(Milestone).order_by(Milestone.target)).all()
    assert (quarter.target, quarter.raised, quarter.reached_at) == (2_500, 3_000, second.charged_at)
    assert (half.target, half.raised, half.reached_at) == (5_000, 6_000, last.charged_at)
    with installation.sessions.begin() as session:
        add_entry(session, first, "refund", -2_000)
    assert marked(installation) == 0
    assert shown(installation, campaign) == ["quarter"]
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 12_000, timedelta(hours=2))
    assert marked(installation) == 3
    assert shown(installation, campaign) == ["quarter", "half", "three_quarters", "goal", "stretch"]
    with installation.sessions() as session:
        kept = session.get_one(Milestone, (campaign.id, "half", 5_000))
    assert kept.reached_at == half.reached_at


def test_entries_in_a_repeated_hour_keep_their_order(installation: Installation) -> None:
    campaign = add_campaign(installation, goal="100", start="2025-11-01", deadline="2026-01-01")
    twice = campaign.starts_at.replace(day=2, hour=9, minute=30)
    with installation.sessions.begin() as session:
        for moment, amount in ((twice - timedelta(hours=1), 2_000), (twice, 2_000)):
            add_booked_gift(session, campaign, amount, now() - moment)
    assert marked(installation) == 1
    with installation.sessions() as session:
        (quarter,) = session.scalars(select(Milestone)).all()
    assert abs(quarter.reached_at - twice) < timedelta(seconds=5)


def test_donors_today_exclude_refunded_gifts(installation: Installation) -> None:
    campaign = add_campaign(installation)
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 1_000, timedelta(days=1, minutes=1))
        gifts = [add_booked_gift(session, campaign, 1_000, timedelta(0)) for _ in range(MIN_SHOWN)]
        gifts[0].donor_id = gifts[1].donor_id
    with installation.sessions() as session:
        few = count_donors_today(session, campaign, now())
    assert (few.readers, few.is_shown) == (MIN_SHOWN - 1, False)
    with installation.sessions.begin() as session:
        extra = [add_booked_gift(session, campaign, 1_000, timedelta(0)) for _ in range(2)]
        extra[0].state = "refunded"
    with installation.sessions() as session:
        today = count_donors_today(session, campaign, now())
    assert (today.readers, today.is_shown, today.more) == (MIN_SHOWN, True, False)


def test_each_target_is_a_share_of_the_goal_rounded_up() -> None:
    assert targets(campaign_of(goal=101)) == {
        MilestoneMark.quarter: 26,
        MilestoneMark.half: 51,
        MilestoneMark.three_quarters: 76,
        MilestoneMark.goal: 101,
    }
    stretched = targets(campaign_of(goal=1_000, stretch_goal=1_500))
    assert list(stretched.values()) == [250, 500, 750, 1_000, 1_500]
    assert list(stretched) == list(MilestoneMark)


def test_a_target_is_reached_when_the_sum_equals_it(installation: Installation) -> None:
    campaign = add_campaign(installation, goal="100")
    with installation.sessions.begin() as session:
        short = add_booked_gift(session, campaign, 2_499)
    assert marked(installation) == 0
    with installation.sessions.begin() as session:
        exact = add_booked_gift(session, campaign, 1, timedelta(hours=2))
    assert marked(installation) == 1
    with installation.sessions() as session:
        (quarter,) = session.scalars(select(Milestone)).all()
    assert (quarter.reached_at, quarter.raised) == (exact.charged_at, 2_500)
    assert short.charged_at != exact.charged_at
    with installation.sessions() as session:
        held = [len(read_milestones(session, campaign, one)) for one in (2_499, 2_500)]
    assert held == [0, 1]


def test_each_campaign_reaches_its_own_milestones_and_an_upcoming_one_none(
    installation: Installation,
) -> None:
    winter = add_campaign(installation, goal="100")
    summer = add_campaign(installation, goal="100", slug="summer")
    with installation.sessions.begin() as session:
        hour = (now() - timedelta(days=2)).replace(minute=0)
        add_booked_gift(session, winter, 2_000, at=hour)
        add_booked_gift(session, summer, 1_000, at=hour + timedelta(minutes=1))
        own = add_booked_gift(session, winter, 600, at=hour + timedelta(minutes=2))
    with installation.sessions.begin() as session:
        early = record_milestones(session, winter.starts_at - timedelta(microseconds=1))
    assert early == 0
    assert marked(installation) == 1
    with installation.sessions() as session:
        (quarter,) = session.scalars(select(Milestone)).all()
        assert read_milestones(session, summer, 10_000) == []
    assert (quarter.campaign_id, quarter.mark) == (winter.id, "quarter")
    assert (quarter.reached_at, quarter.raised) == (own.charged_at, 2_600)


def test_the_entry_that_reached_it_is_the_first_in_its_hour_refunds_included(
    installation: Installation,
) -> None:
    campaign = add_campaign(installation, goal="100")
    hour = (now() - timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    minute = timedelta(minutes=1)
    with installation.sessions.begin() as session:
        add_booked_gift(session, campaign, 1_000, at=hour - timedelta(microseconds=1))
        gift = add_booked_gift(session, campaign, 1_400, at=hour)
        add_entry(session, gift, "refund", -1_000, hour + minute)
        add_booked_gift(session, campaign, 900, at=hour + 2 * minute)
        reaches = add_booked_gift(session, campaign, 200, at=hour + 3 * minute)
        add_booked_gift(session, campaign, 300, at=hour + 4 * minute)
    assert marked(installation) == 1
    with installation.sessions() as session:
        (quarter,) = session.scalars(select(Milestone)).all()
    assert (quarter.reached_at, quarter.raised) == (reaches.charged_at, 2_500)
