"""Whether Stripe's events arrive and are applied."""

from collections.abc import Callable

import pytest
from sqlalchemy import update
from stripe import StripeClient

from campaign.doctor.event_checks import check_delivery, check_unapplied_events
from campaign.doctor.findings import Level
from campaign.models import InboxEvent
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import UNREACHABLE, sandbox_address
from tests.support.stripe import Facts


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def test_before_the_first_event_there_is_a_note(installation: Installation) -> None:
    (found,) = check_delivery(installation)
    assert (found.level, found.text[:24]) == (Level.note, "No event has arrived fro")


def test_the_last_event_is_named(installation: Installation, paid: Facts) -> None:
    (found,) = check_delivery(installation)
    assert (found.level, found.text[:25]) == (Level.ok, "The last event arrived at")


def test_an_undelivered_event_is_a_fault_after_a_while(
    installation: Installation, stripe: StripeSandbox
) -> None:
    client = StripeClient("sk_test_sandbox", base_addresses={"api": sandbox_address(stripe)})
    client.v1.webhook_endpoints.create(
        {"url": f"{UNREACHABLE}/stripe/webhook", "enabled_events": ["*"]}
    )
    stripe.deliver("lose")
    with stripe.account.transaction():
        made = stripe.account.emit("invoice.paid", {"id": "in_1", "object": "invoice"})
    (found,) = check_delivery(installation)
    assert found.level == Level.note
    with stripe.account.transaction():
        stripe.account.change(made, created=made["created"] - 700)
    (found,) = check_delivery(installation)
    assert found.level == Level.fault
    assert made["id"] in found.text


@pytest.mark.parametrize(
    ("state", "level"),
    [("done", Level.ok), ("failed", Level.ok), ("held", Level.fault), ("given_up", Level.fault)],
)
def test_events_that_wait_for_staff_are_a_fault(
    installation: Installation,
    give: Callable[..., Facts],
    store: Callable[..., None],
    state: str,
    level: Level,
) -> None:
    store(give().completed())
    with installation.sessions.begin() as session:
        session.execute(update(InboxEvent).values(state=state))
    (found,) = check_unapplied_events(installation)
    assert found.level == level
