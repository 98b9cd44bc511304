"""`campaign reconcile`."""

import sys

import click

from campaign.audit.audit_log import Actor
from campaign.core import clock
from campaign.reconciliation.discrepancies import Discrepancy
from campaign.reconciliation.recorded_run import run_reconciliation
from campaign.reconciliation.run import Reconciliation
from campaign.runtime.context import make_installation

PATIENCE = 5
"""Seconds to wait for the webhook of what moved in this very moment, before it is called a difference."""


@click.command()
@click.option(
    "--since",
    metavar="DAY|INSTANT",
    help="2026-12-01 (from its first moment, in ORG_TIMEZONE), or an instant with offset;"
    " the last 35 days if not given.",
)
@click.option("--apply", is_flag=True, help="Record the facts that the ledger lacks.")
def reconcile(since: str | None, *, apply: bool) -> None:
    """Compare the ledger with Stripe's balance; print each difference, exit 1 if any is left."""
    installation = make_installation(broker=False)
    zone = clock.zone(installation.settings.organization.timezone)
    start = clock.parse_start(since, zone) if since is not None else None

    def on_discrepancy(found: Discrepancy) -> None:
        click.echo(f"{'mended: ' if found.repaired else ''}{found.sentence(zone)}")

    patience = 0 if apply else PATIENCE
    result = run_reconciliation(
        installation,
        start,
        Actor.command_line(),
        apply=apply,
        on_discrepancy=on_discrepancy,
        patience=patience,
    )
    click.echo(_summary(result))
    if result.left:
        sys.exit(1)


def _summary(result: Reconciliation) -> str:
    told = [f"{_count(result.moved, 'movement')} of {_count(result.payments, 'payment')} compared"]
    if result.others:
        told.append(f"{_count(result.others, 'payment')} of others on the same account left out")
    if result.fees:
        told.append(f"{_count(result.fees, 'fee')} not booked yet")
    discrepancies = _count(result.found, "difference") if result.found else "no difference"
    told.append(f"{discrepancies}, {result.repaired} mended" if result.repaired else discrepancies)
    return "; ".join(told) + "."


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
