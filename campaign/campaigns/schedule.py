"""The steps of a campaign's email schedule: the defaults, when each is due, and how long its window stays open.

Times are computed from the campaign's start and deadline and never stored, so a new deadline moves all of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case, func, select, true, update
from sqlalchemy.orm import Session

from campaign.campaigns.quiet_hours import evening_before, known_zone
from campaign.core import clock
from campaign.core.locks import AdvisoryLock, lock_until_commit
from campaign.mailer.kinds import EmailKind
from campaign.models import Campaign, CampaignStep, OutboxMessage, OutboxState, StepBasis

WRAP_UP_HOURS = 168
"""Hours after the deadline during which a wrap-up can still be queued and sent."""

INTRODUCED = timedelta(hours=4)
"""How long after a campaign's start an email may be moved forward to: its introduction comes first."""

_LOCK_TIMEOUT = "2min"
"""For this transaction only: another run may be queuing a long list."""


class DefaultStep(NamedTuple):
    """A default step of every new campaign; the fields are columns of `CampaignStep`."""

    key: str
    basis: StepBasis
    offset: int = 0
    expires_after: int | None = None


DEFAULTS = (
    DefaultStep("opening", StepBasis.opening),
    DefaultStep("nine_days", StepBasis.days_before, 9),
    DefaultStep("seven_days", StepBasis.days_before, 7),
    DefaultStep("three_days", StepBasis.days_before, 3),
    DefaultStep("two_days", StepBasis.days_before, 2),
    DefaultStep("last_day", StepBasis.hours_before, 24),
    DefaultStep("last_hours", StepBasis.hours_before, 4),
    DefaultStep("wrap_up", StepBasis.after_end, 0, WRAP_UP_HOURS),
)

_ORDER = (
    StepBasis.days_before,
    StepBasis.hours_before,
    StepBasis.opening,
    StepBasis.after_end,
)
"""Of the steps due at one moment the last is sent. The opening wins: a campaign introduces itself first."""


@dataclass(frozen=True)
class Window:
    """When a step can be queued and sent: from `due` until before `closes`; empty if the next step is due then, too."""

    step: CampaignStep
    due: datetime
    closes: datetime

    @property
    def after_end(self) -> bool:
        return self.step.basis == StepBasis.after_end

    def is_open(self, at: datetime) -> bool:
        return self.due <= at < self.closes


def add_default_steps(session: Session, campaign: Campaign) -> None:
    """Add the default email schedule to a new campaign."""
    for step in DEFAULTS:
        session.add(
            CampaignStep(
                campaign_id=campaign.id,
                key=step.key,
                basis=step.basis.value,
                offset=step.offset,
                expires_after=step.expires_after,
                enabled=True,
                texts={},
            )
        )
    session.flush()


def list_steps(session: Session, campaign_id: int) -> Sequence[CampaignStep]:
    """List every step of the campaign, including disabled ones."""
    query = select(CampaignStep).where(CampaignStep.campaign_id == campaign_id)
    return session.scalars(query.order_by(CampaignStep.id)).all()


def due_at(campaign: Campaign, step: CampaignStep) -> datetime:
    """Return the instant at which `step` is due, in UTC.

    Days before the end are counted in the campaign's local time. If the clocks skip or repeat that time, the offset
    before the change applies, as for the end of a day. Hours before the end are elapsed hours.
    """
    match StepBasis(step.basis):
        case StepBasis.opening:
            return campaign.starts_at
        case StepBasis.days_before:
            return clock.days_earlier(campaign.deadline, campaign.zone, step.offset)
        case StepBasis.hours_before:
            return campaign.deadline - timedelta(hours=step.offset)
        case StepBasis.after_end:
            return campaign.deadline


def windows(
    campaign: Campaign, steps: Iterable[CampaignStep], zone: ZoneInfo | None = None
) -> list[Window]:
    """List the windows of the enabled steps in the order of time; no two of them overlap.

    Steps that would be due before the campaign's start are left out. Each window closes when the next step is due,
    when it expires, or at the campaign's deadline, whichever is first; a wrap-up's window only when it expires.

    With `zone`, the windows are those of recipients in that time zone: if the last email before the deadline would
    fall into their quiet hours, it is due in the evening before.
    """
    ahead = _in_order(
        (due, step)
        for step in steps
        if step.enabled and (due := due_at(campaign, step)) >= campaign.starts_at
    )
    if zone is not None:
        ahead = _moved_forward(campaign, ahead, zone)
    following = [due for due, _ in ahead[1:]] + [None]
    return [
        Window(step, due, _closes(campaign, step, due, after))
        for (due, step), after in zip(ahead, following, strict=True)
    ]


_DueStep = tuple[datetime, CampaignStep]


def _in_order(steps: Iterable[_DueStep]) -> list[_DueStep]:
    return sorted(
        steps, key=lambda pair: (pair[0], _ORDER.index(StepBasis(pair[1].basis)), pair[1].id)
    )


def _moved_forward(campaign: Campaign, ahead: list[_DueStep], zone: ZoneInfo) -> list[_DueStep]:
    """Move the last email before the deadline to the evening before, if all of its window is quiet in `zone`."""
    asking = [pair for pair in ahead if pair[1].basis != StepBasis.after_end]
    if not asking or asking[-1][1].basis == StepBasis.opening:
        return ahead
    due, last = asking[-1]
    evening = evening_before(due, campaign.deadline, zone)
    if evening is None or evening < campaign.starts_at + INTRODUCED:
        return ahead
    return _in_order((evening if step is last else at, step) for at, step in ahead)


def _closes(
    campaign: Campaign, step: CampaignStep, due: datetime, following: datetime | None
) -> datetime:
    expires_after = step.expires_after
    limits = [following] if following else []
    if step.basis == StepBasis.after_end:
        expires_after = expires_after or WRAP_UP_HOURS
    else:
        limits.append(campaign.deadline)
    if expires_after:
        limits.append(due + timedelta(hours=expires_after))
    return min(limits)


def open_window(
    campaign: Campaign,
    steps: Iterable[CampaignStep],
    at: datetime,
    zone: ZoneInfo | None = None,
) -> Window | None:
    """Return the one window in which a step can be queued at `at` (for `zone`), or None if none is open."""
    return next((one for one in windows(campaign, steps, zone) if one.is_open(at)), None)


def window_of(
    campaign: Campaign,
    steps: Iterable[CampaignStep],
    step_id: int | None,
    zone: ZoneInfo | None = None,
) -> Window | None:
    """Return the window of one step (for `zone`); None if the step is disabled or never due."""
    return next((one for one in windows(campaign, steps, zone) if one.step.id == step_id), None)


def lock_schedule(session: Session, campaign_id: int) -> None:
    """Lock the schedule until the commit, so that no other transaction queues its emails or moves the deadline.

    Without the lock, two runs that queue the same recipients could deadlock on each other's rows. The campaign's own
    row is not locked, because gifts must not wait for email.
    """
    session.execute(
        select(
            func.set_config("lock_timeout", _LOCK_TIMEOUT, true()),
            func.set_config("statement_timeout", _LOCK_TIMEOUT, true()),
        )
    )
    lock_until_commit(session, AdvisoryLock.COUNTDOWN, campaign_id)


def refresh_expiry(session: Session, campaign: Campaign) -> None:
    """After a change of the deadline or of a step, set queued emails to expire when their step's window now closes.

    If a step is now due later, its queued emails are postponed until then; if earlier, they move forward again. Emails
    of a step that no longer happens are left as they are: the worker drops them when it gets to them.
    """
    waiting = (
        OutboxMessage.state.in_([OutboxState.queued, OutboxState.sending]),
        OutboxMessage.bulk.is_(True),
        OutboxMessage.begun_at.is_(None),
        OutboxMessage.campaign_id == campaign.id,
    )
    steps = list_steps(session, campaign.id)
    for window in windows(campaign, steps):
        rows = (*waiting, OutboxMessage.step_id == window.step.id)
        _set_times(session, window, rows)
        zones = select(OutboxMessage.timezone).where(*rows).distinct()
        for name in session.scalars(zones).all():
            own = window_of(campaign, steps, window.step.id, known_zone(name) or campaign.zone)
            if own and own != window:
                there = OutboxMessage.timezone.is_not_distinct_from(name)
                _set_times(session, own, (*rows, there))
    session.execute(
        update(OutboxMessage)
        .where(*waiting, OutboxMessage.step_id.is_(None), OutboxMessage.kind == EmailKind.reminder)
        .values(expires_at=campaign.deadline)
        .execution_options(synchronize_session=False)
    )


def _set_times(session: Session, window: Window, rows: Iterable[ColumnElement[bool]]) -> None:
    session.execute(
        update(OutboxMessage)
        .where(*rows)
        .values(
            expires_at=window.closes,
            next_attempt_at=case(
                (OutboxMessage.attempts == 0, window.due),
                else_=func.greatest(OutboxMessage.next_attempt_at, window.due),
            ),
        )
        .execution_options(synchronize_session=False)
    )
