"""The queries of the review queue. `reporting.review_queue` reads their rows, `reporting.metrics` counts them."""

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

_CLOSED_DISPUTES = ("won", "lost", "warning_closed", "prevented")
_NOT_FULLY_REFUNDED = (DonationState.paid.value, DonationState.partially_refunded.value)
_UNSUCCESSFUL = (
    RefundState.failed.value,
    RefundState.canceled.value,
    RefundState.refused.value,
)
_IN_PROGRESS_OR_DONE = (
    RefundState.requested.value,
    RefundState.pending.value,
    RefundState.succeeded.value,
)
ANSWER_WITHIN = timedelta(hours=1)
"""By then Stripe should have confirmed a refund that staff requested."""
DONE_WITHIN = timedelta(days=10)
"""A refund takes up to ten business days; one that is pending longer may need action from the donor or from us."""


def open_disputes() -> Select[*tuple[Any, ...]]:
    """Select disputes and inquiries that are still open, the most urgent first.

    Leaves out those of another application on the same account, once Stripe said that the payment is not ours.
    """
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
        .where(
            Dispute.status.not_in(_CLOSED_DISPUTES),
            or_(Dispute.donation_id.is_not(None), ~_not_ours(Dispute)),
        )
        .order_by(Dispute.due_by.asc().nulls_last(), Dispute.id)
    )


def actionable_warnings() -> Select[*tuple[Any, ...]]:
    """Select fraud warnings where a refund of the remaining amount would still avoid a dispute."""
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
        .where(FraudWarning.actionable, Donation.state.in_(_NOT_FULLY_REFUNDED))
        .order_by(FraudWarning.created_at, FraudWarning.id)
    )


def problem_refunds(at: datetime) -> Select[*tuple[Any, ...]]:
    """Select refunds that failed, or that Stripe has not confirmed or completed in time.

    A failed refund drops out once a later one covers at least its amount, or once nothing is left to refund.
    """
    later = aliased(Refund)
    followed = exists().where(
        later.donation_id == Refund.donation_id,
        later.created_at > Refund.created_at,
        later.amount >= Refund.amount,
        later.state.in_(_IN_PROGRESS_OR_DONE),
    )
    failed = and_(
        Refund.state.in_(_UNSUCCESSFUL), Donation.state.in_(_NOT_FULLY_REFUNDED), ~followed
    )
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
                _unchanged_since(RefundState.requested, at - ANSWER_WITHIN),
                _unchanged_since(RefundState.pending, at - DONE_WITHIN),
            )
        )
        .order_by(Refund.created_at, Refund.id)
    )


def _unchanged_since(state: RefundState, since: datetime) -> ColumnElement[bool]:
    return and_(Refund.state == state.value, Refund.created_at <= since)


def pending_erasures() -> Select[*tuple[Any, ...]]:
    """Select erasure requests from donors that are not approved, done or withdrawn, oldest first."""
    requester, canonical = aliased(Donor), aliased(Donor)
    canonical_id = func.coalesce(requester.merged_into_id, requester.id)
    return (
        select(ErasureRequest.id, canonical.id, canonical.email, ErasureRequest.asked_at)
        .join(requester, requester.id == ErasureRequest.donor_id)
        .join(canonical, canonical.id == canonical_id)
        .where(
            ErasureRequest.done_at.is_(None),
            ErasureRequest.withdrawn_at.is_(None),
            ErasureRequest.approved_at.is_(None),
        )
        .order_by(ErasureRequest.asked_at, ErasureRequest.id)
    )


def unapplied_events() -> Select[*tuple[Any, ...]]:
    """Select events that failed after all retries, and those held until their object can be read or placed."""
    return (
        select(
            InboxEvent.id,
            InboxEvent.type,
            InboxEvent.attempts,
            InboxEvent.last_error,
            InboxEvent.occurred_at,
        )
        .where(InboxEvent.state.in_([InboxState.given_up.value, InboxState.held.value]))
        .order_by(InboxEvent.occurred_at, InboxEvent.id)
    )


def failed_messages() -> Select[*tuple[Any, ...]]:
    """Select emails that were permanently rejected, or failed after a day of retries."""
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


_Evidence = type[Charge] | type[Refund] | type[Dispute] | type[FraudWarning]


def _not_ours(table: _Evidence) -> ColumnElement[bool]:
    """Whether Stripe said that the payment behind a piece of evidence is not ours."""
    charge = Charge.stripe_id if table is Charge else table.charge_id  # type: ignore[union-attr]
    return exists().where(
        PaymentLookup.payment_intent_id.in_([table.payment_intent_id, charge]),
        PaymentLookup.ours.is_(False),
    )


def unmatched_evidence() -> CompoundSelect[Any]:
    """Select kind, Stripe id and payment of unmatched charges, refunds, disputes and fraud warnings.

    Leaves out those whose payment Stripe says is not ours.
    """
    tables: tuple[tuple[str, _Evidence], ...] = (
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
            ).where(table.donation_id.is_(None), ~_not_ours(table))
            for kind, table in tables
        )
    )
