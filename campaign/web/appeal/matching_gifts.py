"""What sponsors add, as sentences for everybody: only while a window is open and funds remain."""

from dataclasses import dataclass

from campaign.campaigns import campaign_formatting, formatting
from campaign.campaigns.campaign_formatting import offer_values
from campaign.campaigns.progress import MatchingStatus, Progress
from campaign.models import Campaign
from campaign.web.language import page_language

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
                campaign, one, formatting.amount(one.remaining, campaign.currency, page_language())
            ),
            template=_sentence(campaign, one, REMAINING),
            pool=one.gift.pool,
            others=progress.matched - one.matched,
            ends_iso=one.until.astimezone(campaign.zone).isoformat(timespec="seconds"),
        )
        for one in progress.matching
        if one.is_open(progress.as_of)
    ]


def _offer(campaign: Campaign, matching: MatchingStatus) -> str:
    """While nobody is told what has come in: what remains of the pool would tell it."""
    told = page_language().gettext(
        "Until %(until)s, %(sponsor)s adds %(added)s for each %(given)s you give."
    )
    return told % offer_values(campaign, matching, page_language())


def _sentence(campaign: Campaign, matching: MatchingStatus, remaining: str) -> str:
    told = page_language().gettext(
        "Until %(until)s, %(sponsor)s adds %(added)s for each %(given)s you give;"
        " %(remaining)s of %(pool)s remain."
    )
    pool = formatting.amount(matching.gift.pool, campaign.currency, page_language())
    return told % {
        **offer_values(campaign, matching, page_language()),
        "remaining": remaining,
        "pool": pool,
    }


def offer_text(campaign: Campaign, matching: MatchingStatus) -> str:
    """`Until December 20, the Reyes family adds $1 for each $1`."""
    return campaign_formatting.offer_text(campaign, matching, page_language())
