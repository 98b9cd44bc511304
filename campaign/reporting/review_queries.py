"""The queries behind the review queue: `reporting.review_queue` reads their rows, `reporting.metrics` counts them."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    Text,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from campaign.models import (
    Charge,
    Dispute,
    Donation,
    DonationState,
    Donor,
    ErasureRequest,
    FraudWarning,
    InboxEvent,
    InboxState,
    OutboxMessage,
    OutboxState,
    PaymentLookup,
    Refund,
    RefundState,
)

_ENDED_DISPUTES = ("won", "lost", "warning_closed", "prevented")
_SOMETHING_LEFT = (DonationState.paid.value, DonationState.partially_refunded.value)
_ENDED_BADLY = (
    RefundState.failed.value,
    RefundState.canceled.value,
    RefundState.refused.value,
)
_UNDER_WAY = (RefundState.requested.value, RefundState.pending.value, RefundState.succeeded.value)
ANSWER_WITHIN = timedelta(hours=1)
"""By then Stripe's answer to a refund that staff asked for should be known."""
DONE_WITHIN = timedelta(days=10)
"""A refund takes up to ten business days; one that is pending for longer may wait for the donor or for us."""


def open_disputes() -> Select[*tuple[Any, ...]]:
    """Disputes and inquiries that have not ended, the most urgent first."""
    return (
        select(
            Dispute.stripe_id,
            Donation.public_id,
            Dispute.amount,
            Dispute.currency,
            Dispute.reason,
            Dispute.status,
            Dispute.due_by,
        )
        .outerjoin(Donation, Donation.id == Dispute.donation_id)
        .where(Dispute.status.not_in(_ENDED_DISPUTES))
        .order_by(Dispute.due_by.asc().nulls_last(), Dispute.id)
    )


def actionable_warnings() -> Select[*tuple[Any, ...]]:
    """In a query: warnings of donations of which something is left that a refund would still save from a dispute."""
    return (
        select(
            FraudWarning.stripe_id,
            Donation.public_id,
            (Donation.amount + Donation.fee_cover).label("charge"),
            Donation.currency,
            FraudWarning.fraud_type,
            FraudWarning.created_at,
        )
        .join(Donation, Donation.id == FraudWarning.donation_id)
        .where(FraudWarning.actionable, Donation.state.in_(_SOMETHING_LEFT))
        .order_by(FraudWarning.created_at, FraudWarning.id)
    )


def problem_refunds(at: datetime) -> Select[*tuple[Any, ...]]:
    """Failed ones are settled by a later one of at least the amount, or once nothing is left to give back."""
    later = aliased(Refund)
    followed = exists().where(
        later.donation_id == Refund.donation_id,
        later.created_at > Refund.created_at,
        later.amount >= Refund.amount,
        later.state.in_(_UNDER_WAY),
    )
    failed = and_(Refund.state.in_(_ENDED_BADLY), Donation.state.in_(_SOMETHING_LEFT), ~followed)
    return (
        select(
            Refund.stripe_id,
            Donation.public_id,
            Refund.amount,
            Refund.currency,
            Refund.state,
            Refund.failure_reason,
            Refund.created_at,
        )
        .join(Donation, Donation.id == Refund.donation_id)
        .where(
            or_(
                failed,
                _stands(RefundState.requested, at - ANSWER_WITHIN),
                _stands(RefundState.pending, at - DONE_WITHIN),
            )
        )
        .order_by(Refund.created_at, Refund.id)
    )


def _stands(state: RefundState, since: datetime) -> ColumnElement[bool]:
    return and_(Refund.state == state.value, Refund.created_at <= since)


def pending_erasures() -> Select[*tuple[Any, ...]]:
    """Requests of donors to be removed that nobody has agreed to, done or withdrawn, the oldest first."""
    asker, speaker = aliased(Donor), aliased(Donor)
    speaks = func.coalesce(asker.merged_into_id, asker.id)
    return (
        select(ErasureRequest.id, speaker.id, speaker.email, ErasureRequest.asked_at)
        .join(asker, asker.id == ErasureRequest.donor_id)
        .join(speaker, speaker.id == speaks)
        .where(
            ErasureRequest.done_at.is_(None),
            ErasureRequest.withdrawn_at.is_(None),
            ErasureRequest.approved_at.is_(None),
        )
        .order_by(ErasureRequest.asked_at, ErasureRequest.id)
    )


def given_up_events() -> Select[*tuple[Any, ...]]:
    """Events that were tried often enough."""
    return (
        select(
            InboxEvent.id,
            InboxEvent.type,
            InboxEvent.attempts,
            InboxEvent.last_error,
            InboxEvent.occurred_at,
        )
        .where(InboxEvent.state == InboxState.given_up.value)
        .order_by(InboxEvent.occurred_at, InboxEvent.id)
    )


def failed_messages() -> Select[*tuple[Any, ...]]:
    """Mail that was refused for good, or given up after a day."""
    return (
        select(
            OutboxMessage.id,
            OutboxMessage.kind,
            OutboxMessage.subject_key,
            OutboxMessage.recipient,
            OutboxMessage.last_error,
            OutboxMessage.created_at,
        )
        .where(OutboxMessage.state == OutboxState.failed.value)
        .order_by(OutboxMessage.created_at, OutboxMessage.id)
    )


def unmatched_evidence() -> CompoundSelect[Any]:
    """In a query: kind, Stripe's id and payment of each, but those whose payment Stripe says is not ours."""
    tables: tuple[tuple[str, type[Charge] | type[Refund] | type[Dispute] | type[FraudWarning]], ...]
    tables = (
        ("charge", Charge),
        ("refund", Refund),
        ("dispute", Dispute),
        ("fraud warning", FraudWarning),
    )
    return union_all(
        *(
            select(
                literal(kind, Text()).label("kind"),
                table.stripe_id.label("stripe_id"),
                table.payment_intent_id.label("payment_intent_id"),
            ).where(
                table.donation_id.is_(None),
                ~exists().where(
                    PaymentLookup.payment_intent_id == table.payment_intent_id,
                    PaymentLookup.ours.is_(False),
                ),
            )
            for kind, table in tables
        )
    )
