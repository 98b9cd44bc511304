"""Counts of rows for `/metrics`: the queues, what was raised, and what staff must look at."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from campaign.core import clock
from campaign.mailer import undelivered
from campaign.models import (
    Campaign,
    Dispute,
    FraudWarning,
    InboxEvent,
    OutboxMessage,
    OutboxState,
    ProgressShard,
    Refund,
)
from campaign.reporting.review_queries import actionable_warnings, unmatched_evidence


def count_events(session: Session) -> Mapping[str, int]:
    """Stripe's events by state."""
    return _by(session, InboxEvent.state)


def count_messages(session: Session) -> Mapping[str, int]:
    """Mail by state."""
    return _by(session, OutboxMessage.state)


def count_stuck_messages(session: Session) -> Mapping[str, int]:
    """Mail that is due for more than an hour, or was left by a worker that died, by kind."""
    return {row[0]: row[1] for row in session.execute(undelivered.stuck_by_kind(clock.now()))}


def count_failed_messages(session: Session) -> Mapping[str, int]:
    """Mail that did not arrive, by kind."""
    return _by(session, OutboxMessage.kind, OutboxMessage.state == OutboxState.failed.value)


def count_disputes(session: Session) -> Mapping[str, int]:
    """Disputes and inquiries by Stripe's status."""
    return _by(session, Dispute.status)


def count_refunds(session: Session) -> Mapping[str, int]:
    """Refunds by state."""
    return _by(session, Refund.state)


def _by(session: Session, column: Any, *which: ColumnElement[bool]) -> Mapping[str, int]:
    query = select(column, func.count()).where(*which).group_by(column)
    return {str(name): number for name, number in session.execute(query)}


def count_fraud_warnings(session: Session) -> Mapping[str, int]:
    """Early fraud warnings: those where a refund still helps under `true`, the others under `false`."""
    every = session.scalar(select(func.count()).select_from(FraudWarning)) or 0
    actionable = (
        session.scalar(select(func.count()).select_from(actionable_warnings().subquery())) or 0
    )
    return {"true": actionable, "false": every - actionable}


def count_unmatched(session: Session) -> int:
    """What went back of payments that nobody knows, and of which Stripe has not said that they are not ours."""
    return session.scalar(select(func.count()).select_from(unmatched_evidence().subquery())) or 0


def sums_raised(session: Session) -> Mapping[tuple[str, str], int]:
    """Minor units by (campaign's slug, currency)."""
    total = func.coalesce(func.sum(ProgressShard.raised), 0)
    rows = session.execute(
        select(Campaign.slug, Campaign.currency, total)
        .outerjoin(ProgressShard, ProgressShard.campaign_id == Campaign.id)
        .group_by(Campaign.slug, Campaign.currency)
    )
    return {(slug, currency): int(amount) for slug, currency, amount in rows}
