"""`campaign adopt`: take in a payment or subscription that did not begin here."""

import click

from campaign.adoption.booking import RECEIPTS
from campaign.adoption.flow import Adoption, AdoptionOrder, TakenIn, take_in
from campaign.audit.audit_log import Actor
from campaign.core import clock, money
from campaign.runtime.context import make_installation


@click.command()
@click.argument("stripe_id")
@click.option("--campaign", "slug", required=True, metavar="SLUG", help="The campaign of the gift.")
@click.option("--email", default="", help="The donor's address.  [default: Stripe's]")
@click.option(
    "--email-receipts",
    "receipts",
    type=click.Choice(RECEIPTS),
    default=RECEIPTS[0],
    show_default=True,
    help="Which receipts to email. All are issued.",
)
def adopt(stripe_id: str, slug: str, email: str, receipts: str) -> None:
    """Take in a payment or subscription of the Stripe account that did not begin here.

    STRIPE_ID is a payment intent (pi_…), charge (ch_…, py_…), checkout session (cs_…), invoice (in_…) or subscription
    (sub_…): of a Payment Link, Stripe's dashboard or another system. It is booked, receipted and counted, with the
    refunds and disputes it has. A subscription is taken in with its paid invoices; later ones follow by themselves.
    What is booked already stays as it is.
    """
    installation = make_installation(broker=False)
    zone = clock.zone(installation.settings.organization.timezone)
    order = AdoptionOrder(slug, email, receipts)
    found = take_in(installation, stripe_id, order, Actor.command_line())
    for one in found.gifts:
        click.echo(_line(one, f"{one.charged_at.astimezone(zone):%Y-%m-%d}", slug))
    click.echo(_summary(found))


def _line(one: TakenIn, day: str, slug: str) -> str:
    amount = money.format_money(one.amount, one.currency)
    counted = f"counts for {slug}" if one.counted else "counts for no campaign"
    state = "" if one.state == "paid" else f", {one.state.replace('_', ' ')}"
    return f"{one.donation}: {amount} of {day}{state}, receipt {one.receipt}, {counted}"


def _summary(found: Adoption) -> str:
    if found.known and not found.gifts:
        return f"{found.stripe_id} is booked already: nothing new."
    later = "; later payments follow by themselves" if found.monthly else ""
    number = len(found.gifts)
    return f"Took in {found.stripe_id}: {number} {'gift' if number == 1 else 'gifts'}{later}."
