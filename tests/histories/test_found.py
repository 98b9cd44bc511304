"""Histories that once ended with wrong books, each in its minimal form."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from campaign.ledger.invariants import broken_invariants
from campaign.models import Campaign, Donation, InboxEvent, LedgerEntry
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.stripe import Facts, Json, event
from tests.support.subscription_facts import invoice_payment

Give = Callable[..., Facts]
Store = Callable[..., None]


def refund_of_invoice(facts: Facts) -> Json:
    found = facts.refund("a", 1000, payment_intent=f"pi_{facts.number}_first", charge="ch_first")
    return event("refund.created", found)


FOUND: dict[str, tuple[str, Callable[[Facts], list[Json]], tuple[str, int]]] = {
    "a monthly gift paid by its session, whose payment was reported before": (
        "monthly",
        lambda facts: [
            invoice_payment(facts, "first"),
            facts.completed(),
            refund_of_invoice(facts),
        ],
        ("partially_refunded", 1500),
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_every_order_of_events_has_the_same_result(
    installation: Installation, give: Give, store: Store, name: str
) -> None:
    frequency, reported, end = FOUND[name]
    for order in itertools.permutations(range(len(reported(give(email="count@example.org"))))):
        facts = give(email=f"donor{order}@example.org", frequency=frequency)
        events = reported(facts)
        for place in order:
            store(events[place])
            apply_due_events(installation)
        with installation.sessions() as session:
            state = session.get_one(Donation, facts.donation.id).state
            amounts = session.scalars(
                select(LedgerEntry.amount).where(LedgerEntry.donation_id == facts.donation.id)
            )
            assert (state, sum(amounts)) == end, order
            assert list(broken_invariants(session)) == []


def test_a_card_declined_before_the_deadline_and_charged_after_counts_the_same_in_every_order(
    installation: Installation, campaign: Campaign, give: Give, store: Store
) -> None:
    """The payment intent is older than the charge, but only one of the two events shows that."""
    end = int(campaign.deadline.timestamp())
    for order in itertools.permutations(range(2)):
        facts = give(email=f"donor{order}@example.org")
        intent = facts.intent(created=end - 20)
        reported = [
            event("checkout.session.completed", facts.session(), created=end + 5),
            event("payment_intent.succeeded", intent, created=end + 5),
        ]
        for place in order:
            store(reported[place])
            apply_due_events(installation)
        with installation.sessions() as session:
            entry = select(LedgerEntry).where(LedgerEntry.donation_id == facts.donation.id)
            assert session.scalars(entry).one().campaign_id is None, order


def test_refunds_and_payments_of_one_donor_never_wait_for_each_other(
    installation: Installation, give: Give, store: Store
) -> None:
    """Two refunds in one event locked the shard before the donor; a payment of the same donor did the opposite."""
    gifts = [give() for _ in range(96)]
    paid, unpaid = gifts[:48], gifts[48:]
    store(*[facts.completed() for facts in paid])
    apply_due_events(installation)
    for facts, other in zip(paid, unpaid, strict=True):
        refunds = [facts.refund("a", 100), facts.refund("b", 2400)]
        charge = facts.charge(amount_refunded=2500, refunds={"object": "list", "data": refunds})
        store(event("charge.refunded", charge), other.completed())
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: apply_due_events(installation), range(8)))
    with installation.sessions() as session:
        errors = select(InboxEvent.last_error).where(InboxEvent.state.in_(["failed", "given_up"]))
        assert session.scalars(errors).all() == []
        assert list(broken_invariants(session)) == []
