"""Events in any API version are applied by reading their objects again, or they wait where staff see them."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from campaign.core import clock
from campaign.gateway.client import StripeGateway
from campaign.ledger.invariants import broken_invariants
from campaign.models import (
    Campaign,
    Donation,
    FraudWarning,
    InboxEvent,
    LedgerEntry,
    OutboxMessage,
    Payout,
    Subscription,
)
from campaign.models.base import new_token
from campaign.reporting.metrics import count_events
from campaign.reporting.review_queue import read_review
from campaign.runtime.context import Installation
from campaign.stripe_events.inbox import without_links
from campaign.stripe_events.process import apply_due_events, replay_event
from campaign.stripe_events.recovery import recover_events
from sandbox.stripe import StripeSandbox
from tests.conftest import UNREACHABLE, sandbox_address
from tests.support.api_versions import OTHER_VERSIONS, events_in, worded
from tests.support.ledger import campaign_in, ledger_entries_of, state_and_receipt
from tests.support.stripe import Facts, Json, event

Post = Callable[..., object]
Play = Callable[[StripeSandbox, str], object]


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@dataclass(frozen=True)
class Story:
    """What happens to a gift of $25 on `card`, and what the books say at the end."""

    play: Play
    states: list[str]
    entries: list[tuple[str, int]]
    frequency: str = "one_time"
    card: str = "4242424242424242"
    monthly: str | None = None


PAID, BACK = ("payment", 2500), ("dispute", -2500)


def close(*, won: bool) -> Play:
    def play(stripe: StripeSandbox, _name: str) -> None:
        stripe.close_dispute(stripe.objects("dispute")[0]["id"], won=won)

    return play


def months(number: int) -> Play:
    def play(stripe: StripeSandbox, _name: str) -> None:
        stripe.advance(days=32 * number)

    return play


def nothing(_stripe: StripeSandbox, _name: str) -> None:
    """Add nothing to the payment."""


def cancel(stripe: StripeSandbox, _name: str) -> None:
    stripe.cancel_subscription(stripe.objects("subscription")[0]["id"])


DISPUTED = "4000000000000259"
STORIES = {
    "paid": Story(nothing, ["paid"], [PAID]),
    "partly refunded": Story(
        lambda stripe, name: stripe.refund(name, 1000),
        ["partially_refunded"],
        [PAID, ("refund", -1000)],
    ),
    "refunded in two parts": Story(
        lambda stripe, name: [stripe.refund(name, 1000), stripe.refund(name, 1500)],
        ["refunded"],
        [PAID, ("refund", -1500), ("refund", -1000)],
    ),
    "lost": Story(close(won=False), ["dispute_lost"], [PAID, BACK], card=DISPUTED),
    "won": Story(
        close(won=True), ["paid"], [PAID, BACK, ("dispute_reversed", 2500)], card=DISPUTED
    ),
    "warned of": Story(nothing, ["paid"], [PAID], card="4000000000005423"),
    "renewed": Story(
        months(1), ["paid", "paid"], [PAID, PAID], frequency="monthly", monthly="active"
    ),
    "unpaid": Story(
        months(1),
        ["paid"],
        [PAID],
        frequency="monthly",
        card="4000000000000341",
        monthly="past_due",
    ),
    "ended": Story(cancel, ["paid"], [PAID], frequency="monthly", monthly="ended"),
}


@pytest.fixture
def tell(
    client: FlaskClient,
    installation: Installation,
    campaign: Campaign,
    stripe: StripeSandbox,
) -> Callable[[Story], None]:
    """Let a story happen at Stripe, without any webhook."""

    def run(story: Story) -> None:
        form = {"amount": "25", "frequency": story.frequency, "email": "ana@example.org"}
        assert client.post("/c/nine-days/donate", data=form).status_code == 303
        name = stripe.objects("checkout.session")[0]["id"]
        stripe.pay(name, story.card)
        story.play(stripe, name)

    return run


def books(installation: Installation) -> tuple[list[str], list[tuple[str, int]], str | None]:
    """Return the states of all donations, the entries that moved money, and the monthly gift's state."""
    with installation.sessions() as session:
        assert list(broken_invariants(session)) == []
        entries = session.execute(
            select(LedgerEntry.kind, LedgerEntry.amount).where(LedgerEntry.amount != 0)
        )
        return (
            sorted(session.scalars(select(Donation.state))),
            sorted((kind, amount) for kind, amount in entries),
            session.scalar(select(Subscription.state)),
        )


def inbox(installation: Installation) -> dict[str, InboxEvent]:
    with installation.sessions() as session:
        return {event.id: event for event in session.scalars(select(InboxEvent))}


def make_due(installation: Installation) -> None:
    with installation.sessions.begin() as session:
        session.execute(update(InboxEvent).values(next_attempt_at=clock.now()))


@pytest.mark.parametrize("version", [*OTHER_VERSIONS, None])
@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_whatever_the_version_and_the_order_the_books_are_the_same(
    installation: Installation,
    stripe: StripeSandbox,
    post_event: Post,
    tell: Callable[[Story], None],
    story: Story,
    version: str | None,
) -> None:
    tell(story)
    reports = events_in(stripe, version) * 2
    random.shuffle(reports)
    for shown in reports:
        post_event(shown)
    apply_due_events(installation)
    apply_due_events(installation)
    states = {event.state for event in inbox(installation).values()}
    assert states <= {"done", "ignored"}
    expected = (sorted(story.states), sorted(story.entries), story.monthly)
    assert books(installation) == expected


@hypothesis_settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    currency=st.sampled_from(["usd", "jpy", "cad"]),
    amount=st.integers(100, 999_999),
    share=st.integers(1, 100),
    version=st.sampled_from([*OTHER_VERSIONS, None, "", "2027-01-01.fennel"]),
    seed=st.integers(0, 99),
)
def test_any_amount_currency_version_and_order(
    client: FlaskClient,
    installation: Installation,
    stripe: StripeSandbox,
    post_event: Post,
    currency: str,
    amount: int,
    share: int,
    version: str | None,
    seed: int,
) -> None:
    """A payment, refunded in part, each report twice and without a word more than the object's id."""
    facts = begin_in(client, installation, currency, amount)
    back = max(amount * share // 100, 1)
    name = stripe.objects("checkout.session")[0]["id"]
    stripe.pay(name)
    stripe.refund(name, back)
    for shown in random.Random(seed).sample(stripe.events() * 2, k=2 * len(stripe.events())):
        found = shown["data"]["object"]
        bare = {"id": found["id"], "object": found["object"]}
        post_event({**shown, "api_version": version, "data": {"object": bare}})
    apply_due_events(installation)
    moved = [entry[:2] for entry in ledger_entries_of(installation, facts) if entry[1]]
    assert moved == [("payment", amount), ("refund", -back)]
    state = "refunded" if back == amount else "partially_refunded"
    assert state_and_receipt(installation, facts) == (state, amount - back)


def begin_in(client: FlaskClient, installation: Installation, currency: str, amount: int) -> Facts:
    """Begin a gift of `amount` minor units to a campaign in `currency`."""
    with installation.sessions() as session:
        if session.scalar(select(Campaign).where(Campaign.slug == f"in-{currency}")) is None:
            campaign_in(installation, currency)
    typed = str(amount) if currency == "jpy" else f"{amount // 100}.{amount % 100:02}"
    form = {"amount": typed, "frequency": "one_time", "email": f"{new_token()}@example.org"}
    assert client.post(f"/c/in-{currency}/donate", data=form).status_code == 303
    with installation.sessions() as session:
        newest = select(Donation).order_by(Donation.id.desc()).limit(1)
        return Facts(session.scalars(newest).one())


def test_each_report_reads_its_object_as_it_is_by_then(
    installation: Installation,
    stripe: StripeSandbox,
    post_event: Post,
    tell: Callable[[Story], None],
) -> None:
    """Reported while it happens, and every earlier report once more after each step."""
    tell(STORIES["unpaid"])
    for step in (lambda: None, lambda: cancel(stripe, "")):
        step()
        for shown in events_in(stripe, "2024-06-20"):
            post_event(shown)
            apply_due_events(installation)
        for name in inbox(installation):
            replay_event(installation, name)
    assert books(installation) == (["paid"], [PAID], "ended")


def test_an_older_reading_never_undoes_a_newer_one(
    installation: Installation,
    stripe: StripeSandbox,
    post_event: Post,
    tell: Callable[[Story], None],
) -> None:
    """A failed renewal was paid before its event is applied: the donor is not told that it failed."""
    tell(STORIES["renewed"])
    (renewal, _first) = stripe.objects("invoice")
    paid = next(
        found
        for found in stripe.events("invoice.paid")
        if found["data"]["object"]["id"] == renewal["id"]
    )
    late = {**paid, "id": "evt_failed", "type": "invoice.payment_failed"}
    for shown in events_in(stripe, "2024-06-20"):
        if shown["id"] != paid["id"]:
            post_event(shown)
    post_event(worded(stripe, late, "2024-06-20"))
    apply_due_events(installation)
    assert books(installation) == (["paid", "paid"], [PAID, PAID], "active")


def test_a_failed_renewal_is_told_although_its_subscription_was_read_after_the_event(
    installation: Installation,
    stripe: StripeSandbox,
    post_event: Post,
    tell: Callable[[Story], None],
) -> None:
    """Its events were late, and the first of them read the subscription as it was before Stripe noticed."""
    tell(STORIES["unpaid"])
    (found,) = stripe.objects("subscription")
    (failed,) = stripe.events("invoice.payment_failed")
    (begun,) = stripe.events("customer.subscription.created")
    with stripe.account.transaction():
        unpaid = stripe.account.find(found["id"])
        assert unpaid
        stripe.account.change(unpaid, status="active")
    post_event(worded(stripe, begun, "2024-06-20"))
    apply_due_events(installation)
    early = {**failed, "created": failed["created"] - 86_400 * 40}
    post_event(worded(stripe, early, "2024-06-20"))
    apply_due_events(installation)
    assert books(installation)[2] == "past_due"
    with installation.sessions() as session:
        emails = session.scalars(select(OutboxMessage.kind)).all()
    assert emails.count("renewal_failed") == 1


def test_payouts_and_warnings_are_read_again(
    installation: Installation,
    stripe: StripeSandbox,
    post_event: Post,
    tell: Callable[[Story], None],
) -> None:
    tell(STORIES["warned of"])
    stripe.advance(days=3)
    stripe.payout()
    for shown in events_in(stripe, "2020-08-27"):
        post_event(shown)
    apply_due_events(installation)
    with installation.sessions() as session:
        assert session.scalars(select(Payout.status)).one() == "paid"
        assert session.scalars(select(FraudWarning.actionable)).one() is True


@pytest.fixture
def waiting(
    installation: Installation,
    stripe: StripeSandbox,
    post_event: Post,
    tell: Callable[[Story], None],
) -> Json:
    """A payment reported in another version; not applied yet."""
    tell(STORIES["paid"])
    shown = next(
        found
        for found in events_in(stripe, "2019-12-03")
        if found["type"] == "checkout.session.completed"
    )
    post_event(shown)
    return shown


def hide(stripe: StripeSandbox, shown: Json) -> Json:
    """Delete the event's object at Stripe and return it."""
    with stripe.account.transaction():
        found = stripe.account.find(shown["data"]["object"]["id"])
        assert found
        stripe.account.delete(found)
    return found


def seen_by_staff(installation: Installation) -> list[str]:
    with installation.sessions() as session:
        assert count_events(session).get("held", 0) == 1
        return [one.last_error or "" for one in read_review(session, clock.now()).events]


def test_an_object_that_is_gone_is_seen_by_staff_and_tried_again(
    installation: Installation, stripe: StripeSandbox, waiting: Json
) -> None:
    found = hide(stripe, waiting)
    assert apply_due_events(installation) == 1
    (why,) = seen_by_staff(installation)
    assert "is worded in API version 2019-12-03" in why
    assert "resource_missing" in why
    for _ in range(20):
        make_due(installation)
        apply_due_events(installation)
    assert len(seen_by_staff(installation)) == 1
    with stripe.account.transaction():
        stripe.account.add(found)
    make_due(installation)
    apply_due_events(installation)
    assert books(installation) == (["paid"], [PAID], None)
    assert inbox(installation)[waiting["id"]].state == "done"


def test_a_key_without_a_permission_is_seen_with_its_name(
    installation: Installation, stripe: StripeSandbox, waiting: Json
) -> None:
    restricted = replace(
        installation, make_gateway=lambda: StripeGateway("rk_test_sandbox", stripe.url)
    )
    stripe.take_permissions(["rak_checkout_session_read"])
    apply_due_events(restricted)
    (why,) = seen_by_staff(installation)
    assert "Having the 'rak_checkout_session_read' permission would allow" in why
    stripe.take_permissions([])
    assert recover_events(restricted).left == ()
    assert books(installation) == (["paid"], [PAID], None)


@pytest.mark.parametrize("mode", ["429", "500"])
def test_a_stripe_that_does_not_answer_is_asked_again_and_never_given_up(
    installation: Installation, stripe: StripeSandbox, waiting: Json, mode: str
) -> None:
    stripe.fault("GET /v1/checkout/sessions/*", mode, times=0)
    apply_due_events(installation)
    assert inbox(installation)[waiting["id"]].state == "failed"
    with installation.sessions.begin() as session:
        session.execute(update(InboxEvent).values(attempts=11))
    make_due(installation)
    apply_due_events(installation)
    assert len(seen_by_staff(installation)) == 1
    stripe.clear_faults()
    make_due(installation)
    apply_due_events(installation)
    assert books(installation) == (["paid"], [PAID], None)


def test_an_unreachable_stripe_is_asked_once_in_a_run_and_delays_no_event_of_ours(
    installation: Installation,
    stripe: StripeSandbox,
    post_event: Post,
    tell: Callable[[Story], None],
    give: Callable[..., Facts],
) -> None:
    tell(STORIES["partly refunded"])
    for shown in events_in(stripe, "2024-06-20"):
        post_event(shown)
    other = give("ben@example.org")
    post_event(other.completed())
    asked = []

    class Away(StripeGateway):
        def __init__(self) -> None:
            asked.append(1)
            super().__init__("sk_test_sandbox", UNREACHABLE)

    apply_due_events(replace(installation, make_gateway=Away))
    states = [event.state for event in inbox(installation).values()]
    assert states.count("failed") >= 3
    with installation.sessions() as session:
        assert session.get_one(Donation, other.donation.id).state == "paid"
    make_due(installation)
    apply_due_events(installation)
    assert books(installation)[0] == ["paid", "partially_refunded"]


def test_while_the_object_is_read_no_other_worker_takes_the_event(
    installation: Installation, stripe: StripeSandbox, waiting: Json
) -> None:
    during: list[tuple[int, str]] = []

    class Watched(StripeGateway):
        def __init__(self) -> None:
            state = inbox(installation)[waiting["id"]].state
            during.append((apply_due_events(installation), state))
            super().__init__("sk_test_sandbox", stripe.url)

    assert apply_due_events(replace(installation, make_gateway=Watched)) == 1
    assert during == [(0, "received")]
    assert books(installation) == (["paid"], [PAID], None)


def test_a_worker_that_died_while_reading_loses_nothing(
    installation: Installation, stripe: StripeSandbox, waiting: Json
) -> None:
    class Dies(StripeGateway):
        def __init__(self) -> None:
            raise SystemExit

    with pytest.raises(SystemExit):
        apply_due_events(replace(installation, make_gateway=Dies))
    assert apply_due_events(installation) == 0
    left = inbox(installation)[waiting["id"]]
    assert left.state == "received"
    assert left.next_attempt_at <= clock.now() + timedelta(minutes=5)
    make_due(installation)
    apply_due_events(installation)
    assert books(installation) == (["paid"], [PAID], None)


@pytest.mark.parametrize("found", [{"object": "invoice"}, {"id": None}, {"id": 7, "object": 7}])
def test_an_object_without_an_id_is_seen_by_staff(
    installation: Installation, post_event: Post, found: Json
) -> None:
    post_event({**event("invoice.paid", found), "api_version": "2024-06-20"})
    apply_due_events(installation)
    assert "has no ID" in seen_by_staff(installation)[0]


def test_an_event_of_ours_that_does_not_parse_is_seen_and_then_read_again(
    installation: Installation,
    stripe: StripeSandbox,
    post_event: Post,
    tell: Callable[[Story], None],
) -> None:
    tell(STORIES["paid"])
    (shown,) = stripe.events("checkout.session.completed")
    del shown["data"]["object"]["payment_status"]
    post_event(shown)
    apply_due_events(installation)
    assert "does not have the form of a Stripe event" in seen_by_staff(installation)[0]
    make_due(installation)
    apply_due_events(installation)
    assert books(installation) == (["paid"], [PAID], None)


def test_a_paid_invoice_that_stripe_calls_open_is_not_booked(
    installation: Installation,
    stripe: StripeSandbox,
    post_event: Post,
    tell: Callable[[Story], None],
) -> None:
    tell(STORIES["unpaid"])
    (failed, *_) = stripe.events("invoice.payment_failed")
    shown = worded(stripe, {**failed, "type": "invoice.paid"}, "2024-06-20")
    post_event(shown)
    apply_due_events(installation)
    stored = inbox(installation)[shown["id"]]
    assert stored.state == "failed"
    assert "Stripe says open" in (stored.last_error or "")


def test_an_event_that_nobody_handles_is_not_read(
    installation: Installation, post_event: Post
) -> None:
    shown = {**event("customer.updated", {"id": "cus_1"}), "api_version": "2019-12-03"}
    post_event(shown)
    apply_due_events(installation)
    assert inbox(installation)[shown["id"]].state == "ignored"


def test_the_webhook_only_stores(
    installation: Installation, stripe: StripeSandbox, waiting: Json
) -> None:
    stored = inbox(installation)[waiting["id"]]
    assert (stored.state, stored.attempts) == ("received", 0)
    assert json.loads(stored.body) == json.loads(without_links(json.dumps(waiting).encode()))
