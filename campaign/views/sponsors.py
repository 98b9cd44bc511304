"""What sponsors add, as sentences for everybody: only while a window is open and funds remain."""

from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_date, format_datetime

from campaign import clock, money
from campaign.models import Campaign
from campaign.services.progress import Matching, Progress

_LOCALE = "en"
_HUNDRED = 100


@dataclass(frozen=True)
class SponsorView:
    """`offer` is “Until December 20, X adds $1 for each $1 you give”; what remains of the pool stands apart, so that
    progress.js can keep it current. `pool` and `others` (what all other sponsors add) are minor units."""

    offer: str
    remaining_text: str
    pool_text: str
    pool: int
    others: int
    ends_iso: str


def present_sponsors(progress: Progress) -> list[SponsorView]:
    """The promises that a gift made now would be matched by, the first to begin first."""
    campaign = progress.campaign
    if not campaign.is_open(progress.as_of):
        return []
    return [
        SponsorView(
            offer=f"{offer_text(campaign, one)} you give",
            remaining_text=money.format_money(one.remaining, campaign.currency),
            pool_text=money.format_money(one.gift.pool, campaign.currency),
            pool=one.gift.pool,
            others=progress.matched - one.matched,
            ends_iso=one.until.astimezone(campaign.zone).isoformat(timespec="seconds"),
        )
        for one in progress.matching
        if one.is_open(progress.as_of)
    ]


def offer_text(campaign: Campaign, matching: Matching) -> str:
    """`Until December 20, the Reyes family adds $1 for each $1`."""
    gift, currency = matching.gift, campaign.currency
    added = money.format_money(gift.ratio_percent, currency)
    given = money.format_money(_HUNDRED, currency)
    until = _last(min(matching.until, campaign.deadline), campaign)
    return f"Until {until}, {gift.sponsor} adds {added} for each {given}"


def _last(until: datetime, campaign: Campaign) -> str:
    """The last day where the window ends with it, else the moment."""
    day = clock.last_day(until, campaign.zone)
    if clock.end_of_day(day, campaign.zone) == until:
        return str(format_date(day, "MMMM d", locale=_LOCALE))
    local = until.astimezone(campaign.zone)
    return str(format_datetime(local, "h:mm a 'on' MMMM d", tzinfo=campaign.zone, locale=_LOCALE))
