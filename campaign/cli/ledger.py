"""`campaign ledger`: check the ledger and correct a final result."""

import getpass
import sys

import click

from campaign.audit.audit_log import Actor, Subject, record
from campaign.campaigns.campaigns import find_campaign
from campaign.campaigns.finalization import correct_result, late_entries
from campaign.core import clock, money
from campaign.core.errors import CampaignError
from campaign.ledger.invariants import broken_invariants
from campaign.runtime.context import make_installation


@click.group("ledger")
def ledger() -> None:
    """Check the ledger and correct a final result."""


@ledger.command()
def check() -> None:
    """Check the ledger's invariants. Exit 1 and name each one that is broken."""
    installation = make_installation(broker=False)
    broken = 0
    with installation.sessions() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        for sentence in broken_invariants(session):
            broken += 1
            click.echo(sentence, err=True)
    if broken:
        click.echo(f"{broken} broken; see docs/operating.md.", err=True)
        sys.exit(1)
    click.echo("The ledger is consistent.")


@ledger.command()
@click.option("--campaign", "slug", help="Only this campaign.")
def late(slug: str | None) -> None:
    """List late entries.

    They arrived after a campaign's result was final and are not counted in it.
    """
    installation = make_installation(broker=False)
    zone = clock.zone(installation.settings.organization.timezone)
    with installation.sessions() as session:
        campaign = find_campaign(session, slug) if slug else None
        entries = late_entries(session, campaign)
    for one in entries:
        amount = money.with_code(one.amount, one.currency)
        moment = one.occurred_at.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")
        click.echo(f"{one.id}  {one.campaign}  {one.donation}  {one.kind}  {amount}  {moment}")
    if not entries:
        click.echo("No late entries.")


@ledger.command()
@click.argument("entry_id", type=int)
@click.option("--campaign", "slug", required=True, help="The campaign whose result changes.")
@click.option("--reason", required=True, help="Why; the ledger keeps it permanently.")
def correct(entry_id: int, slug: str, reason: str) -> None:
    """Count the late entry ENTRY_ID in a final result, once. Your name and the reason are recorded."""
    installation = make_installation(broker=False)
    with installation.sessions.begin() as session:
        campaign = find_campaign(session, slug)
        done = correct_result(session, campaign, entry_id, reason, _who(), clock.now())
        record(
            session,
            Actor.command_line(),
            "result.corrected",
            Subject("campaign", slug, campaign.id),
            before={"raised": done.raised - done.amount},
            after={"raised": done.raised, "ledger_entry": entry_id, "reason": reason.strip()},
        )
    amount, raised, frozen = (
        money.format_money(minor, done.currency)
        for minor in (done.amount, done.raised, done.frozen)
    )
    click.echo(f"{slug}: corrected by {amount} to {raised}; the final result was {frozen}.")


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise CampaignError("Cannot determine your user name. Set LOGNAME to your name.") from None
