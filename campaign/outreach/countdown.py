"""Queue a campaign's scheduled emails: one row per (campaign, step, person), in one statement for all recipients.

`campaign deadline-emails` calls this for one campaign per transaction. The statement skips what is already queued, and
two unique indexes reject duplicates, so runs may happen at any time and concurrently.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Interval,
    Select,
    Subquery,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session

from campaign.campaigns import schedule
from campaign.campaigns.quiet_hours import quiet_end
from campaign.campaigns.step_names import step_name
from campaign.mailer.kinds import EmailKind
from campaign.mailer.queue import queue_from_select
from campaign.models import (
    Campaign,
    CampaignStep,
    OutboxMessage,
    Reminder,
    StepBasis,
)
from campaign.outreach import (
    eligibility,
    email_cap,
    extension_notices,
    introductions,
    reminders,
    segments,
)


@dataclass(frozen=True)
class Queued:
    """What a run queued for one step of a campaign, or would queue: `count` emails of one kind.

    `key` is the step's key, or `reminder` or `extension`; `name` is what readers read in the step, '' for the others.
    `closes` is when they expire.
    """

    campaign: str
    key: str
    kind: EmailKind
    count: int
    due: datetime
    closes: datetime
    name: str = ""


def campaigns_to_mail(session: Session, at: datetime) -> Sequence[tuple[int, str]]:
    """Return the id and slug of each campaign that may have emails to queue or reminders to erase, oldest first."""
    expiry = func.coalesce(CampaignStep.expires_after, schedule.WRAP_UP_HOURS)
    wrapping_up = exists().where(
        CampaignStep.campaign_id == Campaign.id,
        CampaignStep.basis == StepBasis.after_end.value,
        Campaign.deadline + func.make_interval(0, 0, 0, 0, expiry, type_=Interval) > at,
    )
    reminded = exists().where(Reminder.campaign_id == Campaign.id)
    not_final = and_(
        Campaign.finalized_at.is_(None),
        Campaign.deadline + func.make_interval(0, 0, 0, Campaign.grace_days, type_=Interval) > at,
    )
    running = and_(Campaign.starts_at <= at, or_(not_final, wrapping_up))
    found = session.execute(
        select(Campaign.id, Campaign.slug).where(or_(running, reminded)).order_by(Campaign.id)
    )
    return [(row.id, row.slug) for row in found]


def queue_due(
    session: Session,
    campaign_id: int,
    at: datetime,
    mail_domain: str,
    *,
    cap: int = email_cap.DEFAULT_CAP,
) -> list[Queued]:
    """Queue what is due for this campaign at `at`; return what was queued. A step without recipients has a count of 0.

    `cap` is `EMAIL_CAP`: nobody gets more appeal emails in seven days, over all campaigns.

    Waits for any concurrent run of the same campaign and then sees its rows.
    """
    schedule.lock_schedule(session, campaign_id)
    campaign = session.get_one(Campaign, campaign_id, populate_existing=True)
    queued = _told(campaign, extension_notices.queue_notices(session, campaign, at, mail_domain))
    for found, emails in _emails(session, campaign, at, cap):
        count = queue_from_select(session, found.kind, emails, mail_domain)
        queued.append(replace(found, count=count))
    reminded = reminders.queue_due(session, campaign, at, mail_domain)
    return _by_step(queued) + _reminded(campaign, reminded)


def preview_due(
    session: Session,
    campaign_id: int,
    at: datetime,
    *,
    at_any_hour: bool = False,
    cap: int = email_cap.DEFAULT_CAP,
) -> list[Queued]:
    """Return what `queue_due` would queue now, without writing or waiting.

    `at_any_hour` also counts recipients in their quiet hours, whose emails are queued later.
    """
    campaign = session.get_one(Campaign, campaign_id, populate_existing=True)
    queued = _told(campaign, extension_notices.count_due(session, campaign, at))
    for found, emails in _emails(session, campaign, at, cap, at_any_hour=at_any_hour):
        counted = select(func.count()).select_from(emails.subquery())
        queued.append(replace(found, count=session.scalars(counted).one()))
    return _by_step(queued) + _reminded(campaign, reminders.count_due(session, campaign, at))


def _by_step(queued: Iterable[Queued]) -> list[Queued]:
    """Add up what was queued for one step in different time zones."""
    found: dict[tuple[str, str], Queued] = {}
    for one in queued:
        first = found.setdefault((one.key, one.kind), replace(one, count=0))
        found[one.key, one.kind] = replace(first, count=first.count + one.count)
    return list(found.values())


def _told(campaign: Campaign, count: int) -> list[Queued]:
    if not count:
        return []
    kind = EmailKind.extension
    return [Queued(campaign.slug, kind, kind, count, campaign.starts_at, campaign.deadline)]


def _reminded(campaign: Campaign, count: int) -> list[Queued]:
    if not count:
        return []
    kind = EmailKind.reminder
    return [Queued(campaign.slug, kind, kind, count, campaign.starts_at, campaign.deadline)]


def _emails(
    session: Session, campaign: Campaign, at: datetime, cap: int, *, at_any_hour: bool = False
) -> list[tuple[Queued, Select[Any]]]:
    """Return the emails to queue for the step that is open, by kind.

    Near the end two steps may be open, each in other time zones: see `schedule.windows`.

    Recently imported lists have no statistics yet. The planner would assume that they are short and choose nested
    loops, which compare every recipient with every row of the other tables.
    """
    session.execute(select(func.set_config("enable_nestloop", "off", true())))
    found = []
    steps = schedule.list_steps(session, campaign.id)
    for kind, people in _audiences(campaign, at):
        zones = session.scalars(select(people.c.timezone).distinct()).all()
        by_step = _open_by_zone(campaign, steps, zones, at, at_any_hour=at_any_hour)
        for window, names in by_step:
            name = step_name(campaign, window.step)
            queued = Queued(
                campaign.slug, window.step.key, kind, 0, window.due, window.closes, name
            )
            rows = _rows(campaign, window, kind, people, at).where(_lives_in(people, names))
            if kind == EmailKind.appeal:
                every = schedule.windows(campaign, steps)
                limits = email_cap.limits_for(window, every, at, cap)
                rows = rows.where(*_may_be_asked(campaign, people, at, limits))
            found.append((queued, rows))
    return found


def _audiences(campaign: Campaign, at: datetime) -> list[tuple[EmailKind, Subquery]]:
    """Until the deadline, people are asked. Then donors are thanked and others get the result; nobody gets both."""
    if at < campaign.deadline:
        return [(EmailKind.appeal, segments.appeal_recipients(campaign))]
    return [
        (EmailKind.thank_you, segments.thank_you_recipients(campaign)),
        (EmailKind.wrap_up, segments.wrap_up_recipients(campaign)),
    ]


def _open_by_zone(
    campaign: Campaign,
    steps: Sequence[CampaignStep],
    zones: Iterable[str | None],
    at: datetime,
    *,
    at_any_hour: bool,
) -> list[tuple[schedule.Window, list[str | None]]]:
    """Return the windows that are open now, each with the recipients' time zones in which it is and nobody sleeps.

    A window that is open where nobody lives, or where everybody sleeps, is listed without zones.
    """
    usual = schedule.open_window(campaign, steps, at)
    found: dict[schedule.Window, list[str | None]] = {usual: []} if usual else {}
    for name in zones:
        zone = eligibility.reader_zone(campaign, name)
        window = schedule.open_window(campaign, steps, at, zone)
        if window and (at_any_hour or not quiet_end(at, zone)):
            found.setdefault(window, []).append(name)
    return list(found.items())


def _may_be_asked(
    campaign: Campaign, people: Subquery, at: datetime, limits: Sequence[email_cap.Limit]
) -> list[ColumnElement[bool]]:
    """Whether people have room for another email, and are not just being told of an extension."""
    address = func.lower(people.c.email)
    told_now = extension_notices.being_told(campaign, address, at)
    return [~email_cap.has_no_room(address, at, limits), ~told_now]


def _lives_in(people: Subquery, names: Sequence[str | None]) -> ColumnElement[bool]:
    zone = people.c.timezone
    named = zone.in_([name for name in names if name is not None])
    return or_(zone.is_(None), named) if None in names else named


def _rows(
    campaign: Campaign,
    window: schedule.Window,
    kind: EmailKind,
    people: Subquery,
    at: datetime,
) -> Select[Any]:
    address = func.lower(people.c.email)
    queued_before = exists().where(
        OutboxMessage.step_id == window.step.id, func.lower(OutboxMessage.recipient) == address
    )
    left_out = [queued_before, eligibility.suppressed(address, campaign.id)]
    if kind != EmailKind.thank_you:
        left_out.append(eligibility.has_given(address, campaign.id))
    return select(
        func.concat(literal(window.step.id), literal(":"), address).label("subject_key"),
        literal(campaign.id).label("campaign_id"),
        literal(window.step.id).label("step_id"),
        introductions.details(campaign, kind, address).label("details"),
        people.c.email.label("recipient"),
        people.c.name,
        people.c.locale,
        people.c.timezone,
        literal(window.closes).label("expires_at"),
        literal(at).label("next_attempt_at"),
        literal(at).label("created_at"),
    ).where(*(~condition for condition in left_out))
