"""A deadline that is moved: later only, with a reason, in public. Commands and the staff's pages call this.

Queued letters follow: what they tell is written when they are sent, and until when they may be sent is set anew here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from structlog import get_logger

from campaign import clock
from campaign.errors import ExtensionRefused
from campaign.models import Campaign, CampaignState, Extension, OutboxMessage, OutboxState
from campaign.services import steps
from campaign.services.audience import THANK_YOU, WRAP_UP

LONGEST_REASON = 300

log = get_logger(__name__)


@dataclass(frozen=True)
class Extended:
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
) -> Extended:
    """Move the end of `campaign` to `deadline`, written as for a new campaign. The same again changes nothing.

    Raises ExtensionRefused, or DeadlineInvalid for what names no moment. Locks the campaign's row until the commit, so
    that its result is not frozen meanwhile, and holds the countdown's runs off.
    """
    because = _reason(reason)
    steps.lock_countdown(session, campaign.id)
    campaign = session.get_one(Campaign, campaign.id, populate_existing=True, with_for_update=True)
    wanted = clock.parse_deadline(deadline, campaign.zone)
    before = _same(session, campaign, wanted)
    if before is not None:
        return Extended(before, reopened=False, repeated=True)
    _check(campaign, wanted, at)
    reopened = campaign.state(at) == CampaignState.closed
    extension = Extension(
        campaign_id=campaign.id,
        previous_deadline=campaign.deadline,
        deadline=wanted,
        reason=because,
        recorded_by=recorded_by,
        created_at=at,
    )
    session.add(extension)
    campaign.deadline = wanted
    campaign.deadline_wall_clock = wanted.astimezone(campaign.zone).replace(tzinfo=None).isoformat()
    session.flush()
    _take_back_wrap_up(session, campaign)
    steps.refresh_expiry(session, campaign)
    session.execute(select(func.pg_notify("progress", str(campaign.id))))
    log.info("deadline_moved", campaign=campaign.slug, deadline=wanted.isoformat())
    return Extended(extension, reopened=reopened, repeated=False)


def public_extensions(session: Session, campaign: Campaign) -> Sequence[Extension]:
    """What was moved, the first move first; every one of them is shown."""
    query = select(Extension).where(Extension.campaign_id == campaign.id)
    return session.scalars(query.order_by(Extension.previous_deadline)).all()


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
        select(Extension).where(
            Extension.campaign_id == campaign.id, Extension.deadline == campaign.deadline
        )
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
            OutboxMessage.kind.in_([THANK_YOU, WRAP_UP]),
            OutboxMessage.state == OutboxState.queued.value,
            OutboxMessage.begun_at.is_(None),
        )
        .execution_options(synchronize_session=False)
    )
