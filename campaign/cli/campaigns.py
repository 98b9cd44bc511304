"""`campaign create|extend|open|close|pause|resume`."""

import getpass
import sys
from pathlib import Path

import click
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor
from campaign.campaigns import status_changes
from campaign.campaigns.campaign_formatting import ending_with_year, extension_sentences
from campaign.campaigns.campaigns import NewCampaign, create_campaign, find_campaign
from campaign.campaigns.extensions import close_early
from campaign.core import clock, money
from campaign.core.errors import CampaignInvalid, ExtensionRefused
from campaign.core.i18n import ENGLISH, get_language
from campaign.core.task_queue import OUTBOX
from campaign.outreach.extension_notices import DeadlineRequest, ToldExtension, extend_and_tell
from campaign.runtime.context import Installation, make_installation

NOTHING = "Nothing changed."


@click.command("open")
@click.argument("slug")
def open_campaign(slug: str) -> None:
    """Open the upcoming campaign SLUG now. Its opening email is due at once."""
    with make_installation(broker=False).sessions.begin() as session:
        done = status_changes.open_now(session, find_campaign(session, slug), Actor.command_line())
    click.echo(f"{slug} is open." if done else f"{slug} was already open. {NOTHING}")


@click.command("close")
@click.argument("slug")
@click.option("--reason", required=True, help="Why. The page shows it after the word “because”.")
def close(slug: str, reason: str) -> None:
    """Close the open campaign SLUG now. The page shows the reason. Gifts charged before still count."""
    who = Actor.command_line()
    with make_installation(broker=False).sessions.begin() as session:
        campaign = find_campaign(session, slug)
        made = close_early(session, campaign, reason, who.name, who)
        (sentence,) = extension_sentences(campaign, [made.extension], get_language(ENGLISH))
    click.echo(f"{sentence} {NOTHING}" if made.repeated else sentence)


@click.command("pause")
@click.argument("slug")
@click.option("--reason", required=True, help="A sentence that the page shows to everyone.")
def pause(slug: str, reason: str) -> None:
    """Stop accepting gifts by card for the campaign SLUG.

    For example, during an attack or a Stripe outage. The page shows the reason and how to give by mail. Campaign
    emails are held until you resume. Monthly gifts continue.
    """
    with make_installation(broker=False).sessions.begin() as session:
        campaign = find_campaign(session, slug)
        done = status_changes.pause(session, campaign, reason, Actor.command_line(), clock.now())
    click.echo(
        f"{slug} no longer accepts gifts by card."
        if done
        else f"{slug} was already paused. {NOTHING}"
    )


@click.command("resume")
@click.argument("slug")
def resume(slug: str) -> None:
    """Accept gifts by card for the campaign SLUG again."""
    with make_installation(broker=False).sessions.begin() as session:
        done = status_changes.resume(session, find_campaign(session, slug), Actor.command_line())
    click.echo(
        f"{slug} accepts gifts by card again." if done else f"{slug} was not paused. {NOTHING}"
    )


@click.command("extend")
@click.argument("slug")
@click.option(
    "--deadline",
    required=True,
    help="2027-01-05 (through the end of that day), or a timestamp with a UTC offset.",
)
@click.option("--reason", required=True, help="Why. The page shows it after the word “because”.")
@click.option("--dry-run", is_flag=True, help="Show whom it would reach without changing anything.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation on a terminal.")
def extend(slug: str, deadline: str, reason: str, *, dry_run: bool, yes: bool) -> None:
    """Move the deadline of the campaign SLUG to a later time.

    The appeal page shows the new deadline and the reason. Queued emails use the new deadline. Readers who were emailed
    another end date and have not given get one email with the new date and the reason, outside their quiet hours. A
    campaign that has ended opens again, unless its result is final.
    """
    installation = make_installation(broker=False)
    move = DeadlineRequest(deadline, reason, _who())
    asks = not yes and not dry_run and sys.stdin.isatty()
    if dry_run or asks:
        with installation.sessions() as session:
            would = _extend(installation, session, slug, move, planned=True)
        if dry_run or would.result.repeated:
            return
        click.confirm("Extend it?", abort=True)
    with installation.sessions.begin() as session:
        made = _extend(installation, session, slug, move, planned=False)
    if made.told:
        installation.notify(OUTBOX)


def _extend(
    installation: Installation,
    session: Session,
    slug: str,
    move: DeadlineRequest,
    *,
    planned: bool,
) -> ToldExtension:
    """Extend the campaign and print what changes and whom it reaches; the caller commits unless it is `planned`."""
    campaign = find_campaign(session, slug)
    domain = installation.settings.mail_from.domain
    made = extend_and_tell(session, campaign, move, clock.now(), domain)
    end = ending_with_year(campaign, get_language(ENGLISH))
    if made.result.repeated:
        click.echo(f"{slug} was already extended: it ends at {end}. {NOTHING}")
        return made
    ends = "would end" if planned else "now ends"
    click.echo(f"{slug} {ends} at {end}, because {made.result.extension.reason}.")
    if made.result.reopened:
        click.echo(
            "It has ended; it would be open again and accept gifts."
            if planned
            else "It had ended; it is open again and accepts gifts."
        )
    click.echo(_told(made.told, planned=planned))
    return made


def _told(count: int, *, planned: bool) -> str:
    who = "1 reader who was" if count == 1 else f"{count:,} readers who were"
    gets = "would get" if planned else ("gets" if count == 1 else "get")
    has = "has" if count == 1 else "have"
    return f"{who} emailed another end date and {has} not given {gets} one email about it."


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise ExtensionRefused(
            "Cannot determine your user name. Set LOGNAME to your name."
        ) from None


_LONGEST_APPEAL = 200_000


@click.command("create")
@click.argument("slug")
@click.option("--title", required=True, help="The headline of the appeal.")
@click.option("--goal", required=True, help="The goal in major units, such as 50000 for $50,000.")
@click.option(
    "--deadline",
    required=True,
    help="2026-12-31 (through the end of that day), or a timestamp with a UTC offset.",
)
@click.option("--timezone", required=True, help="IANA time zone, such as America/Los_Angeles.")
@click.option("--currency", default="usd", show_default=True, help="ISO 4217 code.")
@click.option("--start", help="A date or a timestamp.  [default: now]")
@click.option("--appeal", type=click.Path(path_type=Path), help="Markdown file with the appeal.")
@click.option("--suggested", help="Suggested amounts, separated by commas or spaces: 10, 25, 50.")
@click.option("--smallest", help="The smallest amount accepted.  [default: Stripe's minimum]")
@click.option(
    "--ask-past-donors/--no-ask-past-donors",
    default=False,
    help="Also send the campaign's emails to people who gave to other campaigns.  [default: no]",
)
@click.option(
    "--past",
    is_flag=True,
    help="A campaign that ran elsewhere and has ended: no emails, and 30 days to import its gifts.",
)
def create(
    slug: str,
    title: str,
    goal: str,
    deadline: str,
    timezone: str,
    currency: str,
    start: str | None,
    appeal: Path | None,
    suggested: str | None,
    smallest: str | None,
    *,
    ask_past_donors: bool,
    past: bool,
) -> None:
    """Create the campaign SLUG and print its address."""
    wanted = NewCampaign(
        slug=slug,
        title=title,
        goal=goal,
        deadline=deadline,
        timezone=timezone,
        currency=currency,
        start=start,
        appeal=_read(appeal) if appeal else "",
        suggested=tuple((suggested or "").replace(",", " ").split()),
        smallest=smallest,
        ask_past_donors=ask_past_donors,
        past=past,
    )
    installation = make_installation(broker=False)
    with installation.sessions.begin() as session:
        campaign = create_campaign(session, wanted, Actor.command_line())
        raise_by = money.format_money(campaign.goal, campaign.currency)
    end = ending_with_year(campaign, get_language(ENGLISH))
    click.echo(f"{installation.address(f'/c/{campaign.slug}')}: {raise_by} until {end}")


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CampaignInvalid(f"Cannot read the appeal {path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CampaignInvalid(f"The appeal {path} is not UTF-8 text. Save it as UTF-8.") from error
    if "\0" in text:
        raise CampaignInvalid(f"The appeal {path} is not text: it contains a NUL character.")
    if len(text) > _LONGEST_APPEAL:
        raise CampaignInvalid(
            f"The appeal {path} is longer than {_LONGEST_APPEAL:,} characters. Shorten it."
        )
    return text
