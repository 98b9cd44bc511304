"""Progress: what a campaign has raised and what sponsors add, read from the shards in one query."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from hashlib import blake2b
from typing import Any

from sqlalchemy import ScalarSelect, Text, cast, func, select
from sqlalchemy.orm import Session

from campaign.core import clock
from campaign.models import (
    Campaign,
    CampaignState,
    Donation,
    DonationState,
    MatchingGift,
    MatchingShard,
    ProgressShard,
)


@dataclass(frozen=True)
class MatchingStatus:
    """A matching gift's status: `given` is the net sum of the gifts in its window, in minor units."""

    gift: MatchingGift
    given: int

    @property
    def matched(self) -> int:
        """What the sponsor adds so far: their percentage of what was given, at most the pool."""
        return min(self.gift.pool, max(0, self.given) * self.gift.ratio_percent // 100)

    @property
    def remaining(self) -> int:
        """What is left of the pool, in minor units."""
        return self.gift.pool - self.matched

    @property
    def until(self) -> datetime:
        """When its window ends: as announced, or earlier if staff ended it."""
        return min(self.gift.ends_at, self.gift.ended_at or self.gift.ends_at)

    def is_open(self, at: datetime) -> bool:
        """Whether it matches a gift charged at `at`; only while money is left in the pool."""
        return self.gift.starts_at <= at < self.until and self.remaining > 0


@dataclass(frozen=True)
class Progress:
    """A campaign's progress at `as_of`. Amounts are in minor units of the campaign's currency.

    `matched` is the total of all `matching` gifts; it is not part of `raised`.
    """

    campaign: Campaign
    raised: int
    pending: int
    matched: int
    donations: int
    donors: int
    as_of: datetime
    matching: tuple[MatchingStatus, ...] = ()

    @property
    def asked(self) -> int:
        """The current goal: once the goal is met, the stretch goal if there is one."""
        stretch = self.campaign.stretch_goal
        return stretch if stretch and self.raised >= self.campaign.goal else self.campaign.goal

    @property
    def state(self) -> CampaignState:
        return self.campaign.state(self.as_of)

    @property
    def final(self) -> bool:
        return self.state == CampaignState.final

    @property
    def hidden(self) -> bool:
        """Whether the progress bar and the counts are hidden from readers, as staff chose; the result never is."""
        campaign = self.campaign
        if not campaign.figures_hidden or self.as_of >= campaign.deadline:
            return False
        shown_from = campaign.figures_from_percent
        return shown_from is None or self.raised * 100 < campaign.goal * shown_from

    @property
    def percent(self) -> Decimal:
        """Percent of the goal, to one decimal; not capped; never a negative zero."""
        share = Decimal(self.raised) * 100 / Decimal(self.campaign.goal)
        return share.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP) + 0

    @property
    def days_left(self) -> int:
        return clock.days_left(self.campaign.deadline, self.campaign.zone, self.as_of)

    @property
    def seconds_left(self) -> int:
        return clock.seconds_left(self.campaign.deadline, self.as_of)

    def facts(self) -> dict[str, Any]:
        """Return `progress.json` without `seconds_left` and `as_of`: if the facts are equal, readers need no update."""
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
            "percent": float(self.percent),  # the nearest number that JSON can say
            "donations": self.donations,
            "donors": self.donors,
            "starts_at": campaign.starts_at.astimezone(campaign.zone).isoformat(),
            "deadline": campaign.deadline.astimezone(campaign.zone).isoformat(),
            "timezone": campaign.timezone,
            "days_left": self.days_left,
        }

    def etag(self) -> str:
        """Return a tag that changes only when the facts do, not with `seconds_left` and `as_of`."""
        return blake2b(_json(self.facts()), digest_size=12).hexdigest()

    def body(self) -> bytes:
        """Return the bytes of `progress.json`."""
        moment = self.as_of.astimezone(self.campaign.zone).isoformat(timespec="seconds")
        return _json({**self.facts(), "seconds_left": self.seconds_left, "as_of": moment})


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def read_progress(session: Session, campaign: Campaign, at: datetime) -> Progress:
    """Read the progress of `campaign` in one query: its shards, and pending bank debits by their partial index."""
    pending_debits = (
        select(func.coalesce(func.sum(Donation.amount), 0))
        .where(
            Donation.campaign_id == campaign.id, Donation.state == DonationState.processing.value
        )
        .scalar_subquery()
    )
    raised, donations, donors, pending, given = session.execute(
        select(
            func.coalesce(func.sum(ProgressShard.raised), 0),
            func.coalesce(func.sum(ProgressShard.donations), 0),
            func.coalesce(func.sum(ProgressShard.donors), 0),
            pending_debits,
            _given(campaign.id),
        ).where(ProgressShard.campaign_id == campaign.id)
    ).one()
    matching = _matching(session, campaign.id, given or {})
    return Progress(
        campaign=campaign,
        raised=int(raised),
        pending=int(pending),
        matched=sum(one.matched for one in matching),
        donations=int(donations),
        donors=int(donors),
        as_of=at,
        matching=matching,
    )


def _given(campaign_id: int) -> ScalarSelect[Any]:
    """Map each matching gift's id, as text, to what was given in its window; NULL if there are none."""
    each = (
        select(
            MatchingGift.id.label("id"),
            func.coalesce(func.sum(MatchingShard.given), 0).label("given"),
        )
        .outerjoin(MatchingShard, MatchingShard.matching_id == MatchingGift.id)
        .where(MatchingGift.campaign_id == campaign_id)
        .group_by(MatchingGift.id)
        .subquery()
    )
    return select(func.jsonb_object_agg(cast(each.c.id, Text), each.c.given)).scalar_subquery()


def _matching(
    session: Session, campaign_id: int, given: Mapping[str, int]
) -> tuple[MatchingStatus, ...]:
    """List the matching gifts in the order they begin, except any added after `given` was read."""
    if not given:
        return ()
    gifts = session.scalars(
        select(MatchingGift)
        .where(MatchingGift.campaign_id == campaign_id)
        .order_by(MatchingGift.starts_at, MatchingGift.id)
        .execution_options(populate_existing=True)
    )
    return tuple(
        MatchingStatus(gift, int(given[str(gift.id)])) for gift in gifts if str(gift.id) in given
    )
