"""Delivery statistics of a campaign's scheduled emails, by step."""

from dataclasses import astuple, dataclass

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from campaign.mailer.outbox import WAITING
from campaign.models import Campaign, CampaignStep, OutboxMessage, OutboxState


@dataclass(frozen=True)
class Counts:
    """The emails of one step: waiting or being sent, sent, dropped, failed."""

    waiting: int = 0
    sent: int = 0
    dropped: int = 0
    failed: int = 0


def email_counts(session: Session, campaign: Campaign) -> dict[int, Counts]:
    """Return the number of emails of each step, by step id. Steps without emails are left out."""
    state, count = OutboxMessage.state, func.count()
    # By step: with a plain join PostgreSQL would read the emails of every other campaign too.
    counted = (
        select(
            count.filter(state.in_(WAITING)).label("waiting"),
            count.filter(state == OutboxState.sent.value).label("sent"),
            count.filter(state == OutboxState.dropped.value).label("dropped"),
            count.filter(state == OutboxState.failed.value).label("failed"),
        )
        .where(OutboxMessage.step_id == CampaignStep.id)
        .lateral()
    )
    columns = (counted.c.waiting, counted.c.sent, counted.c.dropped, counted.c.failed)
    rows = session.execute(
        select(CampaignStep.id, *columns)
        .join(counted, true())
        .where(CampaignStep.campaign_id == campaign.id)
    )
    found = {step_id: Counts(*numbers) for step_id, *numbers in rows}
    return {step_id: counts for step_id, counts in found.items() if any(astuple(counts))}
