"""Tell readers that a deadline moved: one email per extension, to those who know another end and have not given.

Whoever extends a campaign queues these emails in the same transaction; `campaign deadline-emails` queues those that are
missing, such as for readers whose last appeal was being sent at that moment. `details.end` of a begun email is the end
that it named. The emails wait for the end of the recipient's quiet hours. They count toward the cap on appeal emails
but are not held back by it: they correct what we told the reader.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor
from campaign.campaigns.extensions import ExtensionResult, extend, public_extensions
from campaign.mailer.kinds import EmailKind
from campaign.mailer.outbox import WAITING
from campaign.mailer.queue import queue_from_select
from campaign.models import Campaign, Extension, OutboxMessage
from campaign.outreach import eligibility, segments

if TYPE_CHECKING:
    from campaign.mailer.outbox import EmailClaim

GAP = timedelta(hours=8)
"""How long after the email about an extension the reader gets no step of the same campaign."""

END = "end"
"""The key in `details` of the end that an email named, as `named_end` writes it."""
TOLD = "told"
"""The key in `details` of an email about an extension: the end that the reader was told before."""

_ASKING = (EmailKind.appeal.value, EmailKind.extension.value)


def named_end(deadline: datetime) -> str:
    """Return how `details` hold a deadline."""
    return deadline.astimezone(UTC).isoformat()


def find_extension(session: Session, campaign: Campaign) -> Extension | None:
    """Return the extension that set the current deadline."""
    moved = public_extensions(session, campaign)
    return moved[-1] if moved and moved[-1].deadline == campaign.deadline else None


@dataclass(frozen=True)
class DeadlineRequest:
    """A new deadline and its public reason as typed, and who asks for it; without an `actor`, the command line."""

    deadline: str
    reason: str
    recorded_by: str
    actor: Actor | None = None


@dataclass(frozen=True)
class ToldExtension:
    """An extension, and how many readers who were told another end get an email about it."""

    result: ExtensionResult
    told: int


def extend_and_tell(
    session: Session,
    campaign: Campaign,
    move: DeadlineRequest,
    at: datetime,
    mail_domain: str,
) -> ToldExtension:
    """Move the deadline and queue the emails about it; see `campaigns.extensions.extend`, whose errors this raises.

    Roll back instead of committing to learn whom an extension would reach.
    """
    result = extend(session, campaign, move.deadline, move.reason, move.recorded_by, at, move.actor)
    session.flush()
    told = 0 if result.repeated else queue_notices(session, campaign, at, mail_domain)
    return ToldExtension(result, told)


def queue_notices(session: Session, campaign: Campaign, at: datetime, mail_domain: str) -> int:
    """Queue the emails about the current deadline that are missing; return how many. None if it never moved later."""
    extensions = _to_tell(session, campaign, at)
    if not extensions:
        return 0
    people = segments.appeal_recipients(campaign)
    address = func.lower(people.c.email)
    emails = _recipients(campaign, extensions, people).add_columns(
        func.concat(literal(extensions[-1].id), literal(":"), address).label("subject_key"),
        literal(campaign.id).label("campaign_id"),
        people.c.email.label("recipient"),
        people.c.name,
        people.c.locale,
        people.c.timezone,
        func.jsonb_build_object(TOLD, _last_told(campaign, extensions, address), type_=JSONB).label(
            "details"
        ),
        literal(campaign.deadline).label("expires_at"),
        literal(at).label("next_attempt_at"),
        literal(at).label("created_at"),
    )
    return queue_from_select(session, EmailKind.extension, emails, mail_domain)


def count_due(session: Session, campaign: Campaign, at: datetime) -> int:
    """Return how many emails `queue_notices` would queue."""
    extensions = _to_tell(session, campaign, at)
    if not extensions:
        return 0
    people = segments.appeal_recipients(campaign)
    found = _recipients(campaign, extensions, people).add_columns(people.c.email).subquery()
    return session.scalars(select(func.count()).select_from(found)).one()


def _to_tell(session: Session, campaign: Campaign, at: datetime) -> Sequence[Extension]:
    """Return every change of the deadline, oldest first, if the last is an extension to be told; else nothing."""
    if not campaign.is_open(at):
        return ()
    moved = public_extensions(session, campaign)
    return () if not moved or moved[-1].closed_early else moved


def _recipients(
    campaign: Campaign, extensions: Sequence[Extension], people: Subquery
) -> Select[Any]:
    address = func.lower(people.c.email)
    now = named_end(campaign.deadline)
    queued_before = exists().where(
        OutboxMessage.kind == EmailKind.extension.value,
        OutboxMessage.subject_key == func.concat(literal(extensions[-1].id), literal(":"), address),
    )
    left_out = (
        queued_before,
        _told(campaign, address, _end(extensions) == now),
        eligibility.suppressed(address, campaign.id),
        eligibility.has_given(address, campaign.id),
    )
    told_another = _told(campaign, address, _end(extensions) != now)
    return select().select_from(people).where(told_another, *(~one for one in left_out))


def _told(
    campaign: Campaign,
    address: ColumnElement[str],
    which: ColumnElement[bool],
) -> ColumnElement[bool]:
    return exists().where(*_begun(campaign, address), which).correlate_except(OutboxMessage)


def _begun(campaign: Campaign, address: ColumnElement[str]) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for emails of the campaign that the reader got or may have got."""
    return (
        OutboxMessage.campaign_id == campaign.id,
        OutboxMessage.kind.in_(_ASKING),
        OutboxMessage.begun_at.is_not(None),
        func.lower(OutboxMessage.recipient) == address,
    )


def _end(extensions: Sequence[Extension]) -> ColumnElement[str]:
    """Return the end that an email named. Emails begun by an earlier version of the service do not say it."""
    by_time = case(
        *(
            (OutboxMessage.begun_at <= one.created_at, literal(named_end(one.previous_deadline)))
            for one in extensions
        ),
        else_=literal(named_end(extensions[-1].deadline)),
    )
    return func.coalesce(OutboxMessage.details[END].astext, by_time)


def _last_told(
    campaign: Campaign, extensions: Sequence[Extension], address: ColumnElement[str]
) -> ColumnElement[str]:
    return (
        select(_end(extensions))
        .where(*_begun(campaign, address))
        .order_by(OutboxMessage.begun_at.desc())
        .limit(1)
        .correlate_except(OutboxMessage)
        .scalar_subquery()
    )


def being_told(
    campaign: Campaign, address: ColumnElement[str], at: datetime
) -> ColumnElement[bool]:
    """Whether an email about an extension to this address, in lower case, waits or was begun within GAP."""
    waits = and_(
        OutboxMessage.state.in_(WAITING),
        OutboxMessage.begun_at.is_(None),
        OutboxMessage.expires_at > at,
    )
    return (
        exists()
        .where(
            OutboxMessage.campaign_id == campaign.id,
            OutboxMessage.kind == EmailKind.extension.value,
            func.lower(OutboxMessage.recipient) == address,
            or_(waits, OutboxMessage.begun_at > at - GAP),
        )
        .correlate_except(OutboxMessage)
    )


def obsolete_reason(session: Session, claim: "EmailClaim", campaign: Campaign) -> str:
    """Return why this email about an extension must not be sent any more, or ''."""
    moved = public_extensions(session, campaign)
    number, _, address = claim.subject_key.partition(":")
    if not moved or str(moved[-1].id) != number:
        return "The deadline has moved again, and that has its own email."
    now = named_end(campaign.deadline)
    told = session.scalar(select(_told(campaign, literal(address), _end(moved) == now)))
    return "A later email has already named the new deadline." if told else ""
