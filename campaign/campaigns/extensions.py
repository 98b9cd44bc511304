"""A deadline that is moved, with a reason and in public: later, or to this moment where staff close early.

Commands and the staff's pages call this.

Queued letters follow: what they tell is written when they are sent, and until when they may be sent is set anew here.
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
    """What came of it. `reopened`: the campaign was over and takes gifts again. `repeated`: it stood already."""

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
    """Move the end of `campaign` to `deadline`, written as for a new campaign. The same again changes nothing.

    `actor`: who of the staff does it; else whoever sits at the command line, as `recorded_by` names them.

    Raises ExtensionRefused, or DeadlineInvalid for what names no moment. Locks the campaign's row until the commit, so
    that its result is not frozen meanwhile, and holds the countdown's runs off.
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
    _take_back_wrap_up(session, campaign)
    return ExtensionResult(extension, reopened=reopened, repeated=False)


def close_early(
    session: Session, campaign: Campaign, reason: str, recorded_by: str, actor: Actor
) -> ExtensionResult:
    """End an open campaign at this moment: what was charged before counts, whenever it is booked. Again: nothing.

    Raises ExtensionRefused. Appeals that wait are dropped when their turn comes; the wrap-up is due.
    """
    because = _reason(reason)
    campaign = _locked(session, campaign)
    # Read only now: what was booked while we waited for the lock was charged before.
    at = clock.now()
    state = campaign.state(at)
    if state == CampaignState.closed:
        last = _same(session, campaign, campaign.deadline)
        if last is not None and last.closed_early:
            return ExtensionResult(last, reopened=False, repeated=True)
    if state != CampaignState.open:
        raise ExtensionRefused(
            f"{campaign.slug} is {state.value}; only an open campaign can be closed."
        )
    return ExtensionResult(
        _move(session, campaign, DeadlineMove(at, because, recorded_by, at), actor),
        reopened=False,
        repeated=False,
    )


@dataclass(frozen=True)
class DeadlineMove:
    """To which moment the deadline moves, why, by whom and when."""

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
    """What was moved, the first move first; every one of them is shown."""
    query = select(Extension).where(Extension.campaign_id == campaign.id)
    return session.scalars(query.order_by(Extension.id)).all()


def _reason(reason: str) -> str:
    """The reason as the end of a public sentence that begins with “because”."""
    because = " ".join(reason.split()).rstrip(".").removeprefix("because ").removeprefix("Because ")
    if not because:
        raise ExtensionRefused("Say why the deadline moves; the reason is shown to everybody.")
    if len(because) > LONGEST_REASON or not because.isprintable():
        raise ExtensionRefused(
            f"The reason is shown as one sentence: at most {LONGEST_REASON} characters, no control characters."
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
            f"The result of {campaign.slug} is final; begin a new campaign with `campaign create`."
        )
    zone = campaign.zone
    if wanted <= campaign.deadline:
        raise ExtensionRefused(
            f"{wanted.astimezone(zone)} is not after the present deadline, {campaign.deadline.astimezone(zone)};"
            " a deadline only moves to a later moment."
        )
    if wanted <= at:
        raise ExtensionRefused(
            f"{wanted.astimezone(zone)} is over already; give a moment that is still to come."
        )


def _take_back_wrap_up(session: Session, campaign: Campaign) -> None:
    """What was queued at the former end is queued anew at the new one, for those who have given by then."""
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
