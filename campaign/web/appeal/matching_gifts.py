"""Matching gifts as public sentences, shown only while the window is open and money is left in the pool."""

from dataclasses import dataclass

from campaign.campaigns import campaign_formatting, formatting
from campaign.campaigns.campaign_formatting import offer_values
from campaign.campaigns.progress import MatchingStatus, Progress
from campaign.models import Campaign
from campaign.web.language import page_language

REMAINING = "{remaining}"


@dataclass(frozen=True)
class SponsorView:
    """A matching gift. `sentence` is “Until December 20, X adds $1 for each $1 you give; $800 of $1,000 is left.”

    `template` is the same sentence with `{remaining}` for the rest of the pool, so that progress.js can update it.
    `pool` and `others` (what all other sponsors add) are minor units. While figures are hidden, use only `sentence`.
    """

    sentence: str
    template: str
    pool: int
    others: int
    ends_iso: str


def present_sponsors(progress: Progress) -> list[SponsorView]:
    """List the matching gifts that would match a gift made now, in the order in which they begin."""
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
    """Return the sentence without the rest of the pool, which would reveal the hidden amount raised."""
    sentence = page_language().gettext(
        "Until %(until)s, %(sponsor)s adds %(added)s for each %(given)s you give."
    )
    return sentence % offer_values(campaign, matching, page_language())


def _sentence(campaign: Campaign, matching: MatchingStatus, remaining: str) -> str:
    sentence = page_language().gettext(
        "Until %(until)s, %(sponsor)s adds %(added)s for each %(given)s you give;"
        " %(remaining)s of %(pool)s is left."
    )
    pool = formatting.amount(matching.gift.pool, campaign.currency, page_language())
    values = offer_values(campaign, matching, page_language())
    return sentence % {**values, "remaining": remaining, "pool": pool}


def offer_text(campaign: Campaign, matching: MatchingStatus) -> str:
    """Return `Until December 20, the Reyes family adds $1 for each $1`."""
    return campaign_formatting.offer_text(campaign, matching, page_language())
