"""Settle a donation: bring its ledger entries in line with the evidence, then its state and receipt with the ledger.

Evidence (`models.refunds_disputes`) may arrive in any order, repeatedly, and before the payment; its amounts only
grow. `settle` compares it with the entries and posts those that are missing, so the same evidence always
leads to the same totals, state and receipted amount.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.orm import Session

from campaign.core import clock
from campaign.core.booking_context import BookingContext, Outcome
from campaign.core.errors import FactMismatch
from campaign.donations.donation_lookup import payments_of
from campaign.ledger.dispute_movements import (
    GONE,
    LOST,
    DisputeMovement,
    MovementMeaning,
    gains_of,
    movements_of,
)
from campaign.ledger.posting import (
    DISPUTED,
    REFUNDED,
    DonationEntries,
    NewEntry,
    book_fee,
    load_entries,
)
from campaign.models import (
    Charge,
    Dispute,
    Donation,
    DonationState,
    FraudWarning,
    Frequency,
    LedgerKind,
    Refund,
    RefundState,
)
from campaign.receipts.receipts import correct_receipt

_Evidence = TypeVar("_Evidence", Charge, Refund, Dispute)
_Table = type[Charge] | type[Refund] | type[Dispute] | type[FraudWarning]
_TABLES: tuple[_Table, ...] = (Charge, Refund, Dispute, FraudWarning)
_STARTED = (RefundState.pending, RefundState.succeeded, RefundState.failed, RefundState.canceled)
_RETURNED = (RefundState.failed.value, RefundState.canceled.value)


def attach_pending_evidence(session: Session, donation: Donation, books: BookingContext) -> Outcome:
    """Attach evidence that arrived before this donation's payment, and settle. `donation` must be locked."""
    if donation.returned_at is None and not _has_evidence(session, donation):
        return Outcome(applied=False, note="no earlier evidence")
    for table in _TABLES:
        session.execute(
            update(table)
            .where(_matches_payment(table, donation), table.donation_id.is_(None))
            .values(donation_id=donation.id)
        )
    return settle(session, donation, books)


def _matches_payment(table: _Table, donation: Donation) -> ColumnElement[bool]:
    if donation.invoice_id is None:
        return table.payment_intent_id == donation.payment_intent_id
    return table.payment_intent_id.in_(payments_of(donation))


def _has_evidence(session: Session, donation: Donation) -> bool:
    """Return whether any evidence exists, in one query: most payments have none."""
    asked = [exists().where(_matches_payment(table, donation)) for table in _TABLES]
    return bool(session.scalar(select(or_(*asked))))


def settle(
    session: Session, donation: Donation, books: BookingContext, *, past: bool = False
) -> Outcome:
    """Post the entries that the evidence of a locked donation implies and the ledger lacks; update state and receipt.

    `past`: the evidence is history of a past gift, and so are its entries.

    Raises FactMismatch if a refund or dispute is in another currency than the gift.
    """
    account = load_entries(session, donation)
    if account is None:
        return Outcome(
            applied=False, note="its payment has not arrived yet; this will be booked with it"
        )
    account.past = past
    before = len(account.entries)
    charges = _load_evidence(session, Charge, donation)
    _record_reversal(donation, charges)
    _book_refunds(session, account, charges)
    disputes = _load_evidence(session, Dispute, donation)
    for dispute in disputes:
        _book_dispute(account, dispute)
    _book_reversal(account)
    lost, gone = _outstanding(account, disputes, LOST), _outstanding(account, disputes, GONE)
    was, donation_state = donation.state, _state(account, lost)
    if donation_state != was:
        donation.become(donation_state)
    session.flush()
    left = account.charged + account.total(*REFUNDED, LedgerKind.payment_reversed) - gone
    receipt = correct_receipt(session, donation, max(0, left), books)
    changed = len(account.entries) > before or donation.state != was or receipt is not None
    note = f"the donation is {donation.state}" + (f"; receipt {receipt.number}" if receipt else "")
    return Outcome(applied=changed, note=note if changed else "nothing new")


def _load_evidence(
    session: Session, table: type[_Evidence], donation: Donation
) -> Sequence[_Evidence]:
    rows = session.scalars(
        select(table)
        .where(table.donation_id == donation.id)
        .order_by(table.id)
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        if row.currency != donation.currency:
            raise FactMismatch(
                f"{row.stripe_id} is in {row.currency}, but donation {donation.public_id} is in {donation.currency}."
            )
    return rows


def _record_reversal(donation: Donation, charges: Sequence[Charge]) -> None:
    """Record the reversal of a one-time debit. A monthly gift's invoice may still be paid by another charge."""
    returned = [one.returned_at for one in charges if one.returned_at]
    if returned and donation.frequency == Frequency.one_time and donation.returned_at is None:
        donation.returned_at = min(returned)


def _book_refunds(session: Session, account: DonationEntries, charges: Sequence[Charge]) -> None:
    """Book refunds up to the larger of the charge's total and the sum of the refunds.

    What no known refund explains is booked under the charge's id. What had been refunded of a past gift before it was
    imported is booked already; Stripe reports it again if the payment lives there, and nothing more is booked.
    """
    refunds = [
        one for one in _load_evidence(session, Refund, account.donation) if one.state in _STARTED
    ]
    reported = max(sum(one.refunded for one in charges), sum(one.amount for one in refunds))
    unbooked = reported + account.total(LedgerKind.refund)
    for one in refunds:
        unbooked -= _book_refund(account, one, unbooked)
    if unbooked > 0:
        charge = max(charges, key=lambda one: one.refunded)
        source = f"{charge.stripe_id}:{charge.refunded}"
        moment = charge.refunded_at or clock.now()
        account.append(NewEntry(LedgerKind.refund, -unbooked, source, moment))


def _book_refund(account: DonationEntries, refund: Refund, unbooked: int) -> int:
    """Book this refund, limited to `unbooked`, and its failure if it failed; return how much of `unbooked` it used.

    Minor units.
    """
    name, part = refund.stripe_id or "", 0
    if unbooked > 0 and not account.is_booked(LedgerKind.refund, name):
        part = min(refund.amount, unbooked)
        account.append(NewEntry(LedgerKind.refund, -part, name, refund.created_at))
    if refund.state in _RETURNED and not account.is_booked(LedgerKind.refund_failed, name):
        moment = refund.ended_at or refund.created_at
        account.append(NewEntry(LedgerKind.refund_failed, refund.amount, name, moment))
    return part


def _book_dispute(account: DonationEntries, dispute: Dispute) -> None:
    """Book what a dispute withdrew and reinstated of its amount, then its fees, then what it gained or lost beside."""
    name = dispute.stripe_id
    out = account.total_for_source(LedgerKind.dispute, name)
    back = account.total_for_source(LedgerKind.dispute_reversed, name)
    _book_transfer(account, dispute, LedgerKind.dispute, dispute.withdrawn - out)
    out = max(out, dispute.withdrawn)
    # What is missing now: positive if it has to be withdrawn again, negative if it is ours again.
    missing = (dispute.withdrawn - dispute.reinstated) - (out - back)
    _book_transfer(account, dispute, LedgerKind.dispute, missing)
    _book_transfer(account, dispute, LedgerKind.dispute_reversed, -missing)
    for one in movements_of(dispute):
        book_fee(account, one.id, one.fee, one.currency, _created_at(one))
    for currency, gain in sorted(gains_of(dispute).items()):
        _book_gain(account, dispute, currency, gain)


def _book_transfer(
    account: DonationEntries, dispute: Dispute, kind: LedgerKind, amount: int
) -> None:
    """Book `amount` more that a dispute withdrew or reinstated; nothing if it is not positive."""
    if amount <= 0:
        return
    first = not account.is_booked(kind, dispute.stripe_id)
    total = account.total_for_source(kind, dispute.stripe_id) + amount
    movement = _unbooked_transaction(account, dispute, kind)
    account.append(
        NewEntry(
            kind,
            -amount if kind == LedgerKind.dispute else amount,
            dispute.stripe_id if first else f"{dispute.stripe_id}:{total}",
            _created_at(movement) if movement else dispute.as_of,
            fee=movement.fee if movement else 0,
            balance_transaction_id=movement.id if movement else None,
        )
    )


def _unbooked_transaction(
    account: DonationEntries, dispute: Dispute, kind: LedgerKind
) -> DisputeMovement | None:
    """Return the largest unbooked balance transaction of this meaning in the dispute's currency."""
    wanted = MovementMeaning.withdrawal if kind == LedgerKind.dispute else MovementMeaning.reversal
    found = [
        one
        for one in movements_of(dispute)
        if one.meaning == wanted
        and one.amount
        and not one.adjustment
        and one.currency == dispute.currency
        and not account.has_fee_entry(one.id)
    ]
    return max(found, key=lambda one: abs(one.amount), default=None)


def _book_gain(account: DonationEntries, dispute: Dispute, currency: str, gain: int) -> None:
    """Book what a dispute gained in a currency of the balance beyond what is booked. It moves no gift."""
    source = f"{dispute.stripe_id}:{currency}"
    booked = [
        one
        for one in account.entries
        if one.kind == LedgerKind.dispute_gain_loss and one.source.startswith(f"{source}:")
    ]
    unbooked = gain + sum(one.fee for one in booked)
    if not unbooked:
        return
    moment = max(_created_at(one) for one in movements_of(dispute) if one.currency == currency)
    account.append(
        NewEntry(
            LedgerKind.dispute_gain_loss, 0, f"{source}:{len(booked) + 1}", moment, fee=-unbooked
        ),
        currency=currency,
    )


def _created_at(movement: DisputeMovement) -> datetime:
    return datetime.fromtimestamp(movement.created, UTC)


def _book_reversal(account: DonationEntries) -> None:
    """Book the reversal of a debit in full; anything refunded before it is an additional loss."""
    donation = account.donation
    if donation.returned_at is None or account.total(LedgerKind.payment_reversed):
        return
    source = donation.payment_intent_id or account.payment.source
    moment = donation.returned_at
    account.append(NewEntry(LedgerKind.payment_reversed, -account.charged, source, moment))


def _outstanding(
    account: DonationEntries, disputes: Sequence[Dispute], statuses: Collection[str]
) -> int:
    """Return what the disputes of these statuses withdrew and did not reinstate; minor units."""
    return sum(
        account.total_for_source(LedgerKind.dispute, one.stripe_id)
        - account.total_for_source(LedgerKind.dispute_reversed, one.stripe_id)
        for one in disputes
        if one.status in statuses
    )


def _state(account: DonationEntries, lost: int) -> DonationState:
    """Derive the donation's state from its entries, the most serious first."""
    refunded = -account.total(*REFUNDED)
    if account.total(LedgerKind.payment_reversed):
        return DonationState.failed
    if lost > 0:
        return DonationState.dispute_lost
    if account.total(*DISPUTED) < 0:
        return DonationState.disputed
    if refunded >= account.charged:
        return DonationState.refunded
    return DonationState.partially_refunded if refunded > 0 else DonationState.paid
