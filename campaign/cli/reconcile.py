"""`campaign reconcile`, `campaign payouts`: compare ledger and payouts with Stripe, and fetch what is missing."""

import sys
from datetime import timedelta
from zoneinfo import ZoneInfo

import click

from campaign.audit.audit_log import Actor
from campaign.core import clock, money
from campaign.reconciliation.discrepancies import Discrepancy
from campaign.reconciliation.fetch_payouts import fetch_payouts, read_payouts
from campaign.reconciliation.payouts import recent_payouts
from campaign.reconciliation.recorded_run import run_reconciliation
from campaign.reconciliation.run import Reconciliation
from campaign.reconciliation.settled import list_settled, settle_discrepancy
from campaign.runtime.context import Installation, make_installation

PAYOUTS_WINDOW = timedelta(days=35)
PATIENCE = 5
"""Seconds to wait for the webhook of a very recent transaction before reporting it as a discrepancy."""


@click.group(invoke_without_command=True)
@click.option(
    "--since",
    metavar="DATE|TIMESTAMP",
    help="Start: 2026-12-01 (in ORG_TIMEZONE), or a timestamp with a UTC offset.  [default: the last 35 days]",
)
@click.option("--apply", is_flag=True, help="Record the facts that are missing from the ledger.")
@click.option("--all", "everything", is_flag=True, help="Also list what was settled, and why.")
@click.pass_context
def reconcile(context: click.Context, since: str | None, *, apply: bool, everything: bool) -> None:
    """Compare the ledger with Stripe and print each discrepancy.

    Compares Stripe's balance transactions with the ledger. Each discrepancy has an ID that stays the same until one
    of its amounts changes. Exit 1 if a discrepancy is left that is neither repaired nor settled.
    """
    if context.invoked_subcommand is not None:
        if since is not None or apply or everything:
            raise click.UsageError("The options belong to `campaign reconcile` alone.")
        return
    installation = make_installation(broker=False)
    zone = clock.zone(installation.settings.organization.timezone)
    start = clock.parse_start(since, zone) if since is not None else None

    def show(found: Discrepancy) -> None:
        click.echo(f"{'repaired: ' if found.repaired else ''}{found.id}: {found.sentence(zone)}")

    patience = 0 if apply else PATIENCE
    result = run_reconciliation(
        installation,
        start,
        Actor.command_line(),
        apply=apply,
        on_discrepancy=show,
        patience=patience,
    )
    if everything:
        _list_settled(installation, zone)
    click.echo(_summary(result))
    if result.left:
        sys.exit(1)


@reconcile.command()
@click.argument("discrepancy_id", metavar="DISCREPANCY_ID")
@click.option("--reason", default="", help="Why it is right as it is.")
def settle(discrepancy_id: str, reason: str) -> None:
    """Close a discrepancy that is right as it is.

    It is no longer reported. If one of its amounts changes, it is another discrepancy, which is open again.
    """
    installation = make_installation(broker=False)
    with installation.sessions.begin() as session:
        kept = settle_discrepancy(
            session, discrepancy_id, reason, Actor.command_line(), clock.now()
        )
        click.echo(f"Settled {kept.discrepancy_id}: {kept.sentence}")


def _list_settled(installation: Installation, zone: ZoneInfo) -> None:
    with installation.sessions() as session:
        for one in list_settled(session):
            day = f"{one.settled_at.astimezone(zone):%Y-%m-%d}"
            click.echo(
                f"settled: {one.discrepancy_id}: {one.sentence}; by {one.settled_by} on {day}: {one.reason}"
            )


def _summary(result: Reconciliation) -> str:
    transactions = _count(result.moved, "balance transaction")
    parts = [f"Compared {transactions} of {_count(result.payments, 'payment')}"]
    if result.others:
        parts.append(f"skipped {_count(result.others, 'payment')} from other uses of the account")
    if result.settled:
        parts.append(f"{_count(result.settled, 'discrepancy', 'discrepancies')} settled")
    if result.fees:
        parts.append(f"{_count(result.fees, 'fee')} not booked yet")
    found = _count(result.found, "discrepancy", "discrepancies") if result.found else ""
    found = found or "no discrepancies"
    parts.append(f"{found}, {result.repaired} repaired" if result.repaired else found)
    return "; ".join(parts) + "."


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


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
    start = clock.parse_start(since, zone) if since else clock.now() - PAYOUTS_WINDOW
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
