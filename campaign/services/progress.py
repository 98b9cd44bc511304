"""The figure: what a campaign has raised, read from the shards in one query."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from hashlib import blake2b
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign import clock
from campaign.models import (
    Campaign,
    CampaignState,
    Donation,
    DonationState,
    ProgressShard,
)


@dataclass(frozen=True)
class Progress:
    """A campaign's standing at `as_of`. Amounts are minor units of the campaign's currency."""

    campaign: Campaign
    raised: int
    pending: int
    matched: int
    donations: int
    donors: int
    as_of: datetime

    @property
    def state(self) -> CampaignState:
        return self.campaign.state(self.as_of)

    @property
    def final(self) -> bool:
        return self.state == CampaignState.final

    @property
    def percent(self) -> float:
        """Of the goal, to one decimal; not capped."""
        share = Decimal(self.raised) * 100 / Decimal(self.campaign.goal)
        return float(share.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP))

    @property
    def days_left(self) -> int:
        return clock.days_left(self.campaign.deadline, self.campaign.zone, self.as_of)

    @property
    def seconds_left(self) -> int:
        return clock.seconds_left(self.campaign.deadline, self.as_of)

    def facts(self) -> dict[str, Any]:
        """The object of `progress.json` without its clock: equal facts mean that nobody needs telling."""
        campaign = self.campaign
        return {
            "campaign": campaign.slug,
            "title": campaign.title,
            "state": self.state.value,
            "final": self.final,
            "currency": campaign.currency,
            "goal": campaign.goal,
            "raised": self.raised,
            "pending": self.pending,
            "matched": self.matched,
            "percent": self.percent,
            "donations": self.donations,
            "donors": self.donors,
            "starts_at": campaign.starts_at.astimezone(campaign.zone).isoformat(),
            "deadline": campaign.deadline.astimezone(campaign.zone).isoformat(),
            "timezone": campaign.timezone,
            "days_left": self.days_left,
        }

    def etag(self) -> str:
        """Changes exactly when the facts do; the clock's two fields go on by themselves."""
        return blake2b(_json(self.facts()), digest_size=12).hexdigest()

    def body(self) -> bytes:
        """`progress.json`."""
        moment = self.as_of.astimezone(self.campaign.zone).isoformat(timespec="seconds")
        return _json({**self.facts(), "seconds_left": self.seconds_left, "as_of": moment})


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def read_progress(session: Session, campaign: Campaign, at: datetime) -> Progress:
    """The standing of `campaign`: sixteen shard rows, and the debits under way by their partial index."""
    promised = (
        select(func.coalesce(func.sum(Donation.amount), 0))
        .where(
            Donation.campaign_id == campaign.id, Donation.state == DonationState.processing.value
        )
        .scalar_subquery()
    )
    raised, donations, donors, pending = session.execute(
        select(
            func.coalesce(func.sum(ProgressShard.raised), 0),
            func.coalesce(func.sum(ProgressShard.donations), 0),
            func.coalesce(func.sum(ProgressShard.donors), 0),
            promised,
        ).where(ProgressShard.campaign_id == campaign.id)
    ).one()
    return Progress(
        campaign=campaign,
        raised=int(raised),
        pending=int(pending),
        matched=0,
        donations=int(donations),
        donors=int(donors),
        as_of=at,
    )
