"""Count how many people each step would reach now. Used by the staff page; writes nothing."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Subquery, func, select, true
from sqlalchemy.orm import Session

from campaign.campaigns import schedule
from campaign.campaigns.step_names import step_name
from campaign.models import Campaign, CampaignStep
from campaign.outreach import eligibility, segments
from campaign.outreach.countdown import preview_due
from campaign.outreach.email_cap import DEFAULT_CAP
from campaign.outreach.step_statistics import Counts, email_counts


@dataclass(frozen=True)
class StepRow:
    """A step of the email schedule; `name` is what its readers read.

    `window` is None if it is off or due before the campaign starts. `reach` is how many emails it would send, or None
    if its time is over.
    """

    step: CampaignStep
    name: str
    due: datetime
    window: schedule.Window | None
    counts: Counts
    reach: int | None

    def state(self, at: datetime) -> str:
        """Return the state in a word or two."""
        if not self.step.enabled:
            return "off"
        if self.window is None or self.window.closes <= self.window.due:
            return "not sent"
        if self.window.is_open(at):
            return "due"
        return "over" if self.window.closes <= at else "upcoming"


def step_rows(
    session: Session, campaign: Campaign, at: datetime, cap: int = DEFAULT_CAP
) -> list[StepRow]:
    """Return all steps of the campaign by due time. The step that is due now is counted without quiet hours."""
    every = schedule.list_steps(session, campaign.id)
    windows = {window.step.id: window for window in schedule.windows(campaign, every)}
    counts = email_counts(session, campaign)
    now = _due_now(session, campaign, at, cap)
    asked, thanked = _expected(session, campaign)
    rows = []
    for step in sorted(every, key=lambda one: (schedule.due_at(campaign, one), one.id)):
        window = windows.get(step.id)
        reach = None
        if window and window.is_open(at):
            reach = now.get(step.key, 0)
        elif window and at < window.due < window.closes:
            reach = thanked if window.after_end else asked
        rows.append(
            StepRow(
                step,
                step_name(campaign, step),
                schedule.due_at(campaign, step),
                window,
                counts.get(step.id, Counts()),
                reach,
            )
        )
    return rows


def _due_now(session: Session, campaign: Campaign, at: datetime, cap: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for queued in preview_due(session, campaign.id, at, at_any_hour=True, cap=cap):
        found[queued.key] = found.get(queued.key, 0) + queued.count
    return found


def _expected(session: Session, campaign: Campaign) -> tuple[int, int]:
    """Return how many would get an appeal if a step were due now, and how many would get the result."""
    # Recently imported lists have no statistics yet; see `outreach.countdown`.
    session.execute(select(func.set_config("enable_nestloop", "off", true())))
    asked = _count(session, campaign, segments.appeal_recipients(campaign), gave=False)
    givers = _count(session, campaign, segments.thank_you_recipients(campaign), gave=True)
    informed = _count(session, campaign, segments.wrap_up_recipients(campaign), gave=False)
    return asked, givers + informed


def _count(session: Session, campaign: Campaign, people: Subquery, *, gave: bool) -> int:
    address = func.lower(people.c.email)
    query = select(func.count()).select_from(people)
    query = query.where(~eligibility.suppressed(address, campaign.id))
    if not gave:
        query = query.where(~eligibility.has_given(address, campaign.id))
    return session.scalars(query).one()
