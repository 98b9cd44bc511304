"""The list of undelivered emails for staff: by problem and kind, newest first, page by page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, select, true, union
from sqlalchemy.orm import Session

from campaign.core.errors import NotFound
from campaign.core.input_limits import LARGEST_KEY
from campaign.donors.keyset_paging import Cursor, Keys, Listing, read_keys
from campaign.donors.search_query import Entity
from campaign.mailer.undelivered import stuck
from campaign.models import Campaign, OutboxMessage, OutboxState


class DeliveryProblem(StrEnum):
    """What keeps an email from arriving."""

    stuck = "stuck"
    failed = "failed"
    retrying = "retrying"
    dropped = "dropped"


PROBLEM_TEXTS: Mapping[DeliveryProblem, str] = {
    DeliveryProblem.stuck: "due for more than an hour, or left behind by a worker that died",
    DeliveryProblem.failed: "given up; send it again once the cause is fixed",
    DeliveryProblem.retrying: "queued after an error, and tried again automatically",
    DeliveryProblem.dropped: "not sent, because it was no longer needed or allowed",
}
"""Each problem in words for staff."""


@dataclass(frozen=True)
class UndeliveredRow:
    """One email in the list. `campaign` is a title or ''; `stuck` says that it waits too long."""

    message: OutboxMessage
    campaign: str
    stuck: bool


def find_undelivered(
    session: Session,
    at: datetime,
    problem: DeliveryProblem | None,
    kind: str | None,
    cursor: Cursor,
) -> tuple[Sequence[UndeliveredRow], Keys]:
    """Return a page of the emails with this problem, or with any that needs attention: all but `dropped`."""

    def wanted(one: Entity) -> ColumnElement[bool]:
        return one.kind == kind if kind else true()

    listing = Listing(OutboxMessage, ("id",), near=lambda _one: _has(problem, at), rest=wanted)
    keys = read_keys(session, listing, None, cursor)
    return _rows(session, keys.ids, at), keys


def get_message(session: Session, message_id: int, at: datetime) -> UndeliveredRow:
    """Return one email, whatever its state. Raises NotFound."""
    found = _rows(session, [message_id], at) if message_id <= LARGEST_KEY else []
    if not found:
        raise NotFound(f"There is no email {message_id}.")
    return found[0]


def count_problems(session: Session, at: datetime) -> dict[DeliveryProblem, int]:
    """Return the number of emails by problem, without dropped ones, of which there may be very many."""
    attention = (DeliveryProblem.stuck, DeliveryProblem.failed, DeliveryProblem.retrying)
    return {
        one: session.scalars(select(func.count(OutboxMessage.id)).where(_has(one, at))).one()
        for one in attention
    }


def _has(problem: DeliveryProblem | None, at: datetime) -> ColumnElement[bool]:
    if problem is DeliveryProblem.stuck:
        return stuck(at)
    if problem is DeliveryProblem.retrying:
        return and_(
            OutboxMessage.state == OutboxState.queued.value, OutboxMessage.last_error.is_not(None)
        )
    if problem is not None:
        return OutboxMessage.state == OutboxState(problem.value).value
    attention = (DeliveryProblem.stuck, DeliveryProblem.failed, DeliveryProblem.retrying)
    # A union of ids: each part has an index of its own.
    parts = [select(OutboxMessage.id).where(_has(one, at)) for one in attention]
    return OutboxMessage.id.in_(union(*parts))


def _rows(session: Session, ids: Sequence[int], at: datetime) -> Sequence[UndeliveredRow]:
    rows = session.execute(
        select(OutboxMessage, func.coalesce(Campaign.title, ""), stuck(at))
        .outerjoin(Campaign, Campaign.id == OutboxMessage.campaign_id)
        .where(OutboxMessage.id.in_(ids))
        .order_by(OutboxMessage.id.desc())
    )
    return [UndeliveredRow(*row) for row in rows]
