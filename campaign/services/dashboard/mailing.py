"""What the countdown has sent, and how often the appeal was opened by a code. That a letter was opened is not known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.models import Campaign, CampaignStep, CodeVisit, OutboxMessage, OutboxState
from campaign.services.steps import due_at


@dataclass(frozen=True)
class StepMail:
    """One step's letters by state. `due`: when the step begins."""

    key: str
    due: datetime
    enabled: bool
    sent: int
    waiting: int
    failed: int
    dropped: int


def mail_by_step(session: Session, campaign: Campaign) -> Sequence[StepMail]:
    """Each step of the countdown, in the order of its days."""
    count = func.count(OutboxMessage.id)
    state = OutboxMessage.state
    waiting = state.in_((OutboxState.queued.value, OutboxState.sending.value))
    query = (
        select(
            CampaignStep,
            count.filter(state == OutboxState.sent.value),
            count.filter(waiting),
            count.filter(state == OutboxState.failed.value),
            count.filter(state == OutboxState.dropped.value),
        )
        .outerjoin(OutboxMessage, OutboxMessage.step_id == CampaignStep.id)
        .where(CampaignStep.campaign_id == campaign.id)
        .group_by(CampaignStep.id)
    )
    rows = [
        StepMail(step.key, due_at(campaign, step), step.enabled, *counts)
        for step, *counts in session.execute(query)
    ]
    return sorted(rows, key=lambda row: (row.due, row.key))


def visits_by_code(session: Session, campaign: Campaign) -> Mapping[str, int]:
    """How often the appeal was opened by an address with each code."""
    query = (
        select(CodeVisit.code, func.sum(CodeVisit.visits))
        .where(CodeVisit.campaign_id == campaign.id)
        .group_by(CodeVisit.code)
    )
    return {code: int(visits) for code, visits in session.execute(query)}
