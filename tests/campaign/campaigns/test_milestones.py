"""Milestones: recorded once, in the order in which money moved, and shown only while they hold."""

from datetime import timedelta

from sqlalchemy import select

from campaign.campaigns.donors_today import MIN_SHOWN, count_donors_today
from campaign.campaigns.milestones import read_milestones, record_milestones
from campaign.core.clock import now
from campaign.models import Campaign, Milestone
from campaign.runtime.context import Installation
from tests.support.campaigns import book, move, running, standing


def marked(installation: Installation) -> int:
    with installation.sessions.begin() as session:
        return record_milestones(session, now())


def shown(installation: Installation, campaign: Campaign) -> list[str]:
    raised = standing(installation, campaign).raised
    with installation.sessions() as session:
        return [one.mark for one in read_milestones(session, campaign, raised)]


def test_each_is_recorded_once_with_the_entry_that_reached_it(installation: Installation) -> None:
    campaign = running(installation, goal="100", stretch_goal=15_000)
    assert marked(installation) == 0
    with installation.sessions.begin() as session:
        # Booked in a different order from the order in which they were given.
        last = book(session, campaign, 3_000, timedelta(days=1))
        first = book(session, campaign, 2_000, timedelta(days=5))
        second = book(session, campaign, 1_000, timedelta(days=5, minutes=-1))
    assert marked(installation) == 2
    assert marked(installation) == 0
    with installation.sessions() as session:
        quarter, half = session.scalars(select(Milestone).order_by(Milestone.target)).all()
    assert (quarter.target, quarter.raised, quarter.reached_at) == (2_500, 3_000, second.charged_at)
    assert (half.target, half.raised, half.reached_at) == (5_000, 6_000, last.charged_at)
    with installation.sessions.begin() as session:
        move(session, first, "refund", -2_000)
    assert marked(installation) == 0
    assert shown(installation, campaign) == ["quarter"]
    with installation.sessions.begin() as session:
        book(session, campaign, 12_000, timedelta(hours=2))
    assert marked(installation) == 3
    assert shown(installation, campaign) == ["quarter", "half", "three_quarters", "goal", "stretch"]
    with installation.sessions() as session:
        kept = session.get_one(Milestone, (campaign.id, "half", 5_000))
    assert kept.reached_at == half.reached_at


def test_entries_in_a_repeated_hour_keep_their_order(installation: Installation) -> None:
    campaign = running(installation, goal="100", start="2025-11-01", deadline="2026-01-01")
    twice = campaign.starts_at.replace(day=2, hour=9, minute=30)
    with installation.sessions.begin() as session:
        for moment, amount in ((twice - timedelta(hours=1), 2_000), (twice, 2_000)):
            book(session, campaign, amount, now() - moment)
    assert marked(installation) == 1
    with installation.sessions() as session:
        (quarter,) = session.scalars(select(Milestone)).all()
    assert abs(quarter.reached_at - twice) < timedelta(seconds=5)


def test_donors_today_exclude_refunded_gifts(installation: Installation) -> None:
    campaign = running(installation)
    with installation.sessions.begin() as session:
        book(session, campaign, 1_000, timedelta(days=1, minutes=1))
        gifts = [book(session, campaign, 1_000, timedelta(0)) for _ in range(MIN_SHOWN)]
        gifts[0].donor_id = gifts[1].donor_id
    with installation.sessions() as session:
        few = count_donors_today(session, campaign, now())
    assert (few.readers, few.is_shown) == (MIN_SHOWN - 1, False)
    with installation.sessions.begin() as session:
        extra = [book(session, campaign, 1_000, timedelta(0)) for _ in range(2)]
        extra[0].state = "refunded"
    with installation.sessions() as session:
        today = count_donors_today(session, campaign, now())
    assert (today.readers, today.is_shown, today.more) == (MIN_SHOWN, True, False)
