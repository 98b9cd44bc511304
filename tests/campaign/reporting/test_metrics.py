"""Row counts for `/metrics`."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from campaign.core.clock import now
from campaign.models import Campaign, InboxEvent, OutboxMessage, PaymentLookup
from campaign.models.base import new_token
from campaign.reporting.metrics import (
    count_disputes,
    count_events,
    count_failed_messages,
    count_fraud_warnings,
    count_messages,
    count_refunds,
    count_stuck_messages,
    count_unmatched,
    sums_raised,
)
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.campaigns import add_booked_gift, add_campaign
from tests.support.stripe import Facts, Json

Give = Callable[..., Facts]
Deliver = Callable[..., None]


@pytest.fixture
def deliver(installation: Installation, store: Callable[..., None]) -> Deliver:
    def apply(*events: Json) -> None:
        store(*events)
        apply_due_events(installation)

    return apply


def message(kind: str, state: str, **values: object) -> OutboxMessage:
    return OutboxMessage(
        kind=kind,
        subject_key=new_token(),
        recipient="ana@example.org",
        message_id=f"<{new_token()}@harbor-ledger.example>",
        state=state,
        **values,
    )


def test_an_empty_database_counts_nothing(installation: Installation) -> None:
    with installation.sessions() as session:
        for count in (
            count_events,
            count_messages,
            count_failed_messages,
            count_disputes,
            count_refunds,
        ):
            assert count(session) == {}
        assert (count_stuck_messages(session), sums_raised(session)) == ({}, {})
        assert count_fraud_warnings(session) == {"true": 0, "false": 0}
        assert count_unmatched(session) == 0


def test_every_campaign_has_a_total_in_its_currency_even_without_gifts(
    installation: Installation,
) -> None:
    first = add_campaign(installation)
    add_campaign(installation, slug="tokyo", currency="jpy", goal="500000")
    with installation.sessions.begin() as session:
        for _ in range(20):
            add_booked_gift(session, first, 500)
    with installation.sessions() as session:
        assert sums_raised(session) == {("winter", "usd"): 10_000, ("tokyo", "jpy"): 0}


def test_emails_are_counted_by_state_and_failed_or_stuck_ones_by_kind(
    installation: Installation,
) -> None:
    hour = timedelta(hours=1)
    with installation.sessions.begin() as session:
        session.add_all(
            [
                message("receipt", "queued", next_attempt_at=now() - hour),
                message("receipt", "queued", next_attempt_at=now() - hour + timedelta(minutes=1)),
                message("statement", "sending", lease_until=now()),
                message("statement", "sending", lease_until=now() + hour),
                message("receipt", "failed"),
                message("staff_alert", "failed"),
                message("receipt", "sent", sent_at=now()),
            ]
        )
    with installation.sessions() as session:
        assert count_messages(session) == {"queued": 2, "sending": 2, "failed": 2, "sent": 1}
        assert count_failed_messages(session) == {"receipt": 1, "staff_alert": 1}
        assert count_stuck_messages(session) == {"receipt": 1, "statement": 1}


def test_events_refunds_and_disputes_are_counted_by_their_state(
    installation: Installation, paid: Facts, deliver: Deliver
) -> None:
    deliver(
        paid.refunded("a", 300),
        paid.refunded("b", 200),
        paid.refund_failed("b", 200),
        paid.disputed("created", "warning_needs_response"),
    )
    with installation.sessions.begin() as session:
        first = update(InboxEvent).where(InboxEvent.type == "refund.failed")
        session.execute(first.values(state="given_up"))
    with installation.sessions() as session:
        assert count_refunds(session) == {"succeeded": 1, "failed": 1}
        assert count_disputes(session) == {"warning_needs_response": 1}
        assert count_events(session) == {"done": 4, "given_up": 1}


def test_a_warning_is_actionable_until_its_gift_is_fully_refunded(
    installation: Installation, paid: Facts, deliver: Deliver
) -> None:
    deliver(paid.fraud_warned())
    with installation.sessions() as session:
        assert count_fraud_warnings(session) == {"true": 1, "false": 0}
    deliver(paid.refunded("a", 2_500))
    with installation.sessions() as session:
        assert count_fraud_warnings(session) == {"true": 0, "false": 1}


def test_evidence_of_an_unknown_payment_counts_until_it_is_known_not_to_be_ours(
    installation: Installation, campaign: Campaign, give: Give, deliver: Deliver
) -> None:
    first, second = give(), give("ben@example.org")
    deliver(first.refunded("a", 1_000), first.fraud_warned(), second.refunded("a", 1_000))
    with installation.sessions.begin() as session:
        assert count_unmatched(session) == 3
        session.add(PaymentLookup(payment_intent_id=f"pi_{first.number}", ours=False))
        session.add(PaymentLookup(payment_intent_id=f"pi_{second.number}", ours=True))
        session.flush()
        assert count_unmatched(session) == 1
