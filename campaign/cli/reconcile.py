"""`campaign reconcile`: compare the ledger with Stripe and repair what it lacks."""

import sys

import click

from campaign.audit.audit_log import Actor
from campaign.core import clock
from campaign.reconciliation.discrepancies import Discrepancy
from campaign.reconciliation.recorded_run import run_reconciliation
from campaign.reconciliation.run import Reconciliation
from campaign.runtime.context import make_installation

PATIENCE = 5
"""Seconds to wait for the webhook of a very recent transaction before reporting it as a discrepancy."""


@click.command()
@click.option(
    "--since",
    metavar="DATE|TIMESTAMP",
    help="Start: 2026-12-01 (in ORG_TIMEZONE), or a timestamp with a UTC offset.  [default: the last 35 days]",
)
@click.option("--apply", is_flag=True, help="Record the facts that are missing from the ledger.")
def reconcile(since: str | None, *, apply: bool) -> None:
    """Compare the ledger with Stripe and print each discrepancy.

    Compares Stripe's balance transactions with the ledger. Exit 1 if a discrepancy is left.
    """
    installation = make_installation(broker=False)
    zone = clock.zone(installation.settings.organization.timezone)
    start = clock.parse_start(since, zone) if since is not None else None

    def show(found: Discrepancy) -> None:
        click.echo(f"{'repaired: ' if found.repaired else ''}{found.sentence(zone)}")

    patience = 0 if apply else PATIENCE
    result = run_reconciliation(
        installation,
        start,
        Actor.command_line(),
        apply=apply,
        on_discrepancy=show,
        patience=patience,
    )
    click.echo(_summary(result))
    if result.left:
        sys.exit(1)


def _summary(result: Reconciliation) -> str:
    transactions = _count(result.moved, "balance transaction")
    parts = [f"Compared {transactions} of {_count(result.payments, 'payment')}"]
    if result.others:
        parts.append(f"skipped {_count(result.others, 'payment')} from other uses of the account")
    if result.fees:
        parts.append(f"{_count(result.fees, 'fee')} not booked yet")
    found = _count(result.found, "discrepancy", "discrepancies") if result.found else ""
    found = found or "no discrepancies"
    parts.append(f"{found}, {result.repaired} repaired" if result.repaired else found)
    return "; ".join(parts) + "."


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
