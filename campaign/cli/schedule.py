"""`campaign schedule list|edit|add`: the email schedule of a campaign."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from campaign.campaigns import schedule as countdown_steps
from campaign.campaigns import schedule_edits
from campaign.campaigns.campaigns import find_campaign
from campaign.campaigns.schedule_edits import StepChange
from campaign.campaigns.step_names import step_name
from campaign.core.errors import StepInvalid
from campaign.models import Campaign, CampaignStep
from campaign.outreach.step_statistics import Counts, email_counts
from campaign.runtime.context import make_installation

_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group("schedule")
def schedule() -> None:
    """Manage the email schedule of a campaign.

    Each step of the schedule is one email: when it is due, until when it may be sent, and its text.
    """


@schedule.command("list")
@click.argument("slug")
def list_steps(slug: str) -> None:
    """List the steps of the campaign SLUG.

    Prints when each is due, in the campaign's time zone, and how many of its emails were sent, queued, dropped or
    failed.
    """
    installation = make_installation(broker=False)
    with installation.sessions() as session:
        campaign = find_campaign(session, slug)
        every = countdown_steps.list_steps(session, campaign.id)
        windows = {window.step.id: window for window in countdown_steps.windows(campaign, every)}
        counts = email_counts(session, campaign)
        click.echo(f"{slug}: times in {campaign.timezone}. Emails are sent between the two times.")
        for step in sorted(every, key=lambda each: countdown_steps.due_at(campaign, each)):
            when = _when(campaign, step, windows.get(step.id))
            counted = _counted(counts.get(step.id, Counts()))
            click.echo(f"{step.key:<12} {when}  “{step_name(campaign, step)}”  {counted}")


def _when(campaign: Campaign, step: CampaignStep, window: countdown_steps.Window | None) -> str:
    zone = campaign.zone
    due = countdown_steps.due_at(campaign, step).astimezone(zone)
    if not step.enabled:
        return f"{due:%Y-%m-%d %H:%M %Z}  off"
    if window is None:
        return f"{due:%Y-%m-%d %H:%M %Z}  not sent: before the campaign's start"
    if window.closes <= window.due:
        return (
            f"{due:%Y-%m-%d %H:%M %Z}  not sent: the next step is due at the same time or earlier"
        )
    closes = window.closes.astimezone(zone)
    edited = f", custom text for {', '.join(sorted(step.texts))}" if step.texts else ""
    return f"{due:%Y-%m-%d %H:%M %Z} to {closes:%Y-%m-%d %H:%M %Z}{edited}"


def _counted(counts: Counts) -> str:
    return (
        f"{counts.sent} sent, {counts.waiting} queued,"
        f" {counts.dropped} dropped, {counts.failed} failed"
    )


def _changing(command: _Command) -> _Command:
    """Add the options that describe a step."""
    options = (
        click.option(
            "--days",
            type=int,
            help="Due this many days before the deadline, at the same time of day.",
        ),
        click.option("--hours", type=int, help="Due this many hours before the deadline."),
        click.option("--expires", type=int, help="Not sent later than this many hours after due."),
        click.option(
            "--locale",
            default="en",
            show_default=True,
            help="The language of the subject and text.",
        ),
        click.option("--subject", help="The subject. Empty restores the default."),
        click.option("--opening", help="The first paragraphs. Empty restores the default."),
        click.option(
            "--opening-file", type=click.Path(path_type=Path), help="Read the opening from a file."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@schedule.command("edit")
@click.argument("slug")
@click.argument("key")
@_changing
@click.option("--no-expiry", is_flag=True, help="Allow sending until the next step is due.")
@click.option("--enable/--disable", "enabled", default=None, help="Turn the step on or off.")
def edit(
    slug: str,
    key: str,
    days: int | None,
    hours: int | None,
    expires: int | None,
    locale: str,
    subject: str | None,
    opening: str | None,
    opening_file: Path | None,
    *,
    no_expiry: bool,
    enabled: bool | None,
) -> None:
    """Change the step KEY of the campaign SLUG. Queued emails of the step are updated.

    The subject and the opening may contain {left}, {days_left}, {goal}, {raised}, {last_day}, {ending} and {title}.
    """
    if expires is not None and no_expiry:
        raise click.UsageError("Use either --expires or --no-expiry, not both.")
    change = StepChange(
        days=days,
        hours=hours,
        expires=schedule_edits.NO_EXPIRY if no_expiry else _positive(expires),
        enabled=enabled,
        locale=locale,
        subject=subject,
        opening=_opening(opening, opening_file),
    )
    if change == StepChange(locale=locale):
        raise click.UsageError("Nothing to change. Give at least one option; see --help.")
    _apply(slug, key, change, schedule_edits.change_step)


@schedule.command("add")
@click.argument("slug")
@click.argument("key")
@_changing
def add(
    slug: str,
    key: str,
    days: int | None,
    hours: int | None,
    expires: int | None,
    locale: str,
    subject: str | None,
    opening: str | None,
    opening_file: Path | None,
) -> None:
    """Add the step KEY to the campaign SLUG.

    KEY is a name like five_days. The step is due --days or --hours before the deadline.
    """
    change = StepChange(
        days=days,
        hours=hours,
        expires=_positive(expires),
        locale=locale,
        subject=subject,
        opening=_opening(opening, opening_file),
    )
    _apply(slug, key, change, schedule_edits.add_step)


def _apply(slug: str, key: str, change: StepChange, apply: Callable[..., CampaignStep]) -> None:
    installation = make_installation(broker=False)
    with installation.sessions.begin() as session:
        campaign = find_campaign(session, slug)
        step = apply(session, campaign, key, change)
        every = countdown_steps.list_steps(session, campaign.id)
        when = _when(campaign, step, countdown_steps.window_of(campaign, every, step.id))
    click.echo(f"{slug}: {key}: {when}")


def _positive(hours: int | None) -> int | None:
    if hours is not None and hours < 1:
        raise StepInvalid("A step must expire at least one hour after it is due.")
    return hours


def _opening(text: str | None, path: Path | None) -> str | None:
    if path is None:
        return text
    if text is not None:
        raise click.UsageError("Use either --opening or --opening-file, not both.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise StepInvalid(f"Cannot read the opening {path} as UTF-8 text: {error}.") from error
