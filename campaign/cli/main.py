"""The command tree, and the one place where an error becomes a line on stderr and exit code 1.

A command is imported only when it is used, so that a command run every minute by cron starts quickly.
"""

import logging
import sys

import click

from campaign.cli.lazy import LazyCommand, LazyGroup
from campaign.core.errors import CampaignError
from campaign.core.observability import log_to_stderr

COMMANDS = {
    "adopt": LazyCommand(
        "campaign.cli.adopt",
        "adopt",
        "Take in a payment or subscription of the Stripe account that did not begin here.",
    ),
    "audit": LazyCommand("campaign.cli.audit", "audit", "Write the audit log, oldest entry first."),
    "backup": LazyCommand(
        "campaign.cli.database",
        "backup",
        "Back up all data to FILE, from one consistent snapshot.",
    ),
    "bounces": LazyCommand(
        "campaign.cli.bounces", "bounces", "Process bounces and spam complaints."
    ),
    "card-testing": LazyCommand(
        "campaign.cli.protection.card_testing",
        "card_testing",
        "Show what card testing costs now, and switch the protection on and off.",
    ),
    "close": LazyCommand(
        "campaign.cli.campaigns",
        "close",
        "Close the open campaign SLUG now.",
    ),
    "create": LazyCommand(
        "campaign.cli.campaigns", "create", "Create the campaign SLUG and print its address."
    ),
    "db": LazyCommand("campaign.cli.database", "database", "Manage the database's tables."),
    "deadline-emails": LazyCommand(
        "campaign.cli.deadline_emails",
        "deadline_emails",
        "Queue the countdown and deadline emails that are due now.",
    ),
    "direct-mail": LazyCommand(
        "campaign.cli.direct_mail",
        "direct_mail",
        "Print an appeal for each recipient in PEOPLE.csv.",
    ),
    "doctor": LazyCommand(
        "campaign.cli.doctor", "doctor", "Check how this installation is set up at Stripe."
    ),
    "donor": LazyCommand(
        "campaign.cli.donor",
        "donor",
        "Export or erase a person's data, by email address.",
    ),
    "events": LazyCommand(
        "campaign.cli.events",
        "events",
        "Replay or settle stored Stripe events and recover missed ones.",
    ),
    "export": LazyCommand(
        "campaign.cli.export",
        "export",
        "Write donations, donors, ledger, receipts or the journal of a month as CSV.",
    ),
    "extend": LazyCommand(
        "campaign.cli.campaigns",
        "extend",
        "Move the deadline of the campaign SLUG to a later time.",
    ),
    "import": LazyCommand(
        "campaign.cli.moving.imports",
        "import_file",
        "Import people, gifts or suppressions of another system from the CSV file FILE (- is stdin).",
    ),
    "ledger": LazyCommand(
        "campaign.cli.ledger", "ledger", "Check the ledger and correct a final result."
    ),
    "mail": LazyCommand(
        "campaign.cli.mail",
        "mail",
        "List undelivered email, send it again, check the setup.",
    ),
    "matching": LazyCommand(
        "campaign.cli.matching_gifts",
        "matching",
        "Manage matching gifts from sponsors.",
    ),
    "moving": LazyCommand(
        "campaign.cli.moving.monthly", "moving", "Bring over the monthly gifts of another system."
    ),
    "offline": LazyCommand(
        "campaign.cli.offline",
        "offline",
        "Import checks, cash and other offline gifts.",
    ),
    "open": LazyCommand(
        "campaign.cli.campaigns",
        "open_campaign",
        "Open the upcoming campaign SLUG now.",
    ),
    "pause": LazyCommand(
        "campaign.cli.campaigns",
        "pause",
        "Stop accepting gifts by card for the campaign SLUG.",
    ),
    "payouts": LazyCommand(
        "campaign.cli.reconcile",
        "payouts",
        "Fetch missing payouts from Stripe and list the latest 50.",
    ),
    "print-receipts": LazyCommand(
        "campaign.cli.receipts",
        "print_receipts",
        "Print receipts and statements for donors without email.",
    ),
    "reconcile": LazyCommand(
        "campaign.cli.reconcile",
        "reconcile",
        "Compare the ledger with Stripe and print each discrepancy.",
    ),
    "refund": LazyCommand(
        "campaign.cli.refund", "refund", "Refund the donation DONATION_ID in full or in part."
    ),
    "restore": LazyCommand(
        "campaign.cli.database",
        "restore",
        "Restore the backup FILE into an empty database.",
    ),
    "resume": LazyCommand(
        "campaign.cli.campaigns", "resume", "Accept gifts by card for the campaign SLUG again."
    ),
    "review": LazyCommand("campaign.cli.review", "review", "List everything that needs attention."),
    "schedule": LazyCommand(
        "campaign.cli.schedule",
        "schedule",
        "Manage the email schedule of a campaign.",
    ),
    "staff": LazyCommand("campaign.cli.staff", "staff", "Manage the team and its roles."),
    "statements": LazyCommand(
        "campaign.cli.receipts",
        "statements",
        "Queue each donor's statement for YEAR, once.",
    ),
    "subscribers": LazyCommand(
        "campaign.cli.subscribers",
        "subscribers",
        "Manage people who agreed to get campaign emails.",
    ),
    "subscription": LazyCommand(
        "campaign.cli.subscriptions", "subscription", "Manage monthly and yearly gifts."
    ),
    "suppressions": LazyCommand(
        "campaign.cli.suppressions", "suppressions", "Manage addresses that get no campaign emails."
    ),
    "tokens": LazyCommand("campaign.cli.tokens", "tokens", "Manage tokens for the read API."),
    "webhooks": LazyCommand(
        "campaign.cli.webhooks", "webhooks", "Manage endpoints for outgoing webhooks."
    ),
}
"""Each sentence is the first one of the command's own help; a test compares them."""


@click.group(
    cls=LazyGroup,
    lazy_commands=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="campaign")
def cli() -> None:
    """Run donation campaigns: create them, email them, keep the ledger."""


def main() -> None:
    """Entry point of the console script."""
    log_to_stderr(logging.WARNING)
    try:
        cli()
    except CampaignError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        # Imported here because `--help` should not wait for the database library to load.
        from campaign.cli.failures import database_failure  # noqa: PLC0415

        line = database_failure(error)
        if not line:
            raise
        print(line, file=sys.stderr)
        sys.exit(1)
