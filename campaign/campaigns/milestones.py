"""Record when a quarter, half, three quarters and all of the goal, and the stretch goal, were reached. A job runs this.

Entries count in the order in which money moved, refunds included. The hourly tallies give the hour, and only that
hour's entries are read, so that a million gifts cost no more than one hour of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.models import (
    Campaign,
    GiftTally,
    LedgerEntry,
    Milestone,
    MilestoneMark,
    ProgressShard,
    TallyKind,
)

SHARES = {
    MilestoneMark.quarter: 25,
    MilestoneMark.half: 50,
    MilestoneMark.three_quarters: 75,
    MilestoneMark.goal: 100,
}
"""Percent of the goal."""


@dataclass(frozen=True)
class _Crossing:
    at: datetime
    raised: int


def targets(campaign: Campaign) -> dict[MilestoneMark, int]:
    """Return the amount that each milestone requires, in minor units, rounded up."""
    found = {mark: -(-campaign.goal * share // 100) for mark, share in SHARES.items()}
    if campaign.stretch_goal:
        found[MilestoneMark.stretch] = campaign.stretch_goal
    return found


def record_milestones(session: Session, at: datetime) -> int:
    """Record newly reached milestones and return how many. Safe to run at any frequency, and concurrently."""
    total = func.coalesce(func.sum(ProgressShard.raised), 0)
    begun = session.execute(
        select(Campaign, total)
        .join(ProgressShard, ProgressShard.campaign_id == Campaign.id)
        .where(Campaign.starts_at <= at)
        .group_by(Campaign.id)
    )
    return sum(_mark(session, campaign, int(raised)) for campaign, raised in begun.all())


def _mark(session: Session, campaign: Campaign, raised: int) -> int:
    known = {
        (one.mark, one.target)
        for one in session.scalars(select(Milestone).where(Milestone.campaign_id == campaign.id))
    }
    reached = [
        (mark, target)
        for mark, target in targets(campaign).items()
        if target <= raised and (mark.value, target) not in known
    ]
    if not reached:
        return 0
    hours = _hours(session, campaign)
    for mark, target in reached:
        crossing = _crossing(session, campaign, hours, target)
        if crossing is not None:
            _save(session, campaign, mark, target, crossing)
    session.execute(select(func.pg_notify("progress", str(campaign.id))))
    return len(reached)


def _save(
    session: Session, campaign: Campaign, mark: MilestoneMark, target: int, crossing: _Crossing
) -> None:
    row = {
        "campaign_id": campaign.id,
        "mark": mark.value,
        "target": target,
        "reached_at": crossing.at,
        "raised": crossing.raised,
    }
    session.execute(insert(Milestone).values(row).on_conflict_do_nothing())


def _hours(session: Session, campaign: Campaign) -> list[tuple[str, int]]:
    """List each hour's net sum, in the campaign's local time, oldest first."""
    rows = session.execute(
        select(GiftTally.key, func.sum(GiftTally.amount))
        .where(GiftTally.campaign_id == campaign.id, GiftTally.kind == TallyKind.hour.value)
        .group_by(GiftTally.key)
        .order_by(GiftTally.key)
    )
    return [(key, int(amount)) for key, amount in rows]


def _crossing(
    session: Session, campaign: Campaign, hours: Sequence[tuple[str, int]], target: int
) -> _Crossing | None:
    """Return the first entry at which the running sum reached `target`, or None; hours are checked by their totals."""
    before = 0
    for key, amount in hours:
        if before + amount >= target:
            return _within(session, campaign, key, before, target)
        before += amount
    # A gift arrived while we were reading; the next run finds it.
    return None


def _within(
    session: Session, campaign: Campaign, key: str, before: int, target: int
) -> _Crossing | None:
    wall = datetime.fromisoformat(key)
    # The hour that occurs twice in autumn has one key and lasts two hours.
    first, last = (wall.replace(tzinfo=campaign.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    until = max(first, last) + timedelta(hours=1)
    running = func.sum(LedgerEntry.amount).over(
        order_by=[LedgerEntry.occurred_at, LedgerEntry.id], rows=(None, 0)
    )
    steps = (
        select(
            LedgerEntry.occurred_at.label("at"), LedgerEntry.id, (running + before).label("raised")
        )
        .where(
            LedgerEntry.campaign_id == campaign.id,
            LedgerEntry.occurred_at >= min(first, last),
            LedgerEntry.occurred_at < until,
            LedgerEntry.amount != 0,
        )
        .subquery()
    )
    found = session.execute(
        select(steps.c.at, steps.c.raised)
        .where(steps.c.raised >= target)
        .order_by(steps.c.at, steps.c.id)
        .limit(1)
    ).first()
    return _Crossing(found.at, int(found.raised)) if found else None


def read_milestones(session: Session, campaign: Campaign, raised: int) -> Sequence[Milestone]:
    """List the milestones that still hold at `raised`, first to last; after refunds, some may no longer hold."""
    return session.scalars(
        select(Milestone)
        .where(Milestone.campaign_id == campaign.id, Milestone.target <= raised)
        .order_by(Milestone.target, Milestone.mark)
    ).all()
