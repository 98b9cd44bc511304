"""Read a campaign's tallies by hour, day, size, code and frequency. A trigger on the ledger maintains them.

Amounts are minor units of the campaign's currency. The amounts of each kind add up to the total raised.
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
    """The sums of one key. `amount` is net and `gifts` counts those not fully refunded; `received` and `payments` are
    gross, including what was refunded later.
    """

    key: str
    amount: int = 0
    gifts: int = 0
    received: int = 0
    payments: int = 0

    def plus(self, other: "Tally") -> "Tally":
        """Return the sum of both, under this key."""
        return replace(
            self,
            amount=self.amount + other.amount,
            gifts=self.gifts + other.gifts,
            received=self.received + other.received,
            payments=self.payments + other.payments,
        )


def read_tallies(session: Session, campaign: Campaign, kind: TallyKind) -> list[Tally]:
    """Return every key of that kind in key order, summed over the sixteen shards."""
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
    """Return the tallies by size band, the smallest first."""
    return sorted(read_tallies(session, campaign, TallyKind.size), key=lambda one: int(one.key))


def by_code(session: Session, campaign: Campaign) -> list[Tally]:
    """Return the tallies by source code, the largest sum first."""
    found = read_tallies(session, campaign, TallyKind.code)
    return sorted(found, key=lambda one: (-one.amount, one.key))


def by_day(hours: Iterable[Tally], first: date, last: date) -> list[Tally]:
    """Return each day from `first` through `last`, including days without gifts. Hours outside the range are added to
    the nearest day.
    """
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
    """Return the last `count` hours in `zone`, including hours without gifts; the current hour is last."""
    known = {one.key: one for one in hours}
    names: dict[str, None] = {}
    for number in range(count - 1, -1, -1):
        local = (at - timedelta(hours=number)).astimezone(zone)
        names[f"{local:%Y-%m-%dT%H}"] = None
    return [known.get(name, Tally(name)) for name in names]


def campaign_days(campaign: Campaign, at: datetime) -> tuple[date, date]:
    """Return the campaign's first day, and the earlier of today and its last day."""
    first = campaign.starts_at.astimezone(campaign.zone).date()
    last = clock.last_day(campaign.deadline, campaign.zone)
    today = at.astimezone(campaign.zone).date()
    return first, max(first, min(today, last))


def running_total(days: Sequence[Tally]) -> list[int]:
    """Return the total raised at the end of each day."""
    total, totals = 0, []
    for day in days:
        total += day.amount
        totals.append(total)
    return totals
