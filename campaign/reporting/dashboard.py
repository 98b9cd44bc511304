"""The dashboard's figures, read in one snapshot, so that its total matches the public progress bar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BindParameter, Row, bindparam, func, select
from sqlalchemy.orm import Session

from campaign.campaigns.progress import Progress, read_progress
from campaign.campaigns.schedule import due_at, list_steps
from campaign.campaigns.step_names import step_name
from campaign.core import clock
from campaign.models import (
    Campaign,
    CodeVisit,
    Donation,
    DonationState,
    Frequency,
    ProgressShard,
    Subscription,
    SubscriptionState,
    TallyKind,
)
from campaign.outreach.step_statistics import Counts, email_counts
from campaign.reporting import tallies
from campaign.reporting.pace import Forecast, Pace, forecast, forecast_by_previous_campaign, pace
from campaign.reporting.tallies import Tally


@dataclass(frozen=True)
class StepEmails:
    """The emails of one schedule step by state. `name` is what readers read; `due` is when the step starts."""

    key: str
    name: str
    due: datetime
    enabled: bool
    counts: Counts


def email_statistics(session: Session, campaign: Campaign) -> Sequence[StepEmails]:
    """Return the email counts of each schedule step, in order of its due time."""
    counts = email_counts(session, campaign)
    rows = [
        StepEmails(
            step.key,
            step_name(campaign, step),
            due_at(campaign, step),
            step.enabled,
            counts.get(step.id, Counts()),
        )
        for step in list_steps(session, campaign.id)
    ]
    return sorted(rows, key=lambda row: (row.due, row.key))


def visits_by_code(session: Session, campaign: Campaign) -> Mapping[str, int]:
    """Return how often the appeal was opened through links with each code."""
    query = (
        select(CodeVisit.code, func.sum(CodeVisit.visits))
        .where(CodeVisit.campaign_id == campaign.id)
        .group_by(CodeVisit.code)
    )
    return {code: int(visits) for code, visits in session.execute(query)}


RECENT_HOURS = 48
TROUBLE = timedelta(hours=24)
_PERIODS = {Frequency.monthly: 12, Frequency.yearly: 1}


@dataclass(frozen=True)
class Pledges:
    """Active recurring gifts that started in this campaign. `yearly` is their total over twelve months, minor units."""

    monthly: int
    yearly_gifts: int
    yearly: int


@dataclass(frozen=True)
class PreviousCampaign:
    """The previous campaign. `totals` is what it had raised at the end of each of its days, in minor units."""

    title: str
    slug: str
    totals: Sequence[int]


@dataclass(frozen=True)
class Source:
    """A code, its gifts, and how often the appeal was opened with it (0 where visits are not counted)."""

    code: str
    tally: Tally
    visits: int


@dataclass(frozen=True)
class Dashboard:
    """All figures at one moment. Lists of days end with today, lists of hours with the current hour."""

    progress: Progress
    pledges: Pledges
    gave_before: int
    pace: Pace
    forecast: Forecast | None
    forecast_by_previous_campaign: int | None
    days: Sequence[Tally]
    totals: Sequence[int]
    length: int
    hours: Sequence[Tally]
    sizes: Sequence[Tally]
    frequencies: Sequence[Tally]
    sources: Sequence[Source]
    mail: Sequence[StepEmails]
    earlier: PreviousCampaign | None
    failed: int
    failures: Sequence[Row[str, str, str | None, datetime]]


def begin_snapshot(session: Session) -> None:
    """Make `session` read from one snapshot. Call this before any query."""
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def read_dashboard(session: Session, campaign: Campaign, at: datetime) -> Dashboard:
    """Return the figures of `campaign` at `at`. Call `begin_snapshot` on `session` first."""
    progress = read_progress(session, campaign, at)
    first, today = tallies.campaign_days(campaign, at)
    hours = tallies.read_tallies(session, campaign, TallyKind.hour)
    days = tallies.by_day(hours, first, today)
    earlier = _earlier(session, campaign)
    ended = at >= campaign.deadline
    failures = _failures(session, campaign, at)
    return Dashboard(
        progress=progress,
        pledges=_pledges(session, campaign),
        gave_before=_gave_before(session, campaign),
        pace=pace(campaign, progress.raised, hours, at),
        forecast=forecast(campaign, progress.raised, days, at),
        forecast_by_previous_campaign=None
        if earlier is None or ended
        else forecast_by_previous_campaign(
            progress.raised, progress.days_left, earlier.totals, campaign.currency
        ),
        days=days,
        totals=tallies.running_total(days),
        length=(clock.last_day(campaign.deadline, campaign.zone) - first).days + 1,
        hours=tallies.last_hours(hours, campaign.zone, min(at, campaign.deadline), RECENT_HOURS),
        sizes=tallies.by_size(session, campaign),
        frequencies=tallies.read_tallies(session, campaign, TallyKind.frequency),
        sources=_sources(tallies.by_code(session, campaign), visits_by_code(session, campaign)),
        mail=email_statistics(session, campaign),
        earlier=earlier,
        failed=len(failures),
        failures=failures,
    )


def _sources(found: Sequence[Tally], visits: Mapping[str, int]) -> list[Source]:
    known = {one.key: one for one in found}
    opened = sorted(set(visits) - set(known))
    every = [*found, *(Tally(code) for code in opened)]
    return [Source(one.key, one, visits.get(one.key, 0)) for one in every]


def _gave_before(session: Session, campaign: Campaign) -> int:
    query = select(func.coalesce(func.sum(ProgressShard.gave_before), 0))
    return int(session.scalars(query.where(ProgressShard.campaign_id == campaign.id)).one())


def _pledges(session: Session, campaign: Campaign) -> Pledges:
    # Literals instead of bound parameters, so that the planner can use the partial index.
    active: BindParameter[list[str]] = bindparam(
        "active",
        [SubscriptionState.active.value, SubscriptionState.past_due.value],
        expanding=True,
        literal_execute=True,
    )
    query = (
        select(
            Subscription.frequency, func.count(), func.coalesce(func.sum(Subscription.amount), 0)
        )
        .where(Subscription.campaign_id == campaign.id, Subscription.state.in_(active))
        .group_by(Subscription.frequency)
    )
    found = {Frequency(name): (count, int(sum_)) for name, count, sum_ in session.execute(query)}
    yearly = sum(found.get(name, (0, 0))[1] * times for name, times in _PERIODS.items())
    return Pledges(
        monthly=found.get(Frequency.monthly, (0, 0))[0],
        yearly_gifts=found.get(Frequency.yearly, (0, 0))[0],
        yearly=yearly,
    )


def _earlier(session: Session, campaign: Campaign) -> PreviousCampaign | None:
    """Return the latest campaign in the same currency with an earlier deadline, or None."""
    before = session.scalars(
        select(Campaign)
        .where(
            Campaign.currency == campaign.currency,
            Campaign.deadline < campaign.deadline,
            ~Campaign.archive,
        )
        .order_by(Campaign.deadline.desc())
        .limit(1)
    ).one_or_none()
    if before is None:
        return None
    hours = tallies.read_tallies(session, before, TallyKind.hour)
    first, last = tallies.campaign_days(before, before.deadline)
    return PreviousCampaign(
        before.title, before.slug, tallies.running_total(tallies.by_day(hours, first, last))
    )


def _failures(
    session: Session, campaign: Campaign, at: datetime
) -> Sequence[Row[str, str, str | None, datetime]]:
    """Return the failed payments of the last 24 hours, newest first, at most 100."""
    unsuccessful = (DonationState.declined.value, DonationState.failed.value)
    return session.execute(
        select(Donation.public_id, Donation.state, Donation.state_reason, Donation.created_at)
        .where(
            Donation.campaign_id == campaign.id,
            Donation.created_at >= at - TROUBLE,
            Donation.state.in_(unsuccessful),
        )
        .order_by(Donation.created_at.desc())
        .limit(100)
    ).all()
