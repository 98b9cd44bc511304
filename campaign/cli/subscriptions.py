"""`campaign subscription`: show, cancel, pause, resume and change monthly and yearly gifts."""

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from campaign.audit.audit_log import Actor
from campaign.core import clock, money
from campaign.core.errors import ChangeRefused
from campaign.emails.contexts import INTERVAL_NAMES
from campaign.ledger.subscription_donations import (
    first_donation,
    get_subscription_by_stripe_id,
    list_paid_donations,
)
from campaign.models import Subscription, SubscriptionState
from campaign.runtime.context import Installation, make_installation
from campaign.subscriptions import change_flow
from campaign.subscriptions.change_requests import PAUSE_MONTHS, pause_end


@click.group("subscription")
def subscription() -> None:
    """Manage monthly and yearly gifts. SUBSCRIPTION_ID is Stripe's ID: sub_…"""


def _opened(subscription_id: str) -> tuple[Installation, Subscription]:
    installation = make_installation(broker=False)
    with installation.sessions() as session:
        return installation, get_subscription_by_stripe_id(session, subscription_id)


def _zone(installation: Installation) -> ZoneInfo:
    return clock.zone(installation.settings.organization.timezone)


@subscription.command()
@click.argument("subscription_id")
def show(subscription_id: str) -> None:
    """Show the subscription, as last reported by Stripe."""
    installation, _ = _opened(subscription_id)
    with installation.sessions() as session:
        found = get_subscription_by_stripe_id(session, subscription_id)
        first = first_donation(session, found)
        gifts = list_paid_donations(session, found)
        given = sum(gift.charge for gift in gifts)
        payments = f"{len(gifts)} {'payment' if len(gifts) == 1 else 'payments'}"
        shown = {
            "donor": first.email,
            "campaign": found.campaign.slug,
            "gift": _each(found),
            "state": _state(found, _zone(installation)),
            "next": _day(found.current_period_end, _zone(installation)),
            "given": f"{money.format_money(given, found.currency)} in {payments}",
            "page": installation.address(f"/subscriptions/{found.token}"),
        }
    click.echo(found.stripe_id)
    for name, value in shown.items():
        click.echo(f"{name + ':':10}{value}")


@subscription.command()
@click.argument("subscription_id")
@click.option("--later", is_flag=True, help="At the end of the current period, not immediately.")
def cancel(subscription_id: str, *, later: bool) -> None:
    """Cancel the subscription. The donor gets an email."""
    installation, found = _opened(subscription_id)
    _print(installation, change_flow.cancel(installation, found, Actor.command_line(), later=later))


@subscription.command()
@click.argument("subscription_id")
@click.option(
    "--months", type=click.Choice([str(months) for months in PAUSE_MONTHS]), required=True
)
def pause(subscription_id: str, months: str) -> None:
    """Pause the subscription. Charges due during the pause are skipped."""
    installation, found = _opened(subscription_id)
    until = pause_end(found, int(months), clock.now(), _zone(installation))
    _print(installation, change_flow.pause(installation, found, until, Actor.command_line()))


@subscription.command()
@click.argument("subscription_id")
def resume(subscription_id: str) -> None:
    """Resume a paused subscription, or undo a scheduled cancellation."""
    installation, found = _opened(subscription_id)
    _print(installation, change_flow.resume(installation, found, Actor.command_line()))


@subscription.command()
@click.argument("subscription_id")
@click.argument("amount")
def change(subscription_id: str, amount: str) -> None:
    """Change the amount to AMOUNT (25, 25.50) from the next charge on. Covered fees are adjusted."""
    installation, found = _opened(subscription_id)
    wanted = money.parse_amount(amount, found.currency)
    with installation.sessions() as session:
        smallest = get_subscription_by_stripe_id(session, subscription_id).campaign.smallest_amount
    if wanted < smallest:
        least = money.format_money(smallest, found.currency)
        raise ChangeRefused(f"The smallest amount of this campaign is {least}.")
    _print(
        installation, change_flow.change_amount(installation, found, wanted, Actor.command_line())
    )


def _print(installation: Installation, found: Subscription) -> None:
    state = _state(found, _zone(installation))
    click.echo(f"{found.stripe_id}: {_each(found)}, {state}")


def _each(found: Subscription) -> str:
    amount = money.format_money(found.amount, found.currency)
    fees = (
        f" plus {money.format_money(found.fee_cover, found.currency)} for fees"
        if found.fee_cover
        else ""
    )
    return f"{amount} a {INTERVAL_NAMES[found.frequency]}{fees}"


def _state(found: Subscription, zone: ZoneInfo) -> str:
    if found.state == SubscriptionState.ended:
        reason = found.end_reason or "no reason given"
        return f"canceled on {_day(found.ended_at, zone)} ({reason})"
    if found.ends_at_period_end:
        return f"will be canceled on {_day(found.current_period_end, zone)}"
    if found.state == SubscriptionState.paused and found.paused_until:
        return f"paused until {_day(found.paused_until, zone)}"
    return found.state.replace("_", " ")


def _day(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d}" if moment else "not known yet"
