"""The queries of the review queue: exact limits and order."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.core.clock import now
from campaign.models import (
    Charge,
    Dispute,
    Donation,
    Donor,
    ErasureRequest,
    FraudWarning,
    InboxEvent,
    OutboxMessage,
    PaymentLookup,
    Refund,
)
from campaign.models.base import new_token
from campaign.reporting.review_queries import (
    actionable_warnings,
    failed_messages,
    open_disputes,
    pending_erasures,
    problem_refunds,
    unapplied_events,
    unmatched_evidence,
)
from campaign.runtime.context import Installation
from tests.support.campaigns import add_booked_gift, add_campaign

MOMENT = timedelta(microseconds=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def gift(installation: Installation) -> Donation:
    """Return a paid gift of $100."""
    campaign = add_campaign(installation)
    with installation.sessions.begin() as session:
        return add_booked_gift(session, campaign)


def refund(gift: Donation, name: str, state: str, amount: int, at: datetime) -> Refund:
    return Refund(
        stripe_id=name,
        request_token=name,
        donation_id=gift.id,
        amount=amount,
        currency="usd",
        state=state,
        created_at=at,
    )


def dispute(name: str, status: str, due_by: datetime | None, **values: Any) -> Dispute:
    return Dispute(
        stripe_id=name,
        amount=100,
        currency="usd",
        reason="fraudulent",
        status=status,
        due_by=due_by,
        opened_at=now(),
        as_of=now(),
        **values,
    )


def first_column(session: Session, query: Any) -> Sequence[Any]:
    return [row[0] for row in session.execute(query)]


def test_open_disputes_are_listed_most_urgent_first(
    installation: Installation,
) -> None:
    at = now()
    with installation.sessions() as session:
        session.add_all(
            [
                dispute("du_open", "under_review", None),
                dispute("du_late", "needs_response", at + 2 * HOUR),
                dispute("du_soon", "warning_needs_response", at + HOUR),
                *(
                    dispute(f"du_{status}", status, at)
                    for status in ("won", "lost", "warning_closed", "prevented")
                ),
            ]
        )
        session.flush()
        assert first_column(session, open_disputes()) == ["du_soon", "du_late", "du_open"]


def test_a_warning_has_the_whole_charge_while_a_refund_still_helps(
    installation: Installation, gift: Donation
) -> None:
    with installation.sessions() as session:
        session.execute(update(Donation).values(fee_cover=300))
        for name, donation, actionable in (
            ("issfr_1", gift.id, True),
            ("issfr_2", gift.id, False),
            ("issfr_3", None, True),
        ):
            session.add(
                FraudWarning(
                    stripe_id=name,
                    donation_id=donation,
                    actionable=actionable,
                    fraud_type="misc",
                    created_at=now(),
                )
            )
        session.flush()
        ((name, public_id, charge, *_),) = session.execute(actionable_warnings()).all()
        assert (name, public_id, charge) == ("issfr_1", gift.public_id, 10_300)
        for state, waits in (("partially_refunded", 1), ("disputed", 0), ("refunded", 0)):
            session.execute(update(Donation).values(state=state))
            assert len(session.execute(actionable_warnings()).all()) == waits


def test_an_unconfirmed_refund_is_listed_from_its_time_limit_on(
    installation: Installation, gift: Donation
) -> None:
    at, ten_days = now(), timedelta(days=10)
    with installation.sessions() as session:
        session.add_all(
            [
                refund(gift, "asked", "requested", 100, at - HOUR),
                refund(gift, "new", "requested", 100, at - HOUR + MOMENT),
                refund(gift, "slow", "pending", 100, at - ten_days),
                refund(gift, "waits", "pending", 100, at - ten_days + MOMENT),
                refund(gift, "done", "succeeded", 100, at - 2 * ten_days),
            ]
        )
        session.flush()
        assert first_column(session, problem_refunds(at)) == ["slow", "asked"]


@pytest.mark.parametrize(
    ("later", "amount", "after", "settled"),
    [
        ("succeeded", 1_000, MOMENT, True),
        ("pending", 1_001, MOMENT, True),
        ("requested", 1_000, MOMENT, True),
        ("succeeded", 999, MOMENT, False),
        ("succeeded", 1_000, timedelta(0), False),
        ("refused", 1_000, MOMENT, False),
    ],
)
def test_a_failed_refund_is_resolved_by_a_later_one_of_at_least_its_amount(
    installation: Installation,
    gift: Donation,
    later: str,
    amount: int,
    after: timedelta,
    *,
    settled: bool,
) -> None:
    at = now()
    with installation.sessions() as session:
        session.add(refund(gift, "failed", "failed", 1_000, at))
        session.add(refund(gift, "later", later, amount, at + after))
        session.flush()
        assert ("failed" not in first_column(session, problem_refunds(at))) == settled


def test_a_failed_refund_is_resolved_once_its_gift_is_fully_refunded(
    installation: Installation, gift: Donation
) -> None:
    with installation.sessions() as session:
        for state in ("failed", "canceled", "refused"):
            session.add(refund(gift, state, state, 1_000, now()))
        session.flush()
        assert sorted(first_column(session, problem_refunds(now()))) == [
            "canceled",
            "failed",
            "refused",
        ]
        session.execute(update(Donation).values(state="refunded"))
        assert first_column(session, problem_refunds(now())) == []


def test_erasure_requests_are_listed_with_the_canonical_donor_until_approved(
    installation: Installation,
) -> None:
    at = now()
    with installation.sessions() as session:
        kept = Donor(email="ana@example.org", name="Ana")
        session.add(kept)
        session.flush()
        others = [Donor(email=f"r{number}@example.org", name="") for number in range(4)]
        others[0].merged_into_id = kept.id
        session.add_all(others)
        session.flush()
        merged, agreed, done, withdrawn = (one.id for one in others)
        session.add_all(
            [
                ErasureRequest(donor_id=merged, asked_at=at),
                ErasureRequest(donor_id=kept.id, asked_at=at - HOUR),
                ErasureRequest(donor_id=agreed, approved_at=at, approved_by="fay"),
                ErasureRequest(donor_id=done, done_at=at),
                ErasureRequest(donor_id=withdrawn, withdrawn_at=at),
            ]
        )
        session.flush()
        found = session.execute(pending_erasures()).all()
        assert [row[1:] for row in found] == [
            (kept.id, "ana@example.org", at - HOUR),
            (kept.id, "ana@example.org", at),
        ]


def test_events_given_up_or_held_and_failed_emails_are_listed_oldest_first(
    installation: Installation,
) -> None:
    at = now()
    with installation.sessions() as session:
        for number, (event, mail) in enumerate(
            (("given_up", "failed"), ("failed", "dropped"), ("held", "failed"))
        ):
            session.add(
                InboxEvent(
                    id=f"evt_{number}",
                    type=f"type.{number}",
                    body=b"{}",
                    state=event,
                    occurred_at=at - number * HOUR,
                )
            )
            session.add(
                OutboxMessage(
                    kind=f"kind{number}",
                    subject_key=new_token(),
                    recipient="ana@example.org",
                    message_id=f"<{number}@harbor-ledger.example>",
                    state=mail,
                    created_at=at - number * HOUR,
                )
            )
        session.flush()
        assert [row.type for row in session.execute(unapplied_events())] == ["type.2", "type.0"]
        assert [row.kind for row in session.execute(failed_messages())] == ["kind2", "kind0"]


def test_each_kind_of_evidence_is_unmatched_until_its_donation_or_account_is_known(
    installation: Installation, gift: Donation
) -> None:
    money: dict[str, Any] = {"amount": 100, "currency": "usd"}
    more: dict[str, tuple[type[Any], dict[str, Any]]] = {
        "charge": (Charge, money),
        "refund": (Refund, {**money, "state": "failed", "created_at": now()}),
        "dispute": (
            Dispute,
            {**money, "reason": "fraudulent", "status": "lost", "opened_at": now(), "as_of": now()},
        ),
        "fraud warning": (FraudWarning, {"fraud_type": "misc", "created_at": now()}),
    }
    with installation.sessions() as session:
        session.add(PaymentLookup(payment_intent_id="pi_theirs", ours=False))
        session.add(PaymentLookup(payment_intent_id="pi_ours", ours=True))
        for kind, (table, values) in more.items():
            for payment in ("theirs", "ours", "placed"):
                place = {"donation_id": gift.id} if payment == "placed" else {}
                session.add(
                    table(
                        stripe_id=f"{kind} {payment}",
                        payment_intent_id=f"pi_{payment}",
                        **values,
                        **place,
                    )
                )
        session.flush()
        found = session.execute(select(unmatched_evidence().subquery())).all()
    assert sorted(tuple(row) for row in found) == sorted(
        (kind, f"{kind} ours", "pi_ours") for kind in more
    )


def test_evidence_without_a_payment_is_always_unmatched(
    installation: Installation, gift: Donation
) -> None:
    with installation.sessions() as session:
        session.add(PaymentLookup(payment_intent_id="pi_theirs", ours=False))
        session.add_all(
            [
                dispute("du_none", "lost", None),
                dispute("du_theirs", "lost", None, payment_intent_id="pi_theirs"),
                dispute("du_new", "lost", None, payment_intent_id="pi_new"),
                dispute("du_placed", "lost", None, donation_id=gift.id),
                refund(gift, "re_placed", "failed", 100, now()),
            ]
        )
        session.flush()
        found = session.execute(select(unmatched_evidence().subquery())).all()
        assert {(row.kind, row.stripe_id) for row in found} == {
            ("dispute", "du_none"),
            ("dispute", "du_new"),
        }
