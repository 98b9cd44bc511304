"""What a person must look at: everything that the programs could not settle by themselves.

The dashboard and `campaign review` show it. Amounts are minor units beside their currency; `donation` is the public
id, None where it is not known whose money it is.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Executable
from sqlalchemy.orm import Session

from campaign.audit.heartbeats import Silence, silences
from campaign.campaigns.finalization import LateEntry, late_entries
from campaign.mailer import undelivered
from campaign.reconciliation.runs import Unsettled, unsettled
from campaign.reporting import review_queries

_One = TypeVar("_One")


@dataclass(frozen=True)
class OpenDispute:
    """A dispute, or an inquiry (its status begins with `warning_`). Until `due_by` evidence may be sent."""

    stripe_id: str
    donation: str | None
    amount: int
    currency: str
    reason: str
    status: str
    due_by: datetime | None


@dataclass(frozen=True)
class ActionableWarning:
    """A bank suspects a charge; a refund now avoids the dispute. `amount` is what was charged."""

    stripe_id: str
    donation: str
    amount: int
    currency: str
    fraud_type: str
    created_at: datetime


@dataclass(frozen=True)
class TroubledRefund:
    """A refund that did not reach the donor, or of which nothing was heard for too long."""

    stripe_id: str | None
    donation: str
    amount: int
    currency: str
    state: str
    failure_reason: str | None
    created_at: datetime


@dataclass(frozen=True)
class GivenUpEvent:
    """An event that could not be applied; `campaign events replay ID` tries it again."""

    id: str
    type: str
    attempts: int
    last_error: str | None
    occurred_at: datetime


@dataclass(frozen=True)
class FailedMessage:
    """A letter that did not arrive. `subject` says of what: a receipt's number, for one."""

    id: int
    kind: str
    subject: str
    recipient: str
    last_error: str | None
    created_at: datetime


@dataclass(frozen=True)
class StuckMail:
    """Letters of one kind that should have gone out; the oldest of them since `since`."""

    kind: str
    number: int
    since: datetime


@dataclass(frozen=True)
class UnplacedReturn:
    """Money that went back of a payment that no donation is known for; `kind` is charge, refund, dispute or warning."""

    kind: str
    stripe_id: str | None
    payment_intent_id: str | None


@dataclass(frozen=True)
class AskedErasure:
    """A donor asked on their own page to be removed; `donor_id` is the row that speaks for them."""

    id: int
    donor_id: int
    email: str
    asked_at: datetime


@dataclass(frozen=True)
class Review:
    """All of it, each in the order in which it should be looked at."""

    disputes: list[OpenDispute] = field(default_factory=list)
    warnings: list[ActionableWarning] = field(default_factory=list)
    refunds: list[TroubledRefund] = field(default_factory=list)
    events: list[GivenUpEvent] = field(default_factory=list)
    messages: list[FailedMessage] = field(default_factory=list)
    stuck: list[StuckMail] = field(default_factory=list)
    silent_jobs: list[Silence] = field(default_factory=list)
    late_entries: list[LateEntry] = field(default_factory=list)
    unplaced: list[UnplacedReturn] = field(default_factory=list)
    erasures: list[AskedErasure] = field(default_factory=list)
    comparisons: list[Unsettled] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Nothing waits for a person."""
        return not any(getattr(self, one.name) for one in fields(self))


def read_review(session: Session, at: datetime) -> Review:
    """What waits for a person at `at`."""
    return Review(
        disputes=_read(session, OpenDispute, review_queries.open_disputes()),
        warnings=_read(session, ActionableWarning, review_queries.actionable_warnings()),
        refunds=_read(session, TroubledRefund, review_queries.troubled_refunds(at)),
        events=_read(session, GivenUpEvent, review_queries.given_up_events()),
        messages=_read(session, FailedMessage, review_queries.failed_messages()),
        stuck=_read(session, StuckMail, undelivered.stuck_by_kind(at)),
        silent_jobs=[one for one in silences(session, at) if one.silent],
        late_entries=late_entries(session),
        unplaced=_read(session, UnplacedReturn, review_queries.unplaced_returns()),
        erasures=_read(session, AskedErasure, review_queries.asked_erasures()),
        comparisons=unsettled(session),
    )


def _read(session: Session, kind: Callable[..., _One], query: Executable) -> list[_One]:
    """The rows of `query`, whose columns are the fields of `kind` in order."""
    return [kind(*row) for row in session.execute(query)]
