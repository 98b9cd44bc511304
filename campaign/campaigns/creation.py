"""Create a campaign from a form: report every error by field, then create it as `campaign create` does."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor
from campaign.campaigns import form_parsing
from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.campaigns.form_parsing import FieldReader
from campaign.core import clock, money
from campaign.core.errors import CampaignInvalid, FieldsInvalid
from campaign.models import Campaign
from campaign.models.campaign import SLUG_PATTERN

DOUBLE_CLICK = timedelta(minutes=1)
"""Within this time, the same form again means the same campaign."""


@dataclass(frozen=True)
class CampaignDraft:
    """The form's fields as typed; optional ones have the defaults of `campaign create`."""

    slug: str
    title: str
    goal: str
    deadline: str
    timezone: str
    currency: str = "usd"
    starts: str = ""
    appeal: str = ""
    suggested: str = ""
    smallest: str = ""
    stretch_goal: str = ""
    designation: str = ""
    ask_past_donors: bool = False


def create(session: Session, wanted: CampaignDraft, actor: Actor, at: datetime) -> Campaign:
    """Create the campaign, or return the one that the same form has just created; raises FieldsInvalid."""
    asked = _read(wanted, at)
    try:
        return create_campaign(session, asked, actor)
    except CampaignInvalid as error:
        twin = session.scalar(select(Campaign).where(Campaign.slug == asked.slug))
        if twin is not None and _is_same(twin, asked, at):
            return twin
        raise FieldsInvalid({"slug": str(error)}) from error


def _read(wanted: CampaignDraft, at: datetime) -> NewCampaign:
    """Parse every field; raises FieldsInvalid with all errors."""
    reader = FieldReader()
    zone = reader.read("timezone", lambda: clock.zone(wanted.timezone.strip()))
    currency = reader.read("currency", lambda: money.currency_code(wanted.currency))
    reader.read("slug", lambda: _slug(wanted.slug))
    reader.read(
        "title", lambda: form_parsing.one_line(wanted.title, form_parsing.LONGEST_TITLE, "a title")
    )
    appeal = reader.read("appeal", lambda: form_parsing.clean_markdown(wanted.appeal))
    stretch = _sums(reader, wanted, currency) if currency else None
    if zone:
        _window(reader, wanted, zone, at)
    designation = reader.read(
        "designation",
        lambda: form_parsing.one_line(
            wanted.designation or "General", form_parsing.MAX_DESIGNATION_LENGTH, "a designation"
        ),
    )
    reader.check()
    return NewCampaign(
        slug=wanted.slug.strip(),
        title=" ".join(wanted.title.split()),
        goal=wanted.goal,
        deadline=wanted.deadline,
        timezone=wanted.timezone.strip(),
        currency=wanted.currency,
        start=wanted.starts or None,
        appeal=appeal or "",
        suggested=form_parsing.split_amounts(wanted.suggested),
        smallest=wanted.smallest.strip() or None,
        ask_past_donors=wanted.ask_past_donors,
        stretch_goal=stretch,
        designation=designation or "General",
    )


def _is_same(twin: Campaign, asked: NewCampaign, at: datetime) -> bool:
    """Whether `twin` was created by the same form a moment ago."""
    deadline = clock.parse_deadline(asked.deadline, clock.zone(asked.timezone))
    return (
        twin.title == asked.title
        and twin.goal == money.parse_amount(asked.goal, twin.currency)
        and (twin.deadline, twin.timezone) == (deadline, asked.timezone)
        and twin.created_at > at - DOUBLE_CLICK
    )


def _slug(text: str) -> str:
    slug = text.strip()
    if not re.fullmatch(SLUG_PATTERN.strip("^$"), slug) or len(slug) > 80:
        raise CampaignInvalid(
            "Use lowercase letters, digits and single hyphens. This becomes part of the address."
        )
    return slug


def _sums(reader: FieldReader, wanted: CampaignDraft, currency: str) -> int | None:
    goal = reader.read("goal", lambda: money.parse_amount(wanted.goal, currency))
    smallest = reader.read(
        "smallest", lambda: form_parsing.parse_smallest_amount(wanted.smallest, currency)
    )
    if wanted.suggested.strip():
        reader.read(
            "suggested",
            lambda: form_parsing.parse_suggested_amounts(wanted.suggested, currency, smallest),
        )
    return reader.read(
        "stretch_goal", lambda: form_parsing.parse_stretch_goal(wanted.stretch_goal, currency, goal)
    )


def _window(reader: FieldReader, wanted: CampaignDraft, zone: ZoneInfo, at: datetime) -> None:
    start = at
    if wanted.starts.strip():
        start = reader.read("starts", lambda: clock.parse_start(wanted.starts, zone)) or at
    deadline = reader.read("deadline", lambda: clock.parse_deadline(wanted.deadline, zone))
    if deadline is not None:
        reader.require("deadline", deadline > start, "The deadline must be after the start.")
        reader.require("deadline", deadline > at, "The deadline must be in the future.")
