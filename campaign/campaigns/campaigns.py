"""Create and find campaigns."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.audit.audit_log import Actor, Subject
from campaign.campaigns.branding import read_branding
from campaign.campaigns.schedule import add_default_steps
from campaign.core import clock, money
from campaign.core.errors import CampaignInvalid, NotFound
from campaign.models import Campaign
from campaign.models.campaign import SLUG_PATTERN

IMPORT_DAYS = 30
"""For how long the gifts of a past campaign can be imported."""


@dataclass(frozen=True)
class NewCampaign:
    """The values for `campaign create`, as people write them: amounts in major units, days as 2026-12-31."""

    slug: str
    title: str
    goal: str
    deadline: str
    timezone: str
    currency: str = "usd"
    start: str | None = None
    appeal: str = ""
    suggested: Sequence[str] = ()
    smallest: str | None = None
    ask_past_donors: bool = False
    stretch_goal: int | None = None
    designation: str = "General"
    past: bool = False


def create_campaign(session: Session, wanted: NewCampaign, actor: Actor | None = None) -> Campaign:
    """Create a campaign with the default email schedule. With an `actor`, record it in the audit log.

    A `past` one ran elsewhere: it has no emails, and its result becomes final `IMPORT_DAYS` from now, so that its gifts
    can be imported. Raises CampaignInvalid, DeadlineInvalid or AmountInvalid with what was wrong.
    """
    _require_name(wanted)
    zone = clock.zone(wanted.timezone)
    currency = money.currency_code(wanted.currency)
    starts_at = clock.parse_start(wanted.start, zone) if wanted.start else clock.now()
    deadline = clock.parse_deadline(wanted.deadline, zone)
    if deadline <= starts_at:
        raise CampaignInvalid(
            f"The deadline, {deadline.astimezone(zone)}, must be after the start."
        )
    over = clock.now() - deadline
    if wanted.past and over < timedelta(0):
        raise CampaignInvalid("A past campaign has ended: give its own deadline.")
    smallest, suggested = _amounts(wanted, currency)
    campaign = Campaign(
        slug=wanted.slug,
        title=wanted.title.strip(),
        currency=currency,
        goal=money.parse_amount(wanted.goal, currency),
        starts_at=starts_at,
        deadline=deadline,
        deadline_wall_clock=deadline.astimezone(zone).replace(tzinfo=None).isoformat(),
        timezone=wanted.timezone,
        suggested_amounts=suggested,
        smallest_amount=smallest,
        appeal=wanted.appeal,
        ask_past_donors=wanted.ask_past_donors,
        stretch_goal=wanted.stretch_goal,
        designation=wanted.designation,
        wall_shown=read_branding(session).wall_by_default,
    )
    if wanted.past:
        campaign.grace_days = over.days + 1 + IMPORT_DAYS
    _stored(session, campaign, emails=not wanted.past)
    if actor is not None:
        audit_log.record(
            session,
            actor,
            "campaign.created",
            Subject("campaign", campaign.slug, campaign.id),
            after={
                "title": campaign.title,
                "goal": campaign.goal,
                "currency": campaign.currency,
                "starts_at": starts_at.isoformat(),
                "deadline": deadline.isoformat(),
            },
        )
    return campaign


def _require_name(wanted: NewCampaign) -> None:
    if not re.match(SLUG_PATTERN, wanted.slug) or len(wanted.slug) > 80 or "\n" in wanted.slug:
        raise CampaignInvalid(
            f"{wanted.slug!r} cannot be part of an address; use lowercase letters, digits and single hyphens."
        )
    if not wanted.title.strip():
        raise CampaignInvalid("Enter a title for the campaign.")


def _amounts(wanted: NewCampaign, currency: str) -> tuple[int, list[int]]:
    smallest = money.usual_minimum(currency)
    if wanted.smallest:
        smallest = money.parse_amount(wanted.smallest, currency)
    if wanted.suggested:
        suggested = sorted({money.parse_amount(text, currency) for text in wanted.suggested})
    else:
        usual = money.usual_suggestions(currency)
        suggested = [amount for amount in usual if amount >= smallest] or [smallest]
    if suggested and not smallest <= suggested[0] <= suggested[-1] <= money.LARGEST_CHARGE:
        raise CampaignInvalid(
            "Each suggested amount must be between the smallest amount and the largest possible charge."
        )
    return smallest, suggested


def _stored(session: Session, campaign: Campaign, *, emails: bool) -> Campaign:
    try:
        with session.begin_nested():
            session.add(campaign)
        if emails:
            add_default_steps(session, campaign)
    except IntegrityError as error:
        if "uq_campaign_slug" in str(error.orig):
            raise CampaignInvalid(
                f"There is already a campaign called {campaign.slug!r}; choose another name."
            ) from None
        raise
    return campaign


def find_campaign(session: Session, slug: str) -> Campaign:
    """Return the campaign `slug`; raises NotFound."""
    campaign = session.scalar(select(Campaign).where(Campaign.slug == slug))
    if campaign is None:
        raise NotFound(f"There is no campaign called {slug!r}.")
    return campaign


def find_public_campaign(session: Session, slug: str) -> Campaign:
    """Return the campaign `slug`, which has a page; raises NotFound, also for an archive of past gifts."""
    campaign = find_campaign(session, slug)
    if campaign.archive:
        raise NotFound(f"There is no campaign called {slug!r}.")
    return campaign


def open_campaigns(session: Session, at: datetime) -> Sequence[Campaign]:
    """List the campaigns that are open at `at`, sorted by deadline."""
    return session.scalars(
        select(Campaign).where(Campaign.open_at(at)).order_by(Campaign.deadline, Campaign.id)
    ).all()


def current_campaign(session: Session, at: datetime) -> Campaign | None:
    """Return the open campaign that ends soonest, else the one with the latest deadline, else None."""
    latest = (
        select(Campaign)
        .where(~Campaign.archive)
        .order_by(Campaign.deadline.desc(), Campaign.id.desc())
        .limit(1)
    )
    return next(iter(open_campaigns(session, at)), None) or session.scalar(latest)


def campaign_for_renewal(
    session: Session, began_in: Campaign, charged_at: datetime
) -> Campaign | None:
    """Return the campaign a renewal counts for: its own if still open, else an open one in its currency, else None."""
    if began_in.counts(charged_at):
        return began_in
    others = open_campaigns(session, charged_at)
    return next((other for other in others if other.currency == began_in.currency), None)
