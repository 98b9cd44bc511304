"""`campaign refund`: refund a donation through Stripe."""

import sys

import click

from campaign.audit.audit_log import Actor
from campaign.core import money
from campaign.core.errors import NotFound, RefundRefused, RefundUnconfirmed
from campaign.donations.donations import lock_donation
from campaign.gateway import PATIENCE
from campaign.models import Donation, Refund
from campaign.refunds.flow import refund_donation
from campaign.refunds.refunds import (
    REASONS,
    RefundRequest,
    describe_refundable,
    get_refundable,
    stable_request_token,
)
from campaign.runtime.context import Installation, make_installation

_STATES = {
    "pending": "pending; the bank takes a few days",
    "succeeded": "succeeded",
    "failed": "failed: the bank returned it",
    "canceled": "canceled at Stripe",
}


@click.command("refund")
@click.argument("donation_id")
@click.option(
    "--amount", help="10.00, in the donation's currency.  [default: all that is refundable]"
)
@click.option("--reason", type=click.Choice(REASONS), help="The reason, as Stripe defines it.")
@click.option(
    "--note", default="", help="A note in your own words, saved with the refund at Stripe."
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def refund(
    donation_id: str, amount: str | None, reason: str | None, note: str, *, yes: bool
) -> None:
    """Refund the donation DONATION_ID in full or in part.

    Until Stripe confirms the refund, running the same command again continues the same refund.
    """
    installation = make_installation(broker=False, patience=PATIENCE)
    with installation.sessions.begin() as session:
        donation = lock_donation(session, donation_id)
        if donation is None:
            raise NotFound(
                f"There is no donation {donation_id!r}. List them with `campaign export donations`."
            )
        minor = None if amount is None else money.parse_amount(amount, donation.currency)
        token = stable_request_token(session, donation, minor)
        click.echo(f"Donation {donation_id}: {_refundable(installation, donation)}.")
    if not yes:
        _confirm(donation, minor)
    request = RefundRequest(donation_id, minor, Actor.command_line(), token, reason, note)
    made = _refund(installation, request, yes=yes)
    what = money.format_money(made.amount, made.currency)
    click.echo(f"Refund {made.stripe_id} of {what} {made.currency.upper()}: {_STATES[made.state]}.")
    click.echo(f"Donation {donation_id}: {_refundable(installation, donation)}.")


def _confirm(donation: Donation, minor: int | None) -> None:
    if not sys.stdin.isatty():
        raise RefundRefused(
            "Nothing was refunded: confirmation needs a terminal. Add --yes to skip it."
        )
    code = donation.currency.upper()
    what = f"{money.format_money(minor, donation.currency)} {code}" if minor else "the full amount"
    click.confirm(f"Refund {what}?", abort=True)


def _refund(installation: Installation, request: RefundRequest, *, yes: bool) -> Refund:
    """Request the refund; if Stripe does not confirm it, offer to check again."""
    while True:
        try:
            return refund_donation(installation, request)
        except RefundUnconfirmed as error:
            if yes or not sys.stdin.isatty():
                raise
            click.echo(error, err=True)
            click.confirm("Check with Stripe now?", abort=True)


def _refundable(installation: Installation, donation: Donation) -> str:
    with installation.sessions() as session:
        return describe_refundable(get_refundable(session, donation), donation.currency)
