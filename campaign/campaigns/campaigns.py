"""Creating and finding campaigns."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

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


@dataclass(frozen=True)
class NewCampaign:
    """What `campaign create` is told, as people write it: amounts in major units, days as 2026-12-31."""

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


def create_campaign(session: Session, wanted: NewCampaign, actor: Actor | None = None) -> Campaign:
    """A new campaign with the steps of its countdown; in the audit log where somebody is told to have made it.

    Raises CampaignInvalid, DeadlineInvalid or AmountInvalid with what was wrong.
    """
    if not re.match(SLUG_PATTERN, wanted.slug) or len(wanted.slug) > 80 or "\n" in wanted.slug:
        raise CampaignInvalid(
            f"{wanted.slug!r} cannot be part of an address; use small letters, figures and single hyphens."
        )
    if not wanted.title.strip():
        raise CampaignInvalid("The campaign needs a title.")
    zone = clock.zone(wanted.timezone)
    currency = money.currency_code(wanted.currency)
    starts_at = clock.parse_start(wanted.start, zone) if wanted.start else clock.now()
    deadline = clock.parse_deadline(wanted.deadline, zone)
    if deadline <= starts_at:
        raise CampaignInvalid(f"The deadline, {deadline.astimezone(zone)}, is not after the start.")
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
    _stored(session, campaign)
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
            "Each suggested amount must lie between the smallest and the largest charge."
        )
    return smallest, suggested


def _stored(session: Session, campaign: Campaign) -> Campaign:
    try:
        with session.begin_nested():
            session.add(campaign)
        add_default_steps(session, campaign)
    except IntegrityError as error:
        if "uq_campaign_slug" in str(error.orig):
            raise CampaignInvalid(
                f"There is a campaign called {campaign.slug!r} already; choose another name."
            ) from None
        raise
    return campaign


def find_campaign(session: Session, slug: str) -> Campaign:
    """The campaign called `slug`; raises NotFound."""
    campaign = session.scalar(select(Campaign).where(Campaign.slug == slug))
    if campaign is None:
        raise NotFound(f"There is no campaign called {slug!r}.")
    return campaign


def open_campaigns(session: Session, at: datetime) -> Sequence[Campaign]:
    """The campaigns that take gifts at the instant `at`, the one that ends soonest first."""
    return session.scalars(
        select(Campaign).where(Campaign.open_at(at)).order_by(Campaign.deadline, Campaign.id)
    ).all()


def current_campaign(session: Session, at: datetime) -> Campaign | None:
    """The open campaign that ends soonest; else the latest to have begun or to come."""
    latest = select(Campaign).order_by(Campaign.deadline.desc(), Campaign.id.desc()).limit(1)
    return next(iter(open_campaigns(session, at)), None) or session.scalar(latest)


def campaign_for_renewal(
    session: Session, began_in: Campaign, charged_at: datetime
) -> Campaign | None:
    """Where a renewal counts: the campaign it began in while that is open, else one open then, else none."""
    if began_in.counts(charged_at):
        return began_in
    others = open_campaigns(session, charged_at)
    return next((other for other in others if other.currency == began_in.currency), None)
