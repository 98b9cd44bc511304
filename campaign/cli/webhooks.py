"""`campaign webhooks add|list|disable|test|retry`: endpoints for outgoing webhooks."""

import click

from campaign.audit.audit_log import Actor
from campaign.core import clock
from campaign.core.errors import FieldsInvalid
from campaign.integrations.deliveries import requeue_delivery
from campaign.integrations.endpoints import (
    EVENTS,
    add_endpoint,
    disable_endpoint,
    list_endpoints,
    queue_test,
)
from campaign.runtime.context import make_installation


@click.group("webhooks")
def webhooks() -> None:
    """Manage endpoints for outgoing webhooks."""


@webhooks.command("add")
@click.argument("url")
@click.option(
    "--event",
    "events",
    multiple=True,
    type=click.Choice(EVENTS),
    help="An event to send; may be repeated.  [default: all events]",
)
def add(url: str, events: tuple[str, ...]) -> None:
    """Add the endpoint URL and print its ID and its signing secret."""
    here = make_installation(broker=False)
    try:
        with here.sessions.begin() as session:
            found = add_endpoint(
                session, url, events or EVENTS, Actor.command_line(), here.settings.outgoing
            )
    except FieldsInvalid as error:
        raise FieldsInvalid({"": " ".join(error.faults.values())}) from error
    click.echo(f"{found.id}\t{found.secret}")


@webhooks.command("list")
def list_all() -> None:
    """List the endpoints.

    Prints one endpoint per line: ID, URL, events and state, separated by tabs.
    """
    with make_installation(broker=False).sessions() as session:
        for one in list_endpoints(session):
            state = "disabled" if one.disabled_at else "active"
            click.echo(f"{one.id}\t{one.url}\t{','.join(one.events)}\t{state}")


@webhooks.command("disable")
@click.argument("endpoint_id", type=int)
def disable(endpoint_id: int) -> None:
    """Disable the endpoint ENDPOINT_ID."""
    with make_installation(broker=False).sessions.begin() as session:
        done = disable_endpoint(session, endpoint_id, Actor.command_line(), clock.now())
    click.echo(
        f"Disabled endpoint {endpoint_id}."
        if done
        else f"Endpoint {endpoint_id} was already disabled. Nothing changed."
    )


@webhooks.command("test")
@click.argument("endpoint_id", type=int)
def test(endpoint_id: int) -> None:
    """Queue a test delivery to the endpoint ENDPOINT_ID. A worker sends it."""
    with make_installation(broker=False).sessions.begin() as session:
        made = queue_test(session, endpoint_id, Actor.command_line())
        session.refresh(made)
    click.echo(f"Delivery {made.id} ({made.public_id}) is queued.")


@webhooks.command("retry")
@click.argument("delivery_id", type=int)
def retry(delivery_id: int) -> None:
    """Queue the delivery DELIVERY_ID again, whatever its state."""
    with make_installation(broker=False).sessions.begin() as session:
        requeue_delivery(session, delivery_id, Actor.command_line(), clock.now())
    click.echo(f"Delivery {delivery_id} is queued again.")
