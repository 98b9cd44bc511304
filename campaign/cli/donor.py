"""`campaign donor`: what is held about a person, and removing it."""

import json
import sys

import click

from campaign.audit.audit_log import Actor, Subject, record
from campaign.core import clock
from campaign.core.errors import ErasureRefused
from campaign.donors.masking import masked_email
from campaign.privacy import erasure_flow
from campaign.privacy.erasure import Erased
from campaign.privacy.erasure_guard import require_erasable
from campaign.privacy.personal_data_export import (
    DataSubject,
    collect_personal_data,
    find_data_subject,
)
from campaign.runtime.context import make_installation


@click.group("donor")
def donor() -> None:
    """What is held about a person, known by an email address: shown, or removed."""


@donor.command("export")
@click.argument("email")
def export(email: str) -> None:
    """Print all that is held about the person with EMAIL as JSON, merged rows too.

    Amounts are minor units. What opens a page (tokens) is left out.
    """
    installation = make_installation(broker=False)
    with installation.sessions() as session:
        whose = find_data_subject(session, email)
        held = collect_personal_data(session, whose)
    held["stripe_events"] = erasure_flow.stored_events(installation, whose, forget=False)
    with installation.sessions.begin() as session:
        subject = Subject("donor", masked_email(email))
        record(session, Actor.command_line(), "donor.exported", subject)
    json.dump(held, sys.stdout, ensure_ascii=False, indent=2)
    click.echo()


@donor.command("erase")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask once more.")
def erase(email: str, *, yes: bool) -> None:
    """Remove the person with EMAIL, and keep the books: amounts, days and receipts' numbers stand without a name.

    Refused while a monthly gift goes on or a payment is under way. It cannot be taken back.
    """
    installation = make_installation(broker=False)
    with installation.sessions() as session:
        whose = find_data_subject(session, email)
        require_erasable(session, whose, clock.now())
    _ask(whose, yes=yes)
    erased, events = erasure_flow.erase(
        installation, lambda session: find_data_subject(session, email), Actor.command_line()
    )
    _tell(email, erased, events)


def _ask(whose: DataSubject, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise ErasureRefused("Nothing was erased: nobody can be asked once more here; add --yes.")
    gifts = len(whose.donations)
    click.confirm(f"Erase {', '.join(whose.addresses)} with {gifts} gifts?", abort=True)


def _tell(email: str, erased: Erased, events: int) -> None:
    if not erased.anything and not events:
        click.echo(f"Nothing is held about {email}.")
        return
    click.echo(
        f"Erased: {erased.donations} gifts, {erased.mails} letters, {erased.consents} consents and reminders,"
        f" {events} events of Stripe's name nobody any more."
    )
    for address in erased.wishes:
        click.echo(
            f"Kept: {address} gets no appeals; `campaign suppressions remove` forgets that too."
        )
    for customer in erased.customers:
        click.echo(f"Stripe keeps its own record: delete customer {customer} in its dashboard.")
