"""The review queue: everything that could not be resolved automatically and needs attention.

The dashboard and `campaign review` show it. Amounts are minor units of their currency. `donation` is the public id,
or None if the donation is not known.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Executable
from sqlalchemy.orm import Session

from campaign.audit.heartbeats import JobStatus, job_statuses
from campaign.campaigns.finalization import LateEntry, late_entries
from campaign.card_testing.siege import find_siege
from campaign.mailer import undelivered
from campaign.mailer.circuit_breaker import open_outages
from campaign.models import MailOutage, Siege
from campaign.reconciliation.runs import UnresolvedRun, find_unresolved_runs
from campaign.reporting import review_queries

_One = TypeVar("_One")


@dataclass(frozen=True)
class OpenDispute:
    """A dispute, an inquiry (its status begins with `warning_`) or the appeal of a lost dispute (`appeal_`).

    Evidence is accepted until `due_by`.
    """

    stripe_id: str
    donation: str | None
    amount: int
    currency: str
    reason: str
    status: str
    due_by: datetime | None

    @property
    def appealed(self) -> bool:
        """Whether it was lost and is being appealed."""
        return self.status.startswith("appeal_")

    @property
    def stage(self) -> str:
        """What it is now: inquiry, dispute or appeal."""
        if self.appealed:
            return "appeal"
        return "inquiry" if self.status.startswith("warning_") else "dispute"


@dataclass(frozen=True)
class ActionableWarning:
    """A charge that a bank suspects of fraud; a refund now avoids a dispute. `amount` is what was charged."""

    stripe_id: str
    donation: str
    amount: int
    currency: str
    fraud_type: str
    created_at: datetime


@dataclass(frozen=True)
class ProblemRefund:
    """A refund that failed, or that has been unconfirmed or pending for too long."""

    stripe_id: str | None
    donation: str
    amount: int
    currency: str
    state: str
    failure_reason: str | None
    created_at: datetime


@dataclass(frozen=True)
class UnappliedEvent:
    """An event that could not be applied: given up, or held and tried again by itself.

    `campaign events replay ID` applies it again.
    """

    id: str
    type: str
    attempts: int
    last_error: str | None
    occurred_at: datetime


@dataclass(frozen=True)
class FailedEmail:
    """An email that was not delivered. `subject` is the key of what it is about, such as a receipt number."""

    id: int
    kind: str
    subject: str
    recipient: str
    last_error: str | None
    created_at: datetime


@dataclass(frozen=True)
class StuckEmails:
    """Emails of one kind that should have been sent; the oldest has been due since `since`."""

    kind: str
    number: int
    since: datetime


@dataclass(frozen=True)
class UnmatchedEvidence:
    """Evidence about a payment without a known donation; `kind` is charge, refund, dispute or fraud warning."""

    kind: str
    stripe_id: str | None
    payment_intent_id: str | None


@dataclass(frozen=True)
class PendingErasure:
    """A donor's request for erasure from their donor page; `donor_id` is the canonical donor."""

    id: int
    donor_id: int
    email: str
    asked_at: datetime


@dataclass(frozen=True)
class Review:
    """The whole queue, each list with the most urgent first."""

    disputes: list[OpenDispute] = field(default_factory=list)
    warnings: list[ActionableWarning] = field(default_factory=list)
    refunds: list[ProblemRefund] = field(default_factory=list)
    events: list[UnappliedEvent] = field(default_factory=list)
    messages: list[FailedEmail] = field(default_factory=list)
    stuck: list[StuckEmails] = field(default_factory=list)
    outages: list[MailOutage] = field(default_factory=list)
    overdue_jobs: list[JobStatus] = field(default_factory=list)
    late_entries: list[LateEntry] = field(default_factory=list)
    unmatched: list[UnmatchedEvidence] = field(default_factory=list)
    erasures: list[PendingErasure] = field(default_factory=list)
    comparisons: list[UnresolvedRun] = field(default_factory=list)
    sieges: list[Siege] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether nothing needs attention."""
        return not any(getattr(self, one.name) for one in fields(self))


def read_review(session: Session, at: datetime) -> Review:
    """Return what needs attention at `at`."""
    return Review(
        disputes=_read(session, OpenDispute, review_queries.open_disputes()),
        warnings=_read(session, ActionableWarning, review_queries.actionable_warnings()),
        refunds=_read(session, ProblemRefund, review_queries.problem_refunds(at)),
        events=_read(session, UnappliedEvent, review_queries.unapplied_events()),
        messages=_read(session, FailedEmail, review_queries.failed_messages()),
        stuck=_read(session, StuckEmails, undelivered.stuck_by_kind(at)),
        outages=list(open_outages(session)),
        overdue_jobs=[one for one in job_statuses(session, at) if one.overdue],
        late_entries=late_entries(session),
        unmatched=_read(session, UnmatchedEvidence, review_queries.unmatched_evidence()),
        erasures=_read(session, PendingErasure, review_queries.pending_erasures()),
        comparisons=find_unresolved_runs(session),
        sieges=[one for one in (find_siege(session),) if one is not None],
    )


def _read(session: Session, kind: Callable[..., _One], query: Executable) -> list[_One]:
    """Return the rows of `query` as objects; its columns are the fields of `kind`, in order."""
    return [kind(*row) for row in session.execute(query)]
