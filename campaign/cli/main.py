"""The command tree, and the one place where a refusal becomes a line on stderr and exit 1.

A command is imported when it is asked for, so that one that a scheduler runs every minute costs little.
"""

import logging
import sys

import click

from campaign.cli.lazy import LazyCommand, LazyGroup
from campaign.core.errors import CampaignError
from campaign.core.observability import log_to_stderr

COMMANDS = {
    "audit": LazyCommand(
        "campaign.cli.audit", "audit", "Write the audit log, the oldest entry first."
    ),
    "backup": LazyCommand(
        "campaign.cli.database",
        "backup",
        "Write the whole installation's data to FILE, as it stands at one moment.",
    ),
    "bounces": LazyCommand(
        "campaign.cli.bounces", "bounces", "Mail that came back, and complaints."
    ),
    "close": LazyCommand(
        "campaign.cli.campaigns",
        "close",
        "End the open campaign SLUG at this moment, publicly.",
    ),
    "create": LazyCommand(
        "campaign.cli.campaigns", "create", "Create the campaign SLUG and print its address."
    ),
    "db": LazyCommand("campaign.cli.database", "database", "The database's tables."),
    "deadline-emails": LazyCommand(
        "campaign.cli.deadline_emails",
        "deadline_emails",
        "Queue the countdown and deadline emails that are due now.",
    ),
    "donor": LazyCommand(
        "campaign.cli.donor",
        "donor",
        "What is held about a person, known by an email address: shown, or removed.",
    ),
    "events": LazyCommand("campaign.cli.events", "events", "Stripe's events, as they are stored."),
    "export": LazyCommand(
        "campaign.cli.export", "export", "Write donations, donors, ledger or receipts as CSV."
    ),
    "extend": LazyCommand(
        "campaign.cli.campaigns",
        "extend",
        "Move the deadline of the campaign SLUG to a later moment, publicly.",
    ),
    "ledger": LazyCommand("campaign.cli.ledger", "ledger", "The books."),
    "letters": LazyCommand(
        "campaign.cli.receipts",
        "letters",
        "Write the receipts and statements of donors without email, and the cards, to be printed and posted.",
    ),
    "mail": LazyCommand(
        "campaign.cli.mail",
        "mail",
        "See what mail waits or failed, send it again, check before it goes out.",
    ),
    "matching": LazyCommand(
        "campaign.cli.matching_gifts",
        "matching",
        "Matching gifts: what sponsors add, shown only while a window is open and funds remain.",
    ),
    "offline": LazyCommand(
        "campaign.cli.offline",
        "offline",
        "Gifts that came by check, in cash, from a fund or as stock.",
    ),
    "open": LazyCommand(
        "campaign.cli.campaigns",
        "open_campaign",
        "Open the upcoming campaign SLUG at this moment; its first letter is due at once.",
    ),
    "pause": LazyCommand(
        "campaign.cli.campaigns",
        "pause",
        "Take no new gifts by card for the campaign SLUG, at once: against an attack, or while Stripe is at fault.",
    ),
    "payouts": LazyCommand(
        "campaign.cli.payouts",
        "payouts",
        "Fetch the payouts that no webhook told, with their parts, and list the newest fifty.",
    ),
    "print-batch": LazyCommand(
        "campaign.cli.direct_mail",
        "print_batch",
        "Write the appeal for each reader in PEOPLE.csv (- is stdin), one sheet each, with a coupon of their own.",
    ),
    "reconcile": LazyCommand(
        "campaign.cli.reconcile",
        "reconcile",
        "Compare the ledger with Stripe's balance; print each difference, exit 1 if any is left.",
    ),
    "refund": LazyCommand(
        "campaign.cli.refund", "refund", "Give back the gift DONATION_ID, or a part of it."
    ),
    "restore": LazyCommand(
        "campaign.cli.database",
        "restore",
        "Put the backup FILE into an empty database, all of it or nothing.",
    ),
    "resume": LazyCommand(
        "campaign.cli.campaigns", "resume", "Take gifts by card for the campaign SLUG again."
    ),
    "review": LazyCommand(
        "campaign.cli.review",
        "review",
        "List what a person must look at; exit 0 whether or not anything is.",
    ),
    "staff": LazyCommand(
        "campaign.cli.staff",
        "staff",
        "The team: who may enter the staff's room, and with which role.",
    ),
    "statements": LazyCommand(
        "campaign.cli.receipts",
        "statements",
        "Queue a statement of the gifts of YEAR for every donor, once each.",
    ),
    "steps": LazyCommand(
        "campaign.cli.schedule",
        "steps",
        "The steps of a campaign's countdown: when each is due, until when, and its words.",
    ),
    "subscribers": LazyCommand(
        "campaign.cli.subscribers", "subscribers", "People who agreed to appeals."
    ),
    "subscription": LazyCommand(
        "campaign.cli.subscriptions", "subscription", "Monthly and yearly gifts."
    ),
    "suppressions": LazyCommand(
        "campaign.cli.suppressions", "suppressions", "Addresses that get no more appeals."
    ),
    "tokens": LazyCommand(
        "campaign.cli.tokens", "tokens", "Tokens of the read API: what other programs may read."
    ),
    "webhooks": LazyCommand(
        "campaign.cli.webhooks", "webhooks", "Outgoing webhooks: which addresses are told of gifts."
    ),
}
"""Each command's sentence is the first one of its own help, which a test compares."""


@click.group(
    cls=LazyGroup,
    lazy_commands=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="campaign")
def cli() -> None:
    """Run a donation campaign: create it, mail it, audit it."""


def main() -> None:
    """Entry point of the console script."""
    log_to_stderr(logging.WARNING)
    try:
        cli()
    except CampaignError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        # Not above: whoever only asks for help need not wait for the database's library.
        from campaign.cli.failures import database_failure  # noqa: PLC0415

        line = database_failure(error)
        if not line:
            raise
        print(line, file=sys.stderr)
        sys.exit(1)
