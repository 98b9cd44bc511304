"""`campaign donor`: export or erase a person's data."""

import json
import sys

import click

from campaign.audit.audit_log import Actor, Subject, record
from campaign.core import clock
from campaign.core.errors import ErasureRefused
from campaign.donors.masking import masked_email
from campaign.privacy import erasure_flow
from campaign.privacy.erased_people import list_erased
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
    """Export or erase a person's data, by email address."""


@donor.command("export")
@click.argument("email")
def export(email: str) -> None:
    """Print all data about the person with EMAIL as JSON.

    Includes merged records. Amounts are in minor units. Secrets that open pages (tokens) are left out.
    """
    installation = make_installation(broker=False)
    with installation.sessions() as session:
        person = find_data_subject(session, email)
        data = collect_personal_data(session, person)
    data["stripe_events"] = erasure_flow.stored_events(installation, person, forget=False)
    with installation.sessions.begin() as session:
        subject = Subject("donor", masked_email(email))
        record(session, Actor.command_line(), "donor.exported", subject)
    json.dump(data, sys.stdout, ensure_ascii=False, indent=2)
    click.echo()


@donor.command("erase")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def erase(email: str, *, yes: bool) -> None:
    """Erase the person with EMAIL. The ledger keeps amounts, dates and receipt numbers without a name.

    Refused while a monthly gift is active or a payment is in progress. This cannot be undone.
    """
    installation = make_installation(broker=False)
    with installation.sessions() as session:
        person = find_data_subject(session, email)
        require_erasable(session, person, clock.now())
    _confirm(person, yes=yes)
    erased, events = erasure_flow.erase(
        installation, lambda session: find_data_subject(session, email), Actor.command_line()
    )
    _print_result(email, erased, events)


@donor.command("erased")
def erased_people() -> None:
    """Print the list of erased people, one JSON object a line, for `campaign restore --erased`.

    It names nobody: it has ids and keyed digests of addresses. Keep it apart from the backups.
    """
    installation = make_installation(broker=False)
    with installation.sessions() as session:
        for entry in list_erased(session):
            click.echo(entry.as_line())


def _confirm(person: DataSubject, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise ErasureRefused(
            "Nothing was erased: confirmation needs a terminal. Add --yes to skip it."
        )
    donations = len(person.donations)
    click.confirm(f"Erase {', '.join(person.addresses)} with {donations} donations?", abort=True)


def _print_result(email: str, erased: Erased, events: int) -> None:
    if not erased.anything and not events:
        click.echo(f"No data found for {email}.")
        return
    click.echo(
        f"Erased personal data from {erased.donations} donations, {erased.mails} emails,"
        f" {erased.consents} consents and reminders, and {events} Stripe events."
    )
    for address in erased.suppressed:
        click.echo(
            f"Kept: {address} remains suppressed. To remove that too, run `campaign suppressions remove`."
        )
    for customer in erased.customers:
        click.echo(f"Stripe keeps its own record: delete customer {customer} in its dashboard.")
