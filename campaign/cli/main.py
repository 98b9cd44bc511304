"""The command tree, and the one place where a refusal becomes a line on stderr and exit 1."""

import logging
import sys

import click
from psycopg.errors import UndefinedTable
from sqlalchemy.exc import OperationalError, ProgrammingError

from campaign.cli.audit import audit
from campaign.cli.backup import backup, restore
from campaign.cli.bounces import bounces
from campaign.cli.campaign_status import close, open_campaign, pause, resume
from campaign.cli.campaigns import create
from campaign.cli.database import database
from campaign.cli.deadline_emails import deadline_emails
from campaign.cli.direct_mail import print_batch
from campaign.cli.donor import donor
from campaign.cli.events import events
from campaign.cli.export import export
from campaign.cli.extend import extend
from campaign.cli.ledger import ledger
from campaign.cli.mail import mail
from campaign.cli.matching_gifts import matching
from campaign.cli.offline import offline
from campaign.cli.payouts import payouts
from campaign.cli.print_receipts import letters
from campaign.cli.reconcile import reconcile
from campaign.cli.refund import refund
from campaign.cli.review import review
from campaign.cli.staff import staff
from campaign.cli.statements import statements
from campaign.cli.steps import steps
from campaign.cli.subscribers import subscribers
from campaign.cli.subscriptions import subscription
from campaign.cli.suppressions import suppressions
from campaign.cli.tokens import tokens
from campaign.cli.webhooks import webhooks
from campaign.core.errors import CampaignError
from campaign.core.observability import log_to_stderr


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="campaign")
def cli() -> None:
    """Run a donation campaign: create it, mail it, audit it."""


for command in (
    audit,
    backup,
    bounces,
    close,
    create,
    database,
    deadline_emails,
    donor,
    events,
    export,
    extend,
    ledger,
    letters,
    mail,
    matching,
    offline,
    open_campaign,
    pause,
    payouts,
    print_batch,
    reconcile,
    refund,
    restore,
    resume,
    review,
    staff,
    statements,
    steps,
    subscribers,
    subscription,
    suppressions,
    tokens,
    webhooks,
):
    cli.add_command(command)


def main() -> None:
    """Entry point of the console script."""
    log_to_stderr(logging.WARNING)
    try:
        cli()
    except CampaignError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except ProgrammingError as error:
        if not isinstance(error.orig, UndefinedTable):
            raise
        print("The database has no tables yet; run `campaign db upgrade`.", file=sys.stderr)
        sys.exit(1)
    except OperationalError as error:
        reason = str(error.orig).strip().partition("\n")[0]
        print(f"The database cannot be used: {reason}. Check DATABASE_URL.", file=sys.stderr)
        sys.exit(1)
