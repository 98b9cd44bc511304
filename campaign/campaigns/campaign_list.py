"""All campaigns with their results, for the public list."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.campaigns.progress import Progress
from campaign.models import Campaign, CampaignState, ProgressShard

MOST = 500


@dataclass(frozen=True)
class Overview:
    """`open` is sorted by deadline, `upcoming` by start, `ended` with the most recent first."""

    open: list[Progress]
    upcoming: list[Progress]
    ended: list[Progress]


def read_overview(session: Session, at: datetime) -> Overview:
    """Read all campaigns and their totals. Each Progress has only the campaign, `raised` and `as_of` filled in."""
    raised = func.coalesce(func.sum(ProgressShard.raised), 0)
    rows = session.execute(
        select(Campaign, raised)
        .outerjoin(ProgressShard, ProgressShard.campaign_id == Campaign.id)
        .where(~Campaign.archive)
        .group_by(Campaign.id)
        .order_by(Campaign.deadline.desc(), Campaign.id.desc())
        .limit(MOST)
    )
    every = [Progress(campaign, int(sum_), 0, 0, 0, 0, at) for campaign, sum_ in rows]
    return Overview(
        open=[one for one in reversed(every) if one.state == CampaignState.open],
        upcoming=sorted(
            (one for one in every if one.state == CampaignState.upcoming),
            key=lambda one: one.campaign.starts_at,
        ),
        ended=[one for one in every if one.as_of >= one.campaign.deadline],
    )
