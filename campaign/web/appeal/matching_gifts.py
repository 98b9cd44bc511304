"""What sponsors add, as sentences for everybody: only while a window is open and funds remain."""

from dataclasses import dataclass
from datetime import datetime

from campaign.campaigns import formatting
from campaign.campaigns.progress import Matching, Progress
from campaign.core import clock
from campaign.models import Campaign
from campaign.web.appeal.deadline_changes import day_text, hour_text
from campaign.web.language import said

_HUNDRED = 100
REMAINING = "{remaining}"


@dataclass(frozen=True)
class SponsorView:
    """`sentence` is “Until December 20, X adds $1 for each $1 you give; $800 of $1,000 remain.”

    Once more as `template`, with `{remaining}` for what remains of the pool, so that progress.js can keep it current.
    `pool` and `others` (what all other sponsors add) are minor units. While figures are hidden only `sentence` counts.
    """

    sentence: str
    template: str
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
            sentence=_offer(campaign, one)
            if progress.hidden
            else _sentence(
                campaign, one, formatting.amount(one.remaining, campaign.currency, said())
            ),
            template=_sentence(campaign, one, REMAINING),
            pool=one.gift.pool,
            others=progress.matched - one.matched,
            ends_iso=one.until.astimezone(campaign.zone).isoformat(timespec="seconds"),
        )
        for one in progress.matching
        if one.is_open(progress.as_of)
    ]


def _offer(campaign: Campaign, matching: Matching) -> str:
    """While nobody is told what has come in: what remains of the pool would tell it."""
    told = said().gettext(
        "Until %(until)s, %(sponsor)s adds %(added)s for each %(given)s you give."
    )
    return told % _values(campaign, matching)


def _sentence(campaign: Campaign, matching: Matching, remaining: str) -> str:
    told = said().gettext(
        "Until %(until)s, %(sponsor)s adds %(added)s for each %(given)s you give;"
        " %(remaining)s of %(pool)s remain."
    )
    pool = formatting.amount(matching.gift.pool, campaign.currency, said())
    return told % {**_values(campaign, matching), "remaining": remaining, "pool": pool}


def offer_text(campaign: Campaign, matching: Matching) -> str:
    """`Until December 20, the Reyes family adds $1 for each $1`."""
    told = said().gettext("Until %(until)s, %(sponsor)s adds %(added)s for each %(given)s")
    return told % _values(campaign, matching)


def _values(campaign: Campaign, matching: Matching) -> dict[str, str]:
    gift, currency = matching.gift, campaign.currency
    return {
        "until": _last(min(matching.until, campaign.deadline), campaign),
        "sponsor": gift.sponsor,
        "added": formatting.amount(gift.ratio_percent, currency, said()),
        "given": formatting.amount(_HUNDRED, currency, said()),
    }


def _last(until: datetime, campaign: Campaign) -> str:
    """The last day where the window ends with it, else the moment."""
    day = clock.last_day(until, campaign.zone)
    if clock.end_of_day(day, campaign.zone) == until:
        return day_text(day)
    return hour_text(until, campaign.zone)
