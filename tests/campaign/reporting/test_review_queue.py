"""What needs attention, and until when."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from campaign.audit.heartbeats import JOBS, succeed
from campaign.campaigns.finalization import finalize_due_campaigns
from campaign.core.clock import now
from campaign.models import Campaign, InboxEvent, OutboxMessage, PaymentLookup, Refund
from campaign.reporting.review_queue import Review, UnmatchedEvidence, read_review
from campaign.runtime.context import Installation
from campaign.stripe_events.process import apply_due_events
from tests.support.stripe import Facts, Json, event

Give = Callable[..., Facts]
Deliver = Callable[..., None]


@pytest.fixture
def deliver(installation: Installation, store: Callable[..., None]) -> Deliver:
    def apply(*events: Json) -> None:
        store(*events)
        apply_due_events(installation)

    return apply


def review(installation: Installation, at: datetime | None = None) -> Review:
    with installation.sessions() as session:
        return read_review(session, at or now())


def test_nothing_needs_attention_if_all_is_well(installation: Installation, paid: Facts) -> None:
    assert review(installation) == Review()
    assert review(installation).empty


def test_an_open_dispute_needs_attention_until_it_closes(
    installation: Installation, paid: Facts, deliver: Deliver
) -> None:
    deliver(paid.disputed("created", "needs_response", -2500))
    [found] = review(installation).disputes
    assert (found.donation, found.amount, found.currency) == (
        paid.donation.public_id,
        2500,
        "usd",
    )
    assert (found.reason, found.status) == ("fraudulent", "needs_response")
    assert found.due_by is not None
    deliver(paid.disputed("closed", "lost", -2500))
    assert review(installation).disputes == []


def test_an_appeal_needs_attention_until_its_own_deadline(
    installation: Installation, paid: Facts, deliver: Deliver
) -> None:
    deliver(paid.disputed("closed", "lost", -2500))
    due = paid.created + 900_000
    found = paid.dispute("appeal_needs_response", -2500, evidence_details={"due_by": due})
    deliver(event("charge.dispute.updated", found, created=int(time.time()) + 1))
    [shown] = review(installation).disputes
    assert (shown.status, shown.stage, shown.appealed) == ("appeal_needs_response", "appeal", True)
    assert shown.due_by is not None
    assert int(shown.due_by.timestamp()) == due
    closed = paid.dispute("lost", -2500)
    deliver(event("charge.dispute.closed", closed, created=int(time.time()) + 2))
    assert review(installation).disputes == []


def test_an_inquiry_needs_attention_like_a_dispute(
    installation: Installation, paid: Facts, deliver: Deliver
) -> None:
    deliver(paid.disputed("created", "warning_needs_response"))
    assert [one.status for one in review(installation).disputes] == ["warning_needs_response"]
    deliver(paid.disputed("closed", "warning_closed"))
    assert review(installation).empty


def test_a_fraud_warning_needs_attention_until_the_gift_is_refunded(
    installation: Installation, paid: Facts, deliver: Deliver
) -> None:
    deliver(paid.fraud_warned())
    [found] = review(installation).warnings
    assert (found.donation, found.amount) == (paid.donation.public_id, 2500)
    assert found.fraud_type == "made_with_stolen_card"
    deliver(paid.refunded("a", 1000))
    assert len(review(installation).warnings) == 1
    deliver(paid.refunded("b", 1500))
    assert review(installation).empty


def test_a_failed_refund_needs_attention_until_another_replaces_it(
    installation: Installation, paid: Facts, deliver: Deliver
) -> None:
    deliver(paid.refunded("a", 1000), paid.refund_failed("a", 1000))
    [found] = review(installation).refunds
    assert (found.donation, found.amount, found.state) == (paid.donation.public_id, 1000, "failed")
    assert found.failure_reason == "expired_or_canceled_card"
    with installation.sessions.begin() as session:
        session.execute(update(Refund).values(created_at=Refund.created_at - timedelta(hours=1)))
    deliver(paid.refunded("b", 500))
    assert len(review(installation).refunds) == 1, "a smaller one does not settle it"
    deliver(paid.refunded("c", 1000))
    assert review(installation).refunds == []


def test_a_refund_that_is_pending_too_long_needs_attention(
    installation: Installation, paid: Facts, deliver: Deliver
) -> None:
    deliver(paid.refunded("a", 1000, "pending"))
    assert review(installation).refunds == []
    [found] = review(installation, now() + timedelta(days=11)).refunds
    assert found.state == "pending"


def test_an_unconfirmed_refund_needs_attention_after_an_hour(
    installation: Installation, paid: Facts
) -> None:
    with installation.sessions.begin() as session:
        session.add(
            Refund(
                request_token="asked",
                donation_id=paid.donation.id,
                amount=1000,
                currency="usd",
                state="requested",
                requested_by="mia",
                created_at=now(),
            )
        )
    assert review(installation).refunds == []
    [found] = review(installation, now() + timedelta(minutes=61)).refunds
    assert (found.stripe_id, found.state) == (None, "requested")


def test_a_given_up_event_needs_attention_until_replayed(
    installation: Installation, paid: Facts
) -> None:
    with installation.sessions.begin() as session:
        gave_up = {"state": "given_up", "attempts": 12, "last_error": "KeyError: 'amount'"}
        session.execute(update(InboxEvent).values(**gave_up))
    [found] = review(installation).events
    assert (found.type, found.attempts) == ("checkout.session.completed", 12)
    assert found.last_error == "KeyError: 'amount'"


def test_a_failed_email_needs_attention(installation: Installation, paid: Facts) -> None:
    with installation.sessions.begin() as session:
        session.execute(update(OutboxMessage).values(state="failed", last_error="550 unknown"))
    [found] = review(installation).messages
    assert (found.kind, found.recipient) == ("receipt", "ana@example.org")
    assert found.last_error == "550 unknown"


def test_an_overdue_job_needs_attention(installation: Installation, campaign: Campaign) -> None:
    at = now() + timedelta(days=1)
    with installation.sessions.begin() as session:
        for job in JOBS:
            if job != "finalize":
                succeed(session, job, at)
    assert [one.job for one in review(installation, at).overdue_jobs] == ["finalize"]


def test_a_late_entry_needs_attention(
    installation: Installation, campaign: Campaign, paid: Facts, deliver: Deliver
) -> None:
    with installation.sessions.begin() as session:
        finalize_due_campaigns(session, campaign.final_from)
    deliver(paid.refunded("a", 1000))
    [found] = review(installation).late_entries
    assert (found.kind, found.amount) == ("refund", -1000)


def test_unmatched_evidence_needs_attention_until_stripe_says_it_is_not_ours(
    installation: Installation, give: Give, deliver: Deliver
) -> None:
    facts = give()
    deliver(facts.refunded("a", 1000), facts.disputed("created"), facts.fraud_warned())
    payment = f"pi_{facts.number}"
    found = review(installation)
    assert {(one.kind, one.payment_intent_id) for one in found.unmatched} == {
        ("refund", payment),
        ("dispute", payment),
        ("fraud warning", payment),
    }
    assert all(isinstance(one, UnmatchedEvidence) and one.stripe_id for one in found.unmatched)
    assert found.warnings == []
    with installation.sessions.begin() as session:
        session.add(PaymentLookup(payment_intent_id=payment, ours=False))
    assert review(installation).unmatched == []


def test_evidence_matched_later_no_longer_needs_attention(
    installation: Installation, give: Give, deliver: Deliver
) -> None:
    facts = give()
    deliver(facts.refunded("a", 1000), facts.completed())
    assert review(installation).empty
