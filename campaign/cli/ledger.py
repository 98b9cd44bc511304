"""`campaign ledger`."""

import sys

import click

from campaign.installation import make_installation
from campaign.services.ledger import broken_invariants


@click.group("ledger")
def ledger() -> None:
    """The books."""


@ledger.command()
def check() -> None:
    """Check the books' invariants; exit 1 if any is broken, naming each."""
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
    click.echo("The books are in order.")
