"""`campaign payouts`: fetch what Stripe paid out, and show how it agrees."""

from datetime import timedelta

import click

from campaign.core import clock, money
from campaign.reconciliation.fetch_payouts import fetch_payouts, read_payouts
from campaign.reconciliation.payouts import recent_payouts
from campaign.runtime.context import make_installation

WINDOW = timedelta(days=35)


@click.command("payouts")
@click.option(
    "--since",
    metavar="DAY|INSTANT",
    help="From then on: 2026-12-01 (in ORG_TIMEZONE), or an instant with offset; the last 35 days if not given.",
)
def payouts(since: str | None) -> None:
    """Fetch the payouts that no webhook told, with their parts, and list the newest fifty."""
    installation = make_installation(broker=False)
    zone = clock.zone(installation.settings.organization.timezone)
    start = clock.parse_start(since, zone) if since else clock.now() - WINDOW
    new = fetch_payouts(installation, start)
    while read_payouts(installation):
        pass
    with installation.sessions() as session:
        for payout, left in recent_payouts(session):
            amount = money.format_money(payout.amount, payout.currency)
            told = "its parts agree"
            if left:
                told = f"its parts leave {money.format_money(left, payout.currency)} unexplained"
            click.echo(
                f"{payout.arrival_date}  {payout.stripe_id}  {amount}  {payout.status}; {told}"
            )
    click.echo(f"{new} new or changed.")
