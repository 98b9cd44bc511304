"""Change a campaign's deadline, with a public reason: to a later time, or to now when staff close it early.

Commands and staff pages call this.

Queued emails adapt: their text is rendered when they are sent, and this module updates when they expire.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.audit import audit_log
from campaign.audit.audit_log import Actor, Subject
from campaign.campaigns import schedule
from campaign.core import clock
from campaign.core.errors import ExtensionRefused
from campaign.mailer.kinds import EmailKind
from campaign.models import (
    Campaign,
    CampaignState,
    Extension,
    OutboxMessage,
    OutboxState,
    StaffRole,
)

LONGEST_REASON = 300

log = get_logger(__name__)


@dataclass(frozen=True)
class ExtensionResult:
    """The result. `reopened`: the campaign had ended and is open again. `repeated`: the change was already saved."""

    extension: Extension
    reopened: bool
    repeated: bool


def extend(
    session: Session,
    campaign: Campaign,
    deadline: str,
    reason: str,
    recorded_by: str,
    at: datetime,
    actor: Actor | None = None,
) -> ExtensionResult:
    """Move the deadline of `campaign` to `deadline`, written as for a new campaign. A repeat changes nothing.

    `actor` is the staff member; without one, it is the command line, used by the person named in `recorded_by`.

    Raises ExtensionRefused, or DeadlineInvalid if `deadline` is not a valid time. Locks the campaign's row until the
    commit, so that its result is not frozen in the meantime, and blocks runs of the email schedule.
    """
    because = _reason(reason)
    campaign = _locked(session, campaign)
    wanted = clock.parse_deadline(deadline, campaign.zone)
    before = _same(session, campaign, wanted)
    if before is not None:
        return ExtensionResult(before, reopened=False, repeated=True)
    _check(campaign, wanted, at)
    reopened = campaign.state(at) == CampaignState.closed
    who = actor or Actor(f"command line: {recorded_by}", StaffRole.admin)
    extension = _move(session, campaign, DeadlineMove(wanted, because, recorded_by, at), who)
    _delete_queued_wrap_up(session, campaign)
    return ExtensionResult(extension, reopened=reopened, repeated=False)


def close_early(
    session: Session, campaign: Campaign, reason: str, recorded_by: str, actor: Actor
) -> ExtensionResult:
    """End an open campaign now. Gifts charged before now count, whenever they are booked. A repeat changes nothing.

    Raises ExtensionRefused. Queued campaign emails are dropped when they come up for sending; the wrap-up becomes due.
    """
    because = _reason(reason)
    campaign = _locked(session, campaign)
    # Read the clock after taking the lock: gifts booked while we waited were charged before this time.
    at = clock.now()
    state = campaign.state(at)
    if state == CampaignState.closed:
        last = _same(session, campaign, campaign.deadline)
        if last is not None and last.closed_early:
            return ExtensionResult(last, reopened=False, repeated=True)
    if state != CampaignState.open:
        raise ExtensionRefused(
            f"{campaign.slug} is {state.value}; only an open campaign can be closed early."
        )
    return ExtensionResult(
        _move(session, campaign, DeadlineMove(at, because, recorded_by, at), actor),
        reopened=False,
        repeated=False,
    )


@dataclass(frozen=True)
class DeadlineMove:
    """A change of the deadline: the new deadline, the reason, who made the change and when."""

    deadline: datetime
    reason: str
    recorded_by: str
    at: datetime


def _locked(session: Session, campaign: Campaign) -> Campaign:
    schedule.lock_schedule(session, campaign.id)
    return session.get_one(Campaign, campaign.id, populate_existing=True, with_for_update=True)


def _move(session: Session, campaign: Campaign, move: DeadlineMove, actor: Actor) -> Extension:
    extension = Extension(
        campaign_id=campaign.id,
        previous_deadline=campaign.deadline,
        deadline=move.deadline,
        reason=move.reason,
        recorded_by=move.recorded_by,
        created_at=move.at,
    )
    session.add(extension)
    campaign.deadline = move.deadline
    local = move.deadline.astimezone(campaign.zone).replace(tzinfo=None)
    campaign.deadline_wall_clock = local.isoformat()
    session.flush()
    schedule.refresh_expiry(session, campaign)
    audit_log.record(
        session,
        actor,
        "campaign.closed" if extension.closed_early else "deadline.extended",
        Subject("campaign", campaign.slug, campaign.id),
        before={"deadline": extension.previous_deadline.isoformat()},
        after={"deadline": move.deadline.isoformat(), "reason": move.reason},
    )
    session.execute(select(func.pg_notify("progress", str(campaign.id))))
    log.info("deadline_moved", campaign=campaign.slug, deadline=move.deadline.isoformat())
    return extension


def public_extensions(session: Session, campaign: Campaign) -> Sequence[Extension]:
    """List all changes of the deadline, oldest first; all of them are public."""
    query = select(Extension).where(Extension.campaign_id == campaign.id)
    return session.scalars(query.order_by(Extension.id)).all()


def _reason(reason: str) -> str:
    """Return the reason as it follows “because” in the public sentence."""
    because = " ".join(reason.split()).rstrip(".").removeprefix("because ").removeprefix("Because ")
    if not because:
        raise ExtensionRefused("Enter a reason for changing the deadline. It is public.", "reason")
    if len(because) > LONGEST_REASON or not because.isprintable():
        raise ExtensionRefused(
            f"Enter the reason as one sentence of at most {LONGEST_REASON} characters, without control characters.",
            "reason",
        )
    return because


def _same(session: Session, campaign: Campaign, wanted: datetime) -> Extension | None:
    if wanted != campaign.deadline:
        return None
    return session.scalar(
        select(Extension)
        .where(Extension.campaign_id == campaign.id, Extension.deadline == campaign.deadline)
        .order_by(Extension.id.desc())
        .limit(1)
    )


def _check(campaign: Campaign, wanted: datetime, at: datetime) -> None:
    if campaign.is_final(at):
        raise ExtensionRefused(
            f"The result of {campaign.slug} is final. Create a new campaign with `campaign create`."
        )
    zone = campaign.zone
    if wanted <= campaign.deadline:
        raise ExtensionRefused(
            f"{wanted.astimezone(zone)} is not after the current deadline, {campaign.deadline.astimezone(zone)}."
            " A deadline can only move to a later time."
        )
    if wanted <= at:
        raise ExtensionRefused(
            f"{wanted.astimezone(zone)} is in the past. Enter a time in the future."
        )


def _delete_queued_wrap_up(session: Session, campaign: Campaign) -> None:
    """Delete the wrap-up emails queued at the old deadline; the new one queues them again by who has given."""
    session.execute(
        delete(OutboxMessage)
        .where(
            OutboxMessage.campaign_id == campaign.id,
            OutboxMessage.kind.in_([EmailKind.thank_you, EmailKind.wrap_up]),
            OutboxMessage.state == OutboxState.queued.value,
            OutboxMessage.begun_at.is_(None),
        )
        .execution_options(synchronize_session=False)
    )
