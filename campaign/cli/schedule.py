"""`campaign steps list|edit|add`: the countdown of a campaign."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from campaign.campaigns import schedule as countdown_steps
from campaign.campaigns import schedule_edits
from campaign.campaigns.campaigns import find_campaign
from campaign.campaigns.schedule_edits import StepChange
from campaign.core.errors import StepInvalid
from campaign.models import Campaign, CampaignStep
from campaign.outreach.step_statistics import Counts, email_counts
from campaign.runtime.context import make_installation

_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group("steps")
def schedule() -> None:
    """The steps of a campaign's countdown: when each is due, until when, and its words."""


@schedule.command("list")
@click.argument("slug")
def list_steps(slug: str) -> None:
    """Each step of the campaign SLUG: when it is due, in the campaign's zone, and what became of its letters."""
    installation = make_installation(broker=False)
    with installation.sessions() as session:
        campaign = find_campaign(session, slug)
        every = countdown_steps.list_steps(session, campaign.id)
        windows = {window.step.id: window for window in countdown_steps.windows(campaign, every)}
        counts = email_counts(session, campaign)
        click.echo(f"{slug}: times in {campaign.timezone}; a window ends with its second time.")
        for step in sorted(every, key=lambda each: countdown_steps.due_at(campaign, each)):
            when = _when(campaign, step, windows.get(step.id))
            click.echo(f"{step.key:<12} {when}  {_counted(counts.get(step.id, Counts()))}")


def _when(campaign: Campaign, step: CampaignStep, window: countdown_steps.Window | None) -> str:
    zone = campaign.zone
    due = countdown_steps.due_at(campaign, step).astimezone(zone)
    if not step.enabled:
        return f"{due:%Y-%m-%d %H:%M %Z}  switched off"
    if window is None:
        return f"{due:%Y-%m-%d %H:%M %Z}  before the campaign's start: not sent"
    if window.closes <= window.due:
        return f"{due:%Y-%m-%d %H:%M %Z}  the next step is due as soon: not sent"
    closes = window.closes.astimezone(zone)
    own = f", {', '.join(sorted(step.texts))} reworded" if step.texts else ""
    return f"{due:%Y-%m-%d %H:%M %Z} to {closes:%Y-%m-%d %H:%M %Z}{own}"


def _counted(counts: Counts) -> str:
    return (
        f"{counts.sent} sent, {counts.waiting} waiting,"
        f" {counts.dropped} dropped, {counts.failed} failed"
    )


def _changing(command: _Command) -> _Command:
    """The options that say what a step is to be."""
    options = (
        click.option("--days", type=int, help="Due so many days before the end, at its hour."),
        click.option("--hours", type=int, help="Due so many hours before the end."),
        click.option("--expires", type=int, help="May be sent until so many hours after."),
        click.option("--locale", default="en", show_default=True, help="Whose words these are."),
        click.option("--subject", help="The subject; an empty one goes back to the usual."),
        click.option("--opening", help="The first paragraphs; empty: back to the usual."),
        click.option(
            "--opening-file", type=click.Path(path_type=Path), help="The same, from a text file."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@schedule.command("edit")
@click.argument("slug")
@click.argument("key")
@_changing
@click.option("--no-expiry", is_flag=True, help="May be sent until the next step is due.")
@click.option("--enable/--disable", "enabled", default=None, help="Whether it is sent at all.")
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
    """Change the step KEY of the campaign SLUG. Letters that wait to be sent follow.

    A subject and an opening may hold {left}, {days_left}, {goal}, {raised}, {last_day}, {ending} and {title}.
    """
    if expires is not None and no_expiry:
        raise click.UsageError("--expires and --no-expiry exclude each other.")
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
        raise click.UsageError("Say what is to change; see --help.")
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
    """Add the step KEY (a name like five_days) to the campaign SLUG, by --days or --hours before its end."""
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
        raise StepInvalid("A step expires at least one hour after it is due.")
    return hours


def _opening(text: str | None, path: Path | None) -> str | None:
    if path is None:
        return text
    if text is not None:
        raise click.UsageError("--opening and --opening-file exclude each other.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise StepInvalid(f"The opening {path} cannot be read as UTF-8 text: {error}.") from error
