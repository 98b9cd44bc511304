"""`campaign refund`."""

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

_SPOKEN = {
    "pending": "begun; the bank has it for some days",
    "succeeded": "done",
    "failed": "failed: the bank sent it back",
    "canceled": "cancelled at Stripe",
}


@click.command("refund")
@click.argument("donation_id")
@click.option("--amount", help="As 10.00, in the gift's currency; all that is left if not given.")
@click.option("--reason", type=click.Choice(REASONS), help="In Stripe's words, for Stripe.")
@click.option("--note", default="", help="In yours; kept with the refund at Stripe.")
@click.option("--yes", is_flag=True, help="Do not ask once more.")
def refund(
    donation_id: str, amount: str | None, reason: str | None, note: str, *, yes: bool
) -> None:
    """Give back the gift DONATION_ID, or a part of it.

    Until Stripe has confirmed it, the same command again is the same refund.
    """
    installation = make_installation(broker=False, patience=PATIENCE)
    with installation.sessions.begin() as session:
        donation = lock_donation(session, donation_id)
        if donation is None:
            raise NotFound(
                f"There is no donation {donation_id!r} here; `campaign export` lists them."
            )
        minor = None if amount is None else money.parse_amount(amount, donation.currency)
        token = stable_request_token(session, donation, minor)
        click.echo(f"Donation {donation_id}: {_left(installation, donation)}.")
    if not yes:
        _ask(donation, minor)
    asked = RefundRequest(donation_id, minor, Actor.command_line(), token, reason, note)
    made = _made(installation, asked, yes=yes)
    what = money.format_money(made.amount, made.currency)
    click.echo(f"Refund {made.stripe_id} of {what} {made.currency.upper()}: {_SPOKEN[made.state]}.")
    click.echo(f"Donation {donation_id}: {_left(installation, donation)}.")


def _ask(donation: Donation, minor: int | None) -> None:
    if not sys.stdin.isatty():
        raise RefundRefused("Nothing was refunded: nobody can be asked once more here; add --yes.")
    code = donation.currency.upper()
    what = f"{money.format_money(minor, donation.currency)} {code}" if minor else "all of that"
    click.confirm(f"Refund {what}?", abort=True)


def _made(installation: Installation, asked: RefundRequest, *, yes: bool) -> Refund:
    """The refund; where Stripe does not confirm it, whoever sits here may have it looked up again."""
    while True:
        try:
            return refund_donation(installation, asked)
        except RefundUnconfirmed as error:
            if yes or not sys.stdin.isatty():
                raise
            click.echo(error, err=True)
            click.confirm("Look it up now?", abort=True)


def _left(installation: Installation, donation: Donation) -> str:
    with installation.sessions() as session:
        return describe_refundable(get_refundable(session, donation), donation.currency)
