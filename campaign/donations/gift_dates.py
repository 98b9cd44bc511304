"""The date of an offline gift, and whether it counts for its campaign. Pure functions, no queries.

A mailed check is given on the day of its postmark; cash, stock and a grant from a donor-advised fund on the day we
receive them: https://www.irs.gov/publications/p526 ("Time of making contribution").
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from campaign.core import clock
from campaign.models import Campaign, OfflineKind

_NOON = time(12)
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True)
class GiftPlacement:
    """Whether a gift counts. `charged_at` is the time it is booked at; `why_not` says why it does not count.

    `late`: its day is in the window, but the result is final.
    """

    charged_at: datetime
    counts: bool
    late: bool
    why_not: str


def gift_day(kind: OfflineKind, received_on: date, postmarked_on: date | None) -> date:
    """Return the day the gift was made."""
    if kind == OfflineKind.cheque and postmarked_on is not None:
        return postmarked_on
    return received_on


def latest_day(at: datetime, *zones: ZoneInfo) -> date:
    """Return the latest local date at `at` in any of `zones`; a later date of receipt is invalid."""
    return max(at.astimezone(zone).date() for zone in zones)


def place_offline_gift(campaign: Campaign, day: date, at: datetime) -> GiftPlacement:
    """Return where a gift of `day`, entered at `at`, counts.

    It belongs to `campaign` from the local day of its start to the local day of its last moment. It is booked at noon
    local time, but never outside the campaign's window and never later than now.
    """
    first = campaign.starts_at.astimezone(campaign.zone).date()
    last = clock.last_day(campaign.deadline, campaign.zone)
    moment = datetime.combine(day, _NOON, tzinfo=campaign.zone).astimezone(at.tzinfo)
    if not first <= day <= last:
        side = f"before {campaign.slug} began, on {first}" if day < first else ""
        side = side or f"after the last day of {campaign.slug}, {last}"
        return GiftPlacement(min(moment, at), counts=False, late=False, why_not=f"{day} is {side}")
    inside = min(max(moment, campaign.starts_at), campaign.deadline - _MOMENT)
    charged_at = max(min(inside, at), campaign.starts_at)
    if campaign.is_final(at):
        return GiftPlacement(
            charged_at, counts=False, late=True, why_not=f"the result of {campaign.slug} is final"
        )
    return GiftPlacement(charged_at, counts=True, late=False, why_not="")
