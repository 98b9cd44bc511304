"""`campaign payouts`: fetch Stripe's payouts and compare each with its balance transactions."""

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
    metavar="DATE|TIMESTAMP",
    help="Start: 2026-12-01 (in ORG_TIMEZONE), or a timestamp with a UTC offset.  [default: the last 35 days]",
)
def payouts(since: str | None) -> None:
    """Fetch missing payouts from Stripe and list the latest 50.

    Fetches payouts that no webhook reported, with their balance transactions, and shows whether the sums match.
    """
    installation = make_installation(broker=False)
    zone = clock.zone(installation.settings.organization.timezone)
    start = clock.parse_start(since, zone) if since else clock.now() - WINDOW
    new = fetch_payouts(installation, start)
    while read_payouts(installation):
        pass
    with installation.sessions() as session:
        for payout, left in recent_payouts(session):
            amount = money.format_money(payout.amount, payout.currency)
            verdict = "transactions match"
            if left:
                verdict = f"{money.format_money(left, payout.currency)} unexplained by transactions"
            click.echo(
                f"{payout.arrival_date}  {payout.stripe_id}  {amount}  {payout.status}; {verdict}"
            )
    click.echo(f"{new} new or changed.")
