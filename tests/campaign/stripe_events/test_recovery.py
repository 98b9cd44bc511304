"""Events with lost webhooks are fetched from Stripe and applied once."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.pool import QueuePool
from stripe import StripeClient

from campaign.core.clock import now
from campaign.core.errors import GatewayUnavailable
from campaign.gateway import read_event
from campaign.gateway.client import StripeGateway, UndeliveredEvent
from campaign.ledger.invariants import broken_invariants
from campaign.models import Campaign, Donation, InboxEvent, OutboxMessage, ProgressShard, Receipt
from campaign.runtime.context import Installation
from campaign.stripe_events.inbox import store_event, without_links
from campaign.stripe_events.process import apply_due_events
from campaign.stripe_events.recovery import Recovery, recover_events
from campaign.stripe_events.registry import HANDLERS
from sandbox.stripe import StripeSandbox
from tests.conftest import UNREACHABLE, sandbox_address

Store = Callable[..., None]
NOTHING = Recovery(fetched=0, new=0, stored=0, skipped=0)


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture(autouse=True)
def losing(stripe: StripeSandbox) -> None:
    """Create an endpoint at Stripe whose webhooks never arrive."""
    client = StripeClient("sk_test_sandbox", base_addresses={"api": sandbox_address(stripe)})
    client.v1.webhook_endpoints.create(
        {"url": f"{UNREACHABLE}/stripe/webhook", "enabled_events": ["*"]}
    )
    stripe.deliver("lose")


@pytest.fixture
def lost(client: FlaskClient, campaign: Campaign, stripe: StripeSandbox) -> list[str]:
    """Pay a gift of $25 whose donor never returns from Stripe; return the ids of the events we handle."""
    form = {"amount": "25", "frequency": "one_time", "email": "ana@example.org", "attempt": "a"}
    assert client.post("/c/nine-days/donate", data=form).status_code == 303
    stripe.pay(stripe.objects("checkout.session")[0]["id"])
    return [event["id"] for event in stripe.events() if event["type"] in HANDLERS]


def emit(stripe: StripeSandbox, count: int, kind: str = "payment_intent.succeeded") -> None:
    """Create events of payments that are not ours, such as another shop's on the same account."""
    intent = {
        "id": "pi_other",
        "object": "payment_intent",
        "created": stripe.now(),
        "status": "succeeded",
        "amount_received": 100,
        "currency": "usd",
    }
    with stripe.account.transaction():
        for _ in range(count):
            stripe.account.emit(kind, intent)


def standing(installation: Installation) -> tuple[str, int, int, int]:
    """Return (state, raised, receipts, emails) of the only donation; all invariants hold."""
    with installation.sessions() as session:
        assert list(broken_invariants(session)) == []
        return (
            session.scalars(select(Donation.state)).one(),
            int(session.scalar(select(func.coalesce(func.sum(ProgressShard.raised), 0))) or 0),
            session.scalar(select(func.count()).select_from(Receipt)) or 0,
            session.scalar(select(func.count()).select_from(OutboxMessage)) or 0,
        )


def inbox(installation: Installation) -> dict[str, InboxEvent]:
    with installation.sessions() as session:
        return {event.id: event for event in session.scalars(select(InboxEvent))}


def test_lost_events_are_found_and_applied_once(
    installation: Installation, lost: list[str]
) -> None:
    assert standing(installation) == ("pending", 0, 0, 0)
    found = recover_events(installation)
    assert found == Recovery(len(lost), new=len(lost), stored=0, skipped=0)
    assert standing(installation) == ("paid", 2500, 1, 1)
    assert set(inbox(installation)) == set(lost)


def test_recovering_again_changes_nothing(installation: Installation, lost: list[str]) -> None:
    recover_events(installation)
    before = {name: event.finished_at for name, event in inbox(installation).items()}
    again = recover_events(installation)
    assert again == Recovery(len(lost), new=0, stored=len(lost), skipped=0)
    assert standing(installation) == ("paid", 2500, 1, 1)
    assert {name: event.finished_at for name, event in inbox(installation).items()} == before


def test_a_stored_event_is_not_stored_again(
    installation: Installation, lost: list[str], stripe: StripeSandbox, store: Store
) -> None:
    known = stripe.event(lost[0])
    store(known)
    apply_due_events(installation)
    found = recover_events(installation)
    assert (found.new, found.stored) == (len(lost) - 1, 1)
    assert inbox(installation)[lost[0]].body == json.dumps(known).encode()
    assert standing(installation) == ("paid", 2500, 1, 1)


def test_a_webhook_that_arrives_after_all_changes_nothing(
    installation: Installation,
    lost: list[str],
    stripe: StripeSandbox,
    post_event: Callable[..., object],
) -> None:
    recover_events(installation)
    for event_id in lost:
        post_event(stripe.event(event_id))
    assert apply_due_events(installation) == 0
    assert standing(installation) == ("paid", 2500, 1, 1)


def test_the_body_is_stored_as_a_webhook_would_deliver_it(
    installation: Installation, lost: list[str], stripe: StripeSandbox
) -> None:
    recover_events(installation)
    for event_id, stored in inbox(installation).items():
        sent = {name: part for name, part in stripe.event(event_id).items() if name != "deliveries"}
        assert json.loads(stored.body) == json.loads(without_links(json.dumps(sent).encode()))


def test_every_page_is_read(
    installation: Installation, lost: list[str], stripe: StripeSandbox
) -> None:
    emit(stripe, 230)
    found = recover_events(installation)
    assert (found.fetched, found.new) == (230 + len(lost), 230 + len(lost))
    assert standing(installation) == ("paid", 2500, 1, 1)
    assert len(inbox(installation)) == 230 + len(lost)


def test_a_full_last_page_is_the_last(installation: Installation, stripe: StripeSandbox) -> None:
    emit(stripe, 100)
    assert recover_events(installation).fetched == 100


def test_only_undelivered_events_that_have_a_handler_are_fetched(
    installation: Installation, stripe: StripeSandbox
) -> None:
    emit(stripe, 3, "payment_intent.created")
    assert recover_events(installation) == NOTHING


def test_since_excludes_older_events(installation: Installation, stripe: StripeSandbox) -> None:
    emit(stripe, 2)
    stripe.advance(days=2)
    emit(stripe, 3)
    made = datetime.fromtimestamp(stripe.now(), UTC)
    assert recover_events(installation, made + timedelta(hours=1)) == NOTHING
    assert recover_events(installation, made - timedelta(hours=1)).fetched == 3
    assert recover_events(installation, made - timedelta(days=3)).fetched == 5


def test_events_of_the_other_mode_are_skipped(installation: Installation, lost: list[str]) -> None:
    live = replace(installation.settings, stripe_secret_key="sk_live_sandbox")
    found = recover_events(replace(installation, settings=live))
    assert found == Recovery(len(lost), new=0, stored=0, skipped=len(lost))
    assert inbox(installation) == {}


@pytest.mark.parametrize("version", ["2019-12-03", "2024-06-20", "2025-03-31.basil"])
def test_the_accounts_default_version_does_not_matter(
    installation: Installation,
    client: FlaskClient,
    campaign: Campaign,
    stripe: StripeSandbox,
    version: str,
) -> None:
    """Stripe lists events in the version that was the account's default when they were created."""
    stripe.use_version(version)
    form = {"amount": "25", "frequency": "monthly", "email": "ana@example.org", "attempt": "a"}
    assert client.post("/c/nine-days/donate", data=form).status_code == 303
    stripe.pay(stripe.objects("checkout.session")[0]["id"])
    found = recover_events(installation)
    assert (found.skipped, found.left) == (0, ())
    assert standing(installation) == ("paid", 2500, 1, 1)
    applied = inbox(installation).values()
    assert {json.loads(event.body)["api_version"] for event in applied} == {version}
    assert {event.state for event in applied} <= {"done", "ignored"}
    stripe.advance(days=32)
    assert recover_events(installation).left == ()
    with installation.sessions() as session:
        assert sorted(session.scalars(select(Donation.state))) == ["paid", "paid"]
        assert list(broken_invariants(session)) == []


def test_events_put_aside_in_another_version_are_read_again_once(
    installation: Installation, lost: list[str], stripe: StripeSandbox
) -> None:
    """An earlier version of this service ignored what it could not find in an older wording."""
    for event_id in lost:
        body = json.dumps(stripe.event(event_id) | {"api_version": "2024-06-20"}).encode()
        with installation.sessions.begin() as session:
            store_event(session, read_event(body), body)
    with installation.sessions.begin() as session:
        session.execute(update(InboxEvent).values(state="ignored", note="no donation of ours"))
    recover_events(installation)
    assert standing(installation) == ("paid", 2500, 1, 1)
    before = {name: event.finished_at for name, event in inbox(installation).items()}
    recover_events(installation)
    assert {name: event.finished_at for name, event in inbox(installation).items()} == before


def test_a_failing_event_is_reported_and_stops_no_other(
    installation: Installation, lost: list[str], stripe: StripeSandbox
) -> None:
    with stripe.account.transaction():
        stripe.account.emit("payment_intent.succeeded", {"id": "pi_odd"})
    (left,) = recover_events(installation).left
    assert (left.type, left.state) == ("payment_intent.succeeded", "held")
    assert standing(installation) == ("paid", 2500, 1, 1)


def test_an_unavailable_stripe_is_one_error_and_nothing_is_lost(
    installation: Installation, lost: list[str], stripe: StripeSandbox
) -> None:
    away = replace(installation, make_gateway=lambda: StripeGateway("sk_test_sandbox", UNREACHABLE))
    with pytest.raises(GatewayUnavailable, match=r"\AStripe cannot be reached: [^\n]+\Z"):
        recover_events(away)
    assert recover_events(installation).new == len(lost)
    assert standing(installation) == ("paid", 2500, 1, 1)


def test_an_interrupted_run_is_completed_by_the_next(
    installation: Installation, lost: list[str], stripe: StripeSandbox
) -> None:
    emit(stripe, 120)

    class LosesTouch(StripeGateway):
        """Yield part of a page, then fail; no database connection is held meanwhile."""

        def undelivered_events(self, *asked: Any) -> Iterator[UndeliveredEvent]:
            for place, found in enumerate(super().undelivered_events(*asked)):
                if place == 50:
                    stripe.fault("GET /v1/events", "429", times=9)
                yield found
                assert isinstance(installation.engine.pool, QueuePool)
                assert installation.engine.pool.checkedout() == 0

    gateway = LosesTouch("sk_test_sandbox", sandbox_address(stripe))
    with pytest.raises(GatewayUnavailable, match="limiting our requests"):
        recover_events(replace(installation, make_gateway=lambda: gateway))
    stripe.clear_faults()
    assert len(inbox(installation)) == 100
    assert recover_events(installation).new == 20 + len(lost)
    assert standing(installation) == ("paid", 2500, 1, 1)


def test_no_lost_events_means_nothing_to_do(installation: Installation) -> None:
    assert recover_events(installation, now() - timedelta(days=2)) == NOTHING
