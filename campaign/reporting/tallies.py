"""A campaign's tallies, which the ledger's trigger keeps, as lists: by hour and day, by size, by code, by frequency.

Amounts are minor units of the campaign's currency. For each kind they sum to what is raised.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.core import clock
from campaign.models import Campaign, GiftTally, TallyKind


@dataclass(frozen=True)
class Tally:
    """One key's sums: `amount` net and `gifts` of which anything is left; `received` and `payments` whatever became
    of them."""

    key: str
    amount: int = 0
    gifts: int = 0
    received: int = 0
    payments: int = 0

    def plus(self, other: "Tally") -> "Tally":
        """Both together, under this key."""
        return replace(
            self,
            amount=self.amount + other.amount,
            gifts=self.gifts + other.gifts,
            received=self.received + other.received,
            payments=self.payments + other.payments,
        )


def read_tallies(session: Session, campaign: Campaign, kind: TallyKind) -> list[Tally]:
    """Every key of that kind, in the order of the keys; the sixteen shards summed."""
    query = (
        select(
            GiftTally.key,
            func.sum(GiftTally.amount),
            func.sum(GiftTally.gifts),
            func.sum(GiftTally.received),
            func.sum(GiftTally.payments),
        )
        .where(GiftTally.campaign_id == campaign.id, GiftTally.kind == kind.value)
        .group_by(GiftTally.key)
        .order_by(GiftTally.key)
    )
    return [Tally(key, *map(int, sums)) for key, *sums in session.execute(query)]


def by_size(session: Session, campaign: Campaign) -> list[Tally]:
    """By the band of the gift's size, the smallest first."""
    return sorted(read_tallies(session, campaign, TallyKind.size), key=lambda one: int(one.key))


def by_code(session: Session, campaign: Campaign) -> list[Tally]:
    """By where the gifts came from, the largest sum first."""
    found = read_tallies(session, campaign, TallyKind.code)
    return sorted(found, key=lambda one: (-one.amount, one.key))


def by_day(hours: Iterable[Tally], first: date, last: date) -> list[Tally]:
    """Each day from `first` through `last`, those without a gift too; what lies outside stands on the nearest."""
    days = {day.isoformat(): Tally(day.isoformat()) for day in _days(first, last)}
    names = list(days)
    for hour in hours:
        name = min(max(hour.key[:10], names[0]), names[-1])
        days[name] = days[name].plus(hour)
    return list(days.values())


def _days(first: date, last: date) -> Iterable[date]:
    count = max(0, (last - first).days)
    return (first + timedelta(days=number) for number in range(count + 1))


def last_hours(hours: Iterable[Tally], zone: ZoneInfo, at: datetime, count: int) -> list[Tally]:
    """The `count` hours before `at` on the wall clock there, the present one last; an hour without a gift too."""
    known = {one.key: one for one in hours}
    names: dict[str, None] = {}
    for number in range(count - 1, -1, -1):
        local = (at - timedelta(hours=number)).astimezone(zone)
        names[f"{local:%Y-%m-%dT%H}"] = None
    return [known.get(name, Tally(name)) for name in names]


def campaign_days(campaign: Campaign, at: datetime) -> tuple[date, date]:
    """The first day of the campaign, and today or its last day, whichever is earlier."""
    first = campaign.starts_at.astimezone(campaign.zone).date()
    last = clock.last_day(campaign.deadline, campaign.zone)
    today = at.astimezone(campaign.zone).date()
    return first, max(first, min(today, last))


def running_total(days: Sequence[Tally]) -> list[int]:
    """What was raised at the end of each day."""
    total, totals = 0, []
    for day in days:
        total += day.amount
        totals.append(total)
    return totals
