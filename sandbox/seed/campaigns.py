"""The campaigns to fill: the current one and earlier ones, each half a year apart. Used by `filling`."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.campaigns import NewCampaign, create_campaign, current_campaign
from campaign.campaigns.schedule import list_steps, windows
from campaign.models import Campaign
from campaign.offline.coupon_codes import coupon_code
from campaign.outreach.campaign_email_content import mail_code

SHARES = {1: (1.0,), 2: (0.6, 0.4), 3: (0.45, 0.25, 0.3)}
"""Shares of all gifts, newest campaign first. With more campaigns, each gets the same share."""
ARTICLES = ("harbor-vote", "cannery-docks", "nine-days", "ferry-fares", "school-roof", "tide-gauge")
HISTORY = timedelta(days=21)


@dataclass(frozen=True)
class SeededCampaign:
    """A campaign to fill with the share [low, high) of the gifts. `ordinal` 0 is the current campaign."""

    ordinal: int
    campaign: Campaign
    low: float
    high: float
    codes: list[str]
    coupons: list[str]


def campaigns_to_fill(
    session: Session, count: int, gifts: int, at: datetime, zone: str
) -> list[SeededCampaign]:
    """Return the current campaign and `count` - 1 earlier ones. Create the ones that do not exist."""
    made = [_current(session, gifts, at, zone)]
    made += [_past(session, ordinal, gifts, at, zone) for ordinal in range(1, count)]
    shares = SHARES.get(count) or (1 / count,) * count
    filled, low = [], 0.0
    for ordinal, campaign in enumerate(made):
        high = 1.0 if ordinal == count - 1 else low + shares[ordinal]
        filled.append(SeededCampaign(ordinal, campaign, low, high, *_codes(session, campaign, at)))
        low = high
    return filled


def _current(session: Session, gifts: int, at: datetime, zone: str) -> Campaign:
    """Return the open campaign, with an earlier start so that it has history, or a new one with nine days left."""
    found = current_campaign(session, at)
    if found is not None and found.is_open(at):
        found.starts_at = min(found.starts_at, at - HISTORY)
        found.goal = max(found.goal, _goal(gifts))
        session.flush()
        return found
    today = at.astimezone(ZoneInfo(zone)).date()
    days = (today - HISTORY, today + timedelta(days=9))
    return _create(session, f"harbor-{today.year}-{today.month}", days, _goal(gifts), zone)


def _past(session: Session, ordinal: int, gifts: int, at: datetime, zone: str) -> Campaign:
    """Return a past campaign: alternately the last completed spring and the last year-end, then the ones before."""
    today = at.astimezone(ZoneInfo(zone)).date()
    spring_over = today > date(today.year, 6, 15)
    turn = ordinal if spring_over else ordinal + 1
    year = today.year - turn // 2
    if turn % 2:
        slug, days = f"spring-{year}", (date(year, 4, 1), date(year, 4, 30))
    else:
        slug, days = f"year-end-{year}", (date(year, 12, 1), date(year, 12, 31))
    known = session.scalar(select(Campaign).where(Campaign.slug == slug))
    return known or _create(session, slug, days, _goal(gifts) // 2, zone)


def _create(session: Session, slug: str, days: tuple[date, date], goal: int, zone: str) -> Campaign:
    title = slug.replace("-", " ").capitalize() + ": keep every story free to read"
    began = datetime.combine(days[0], time(6), tzinfo=ZoneInfo(zone)).astimezone(UTC)
    plan = NewCampaign(
        slug=slug,
        title=title,
        goal=str(goal // 100),
        deadline=days[1].isoformat(),
        timezone=zone,
        start=began.isoformat(),
        appeal="Nothing here is behind a wall. That is possible because some readers give.",
    )
    return create_campaign(session, plan)


def _goal(gifts: int) -> int:
    """Return a goal in minor units, a multiple of $10,000, that this many gifts come close to."""
    return max(5_000_000, gifts * 2_600 // 1_000_000 * 1_000_000)


def _codes(session: Session, campaign: Campaign, at: datetime) -> tuple[list[str], list[str]]:
    """Return the codes of gifts (campaign emails due before `at`, articles, the embedded unit) and of coupons."""
    sent = [one.step for one in windows(campaign, list_steps(session, campaign.id)) if one.due < at]
    emails = [mail_code(step.key) for step in sent if step.basis != "after_end"]
    codes = [*ARTICLES[:2], *reversed(emails), "embed", *ARTICLES[2:]]
    return codes, [coupon_code(campaign, article) for article in ("", *ARTICLES[:3])]
