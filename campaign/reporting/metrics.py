"""Row counts for `/metrics`: the queues, the totals raised, and what needs attention."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from campaign.core import clock
from campaign.mailer import undelivered
from campaign.mailer.circuit_breaker import open_outages
from campaign.models import (
    Campaign,
    Dispute,
    FraudWarning,
    InboxEvent,
    MailLane,
    OutboxMessage,
    OutboxState,
    ProgressShard,
    Refund,
)
from campaign.reporting.review_queries import actionable_warnings, unmatched_evidence


def count_events(session: Session) -> Mapping[str, int]:
    """Count Stripe events by state."""
    return _by(session, InboxEvent.state)


def count_messages(session: Session) -> Mapping[str, int]:
    """Count emails by state."""
    return _by(session, OutboxMessage.state)


def count_stuck_messages(session: Session) -> Mapping[str, int]:
    """Count, by kind, emails that have been due for over an hour or were left behind by a worker that died."""
    return {row[0]: row[1] for row in session.execute(undelivered.stuck_by_kind(clock.now()))}


def count_failed_messages(session: Session) -> Mapping[str, int]:
    """Count failed emails by kind."""
    return _by(session, OutboxMessage.kind, OutboxMessage.state == OutboxState.failed.value)


def stopped_lanes(session: Session) -> Mapping[str, int]:
    """Return, by lane, 1 if the mail server refuses every message and sending is stopped, else 0."""
    stopped = {one.lane for one in open_outages(session)}
    return {lane.value: int(lane.value in stopped) for lane in MailLane}


def count_disputes(session: Session) -> Mapping[str, int]:
    """Count disputes and inquiries by Stripe's status."""
    return _by(session, Dispute.status)


def count_refunds(session: Session) -> Mapping[str, int]:
    """Count refunds by state."""
    return _by(session, Refund.state)


def _by(session: Session, column: Any, *which: ColumnElement[bool]) -> Mapping[str, int]:
    query = select(column, func.count()).where(*which).group_by(column)
    return {str(name): number for name, number in session.execute(query)}


def count_fraud_warnings(session: Session) -> Mapping[str, int]:
    """Count early fraud warnings: `true` for those where a refund still helps, `false` for the others."""
    every = session.scalar(select(func.count()).select_from(FraudWarning)) or 0
    actionable = (
        session.scalar(select(func.count()).select_from(actionable_warnings().subquery())) or 0
    )
    return {"true": actionable, "false": every - actionable}


def count_unmatched(session: Session) -> int:
    """Count unmatched refunds, disputes and warnings, except those whose payment Stripe says is not ours."""
    return session.scalar(select(func.count()).select_from(unmatched_evidence().subquery())) or 0


def sums_raised(session: Session) -> Mapping[tuple[str, str], int]:
    """Return the totals raised in minor units, by (campaign slug, currency)."""
    total = func.coalesce(func.sum(ProgressShard.raised), 0)
    rows = session.execute(
        select(Campaign.slug, Campaign.currency, total)
        .outerjoin(ProgressShard, ProgressShard.campaign_id == Campaign.id)
        .group_by(Campaign.slug, Campaign.currency)
    )
    return {(slug, currency): int(amount) for slug, currency, amount in rows}
