"""The campaigns that are filled: the present one, and those before it, each half a year earlier. For `filling`."""

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
"""Of all gifts, the newest campaign first; more campaigns share alike."""
ARTICLES = ("harbor-vote", "cannery-docks", "nine-days", "ferry-fares", "school-roof", "tide-gauge")
BEGAN_BEFORE = timedelta(days=21)


@dataclass(frozen=True)
class Filled:
    """A campaign to be filled, `place` 0 being the present one, with the share [low, high) of the gifts."""

    place: int
    campaign: Campaign
    low: float
    high: float
    codes: list[str]
    coupons: list[str]


def campaigns_to_fill(
    session: Session, count: int, gifts: int, at: datetime, zone: str
) -> list[Filled]:
    """The present campaign and `count` - 1 before it; made where they are not there yet."""
    made = [_present(session, gifts, at, zone)]
    made += [_earlier(session, place, gifts, at, zone) for place in range(1, count)]
    shares = SHARES.get(count) or (1 / count,) * count
    filled, low = [], 0.0
    for place, campaign in enumerate(made):
        high = 1.0 if place == count - 1 else low + shares[place]
        filled.append(Filled(place, campaign, low, high, *_codes(session, campaign, at)))
        low = high
    return filled


def _present(session: Session, gifts: int, at: datetime, zone: str) -> Campaign:
    """The open campaign, begun early enough to have a past; else a new one with nine days left."""
    found = current_campaign(session, at)
    if found is not None and found.is_open(at):
        found.starts_at = min(found.starts_at, at - BEGAN_BEFORE)
        found.goal = max(found.goal, _goal(gifts))
        session.flush()
        return found
    today = at.astimezone(ZoneInfo(zone)).date()
    days = (today - BEGAN_BEFORE, today + timedelta(days=9))
    return _created(session, f"harbor-{today.year}-{today.month}", days, _goal(gifts), zone)


def _earlier(session: Session, place: int, gifts: int, at: datetime, zone: str) -> Campaign:
    """By turns the last spring that is well over and the last end of a year, and so on back."""
    today = at.astimezone(ZoneInfo(zone)).date()
    spring_over = today > date(today.year, 6, 15)
    turn = place if spring_over else place + 1
    year = today.year - turn // 2
    if turn % 2:
        slug, days = f"spring-{year}", (date(year, 4, 1), date(year, 4, 30))
    else:
        slug, days = f"year-end-{year}", (date(year, 12, 1), date(year, 12, 31))
    known = session.scalar(select(Campaign).where(Campaign.slug == slug))
    return known or _created(session, slug, days, _goal(gifts) // 2, zone)


def _created(
    session: Session, slug: str, days: tuple[date, date], goal: int, zone: str
) -> Campaign:
    title = slug.replace("-", " ").capitalize() + ": keep every story free to read"
    began = datetime.combine(days[0], time(6), tzinfo=ZoneInfo(zone)).astimezone(UTC)
    wanted = NewCampaign(
        slug=slug,
        title=title,
        goal=str(goal // 100),
        deadline=days[1].isoformat(),
        timezone=zone,
        start=began.isoformat(),
        appeal="Nothing here is behind a wall. That is possible because some readers give.",
    )
    return create_campaign(session, wanted)


def _goal(gifts: int) -> int:
    """Minor units: what so many gifts can come near to, in whole ten thousands."""
    return max(5_000_000, gifts * 2_600 // 1_000_000 * 1_000_000)


def _codes(session: Session, campaign: Campaign, at: datetime) -> tuple[list[str], list[str]]:
    """Codes that gifts may bear: of the letters sent by `at`, of articles and the unit at their foot; and coupons'."""
    sent = [one.step for one in windows(campaign, list_steps(session, campaign.id)) if one.due < at]
    letters = [mail_code(step.key) for step in sent if step.basis != "after_end"]
    codes = [*ARTICLES[:2], *reversed(letters), "embed", *ARTICLES[2:]]
    return codes, [coupon_code(campaign, article) for article in ("", *ARTICLES[:3])]
