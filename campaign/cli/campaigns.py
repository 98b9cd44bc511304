"""`campaign create`."""

from pathlib import Path

import click

from campaign.audit.audit_log import Actor
from campaign.campaigns.campaign_formatting import ending_with_year
from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.core import money
from campaign.core.errors import CampaignInvalid
from campaign.core.i18n import ENGLISH, words
from campaign.runtime.context import make_installation

_LONGEST_APPEAL = 200_000


@click.command("create")
@click.argument("slug")
@click.option("--title", required=True, help="What the appeal is called.")
@click.option("--goal", required=True, help="In major units: 50000.")
@click.option(
    "--deadline", required=True, help="2026-12-31 (through that day), or an instant with offset."
)
@click.option("--timezone", required=True, help="IANA name: America/Los_Angeles.")
@click.option("--currency", default="usd", show_default=True, help="ISO 4217 code.")
@click.option("--start", help="A date or an instant; now if not given.")
@click.option("--appeal", type=click.Path(path_type=Path), help="The appeal's text in Markdown.")
@click.option("--suggested", help="Suggested amounts, separated by commas or spaces: 10, 25, 50.")
@click.option("--smallest", help="The smallest amount taken; what Stripe takes if not given.")
@click.option(
    "--ask-past-donors/--no-ask-past-donors",
    default=False,
    help="Whether the countdown is also mailed to those who gave to other campaigns; not if not given.",
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
    )
    installation = make_installation(broker=False)
    with installation.sessions.begin() as session:
        campaign = create_campaign(session, wanted, Actor.command_line())
        raise_by = money.format_money(campaign.goal, campaign.currency)
    click.echo(
        f"{installation.address(f'/c/{campaign.slug}')}: {raise_by} until {ending_with_year(campaign, words(ENGLISH))}"
    )


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CampaignInvalid(f"The appeal {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CampaignInvalid(f"The appeal {path} is not UTF-8 text; save it as UTF-8.") from error
    if "\0" in text:
        raise CampaignInvalid(f"The appeal {path} is no text: it holds a NUL character.")
    if len(text) > _LONGEST_APPEAL:
        raise CampaignInvalid(f"The appeal {path} is longer than {_LONGEST_APPEAL:,} characters.")
    return text
