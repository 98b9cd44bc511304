"""What the countdown has sent, and how often the appeal was opened by a code. That a letter was opened is not known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.campaigns.schedule import due_at, steps_of
from campaign.models import Campaign, CodeVisit
from campaign.outreach.step_statistics import Counts, letter_counts


@dataclass(frozen=True)
class StepMail:
    """One step's letters by state. `due`: when the step begins."""

    key: str
    due: datetime
    enabled: bool
    counts: Counts


def mail_by_step(session: Session, campaign: Campaign) -> Sequence[StepMail]:
    """Each step of the countdown, in the order of its days."""
    counts = letter_counts(session, campaign)
    rows = [
        StepMail(step.key, due_at(campaign, step), step.enabled, counts.get(step.id, Counts()))
        for step in steps_of(session, campaign.id)
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
