"""A donation's account: the ledger is made to say what the evidence says, then state and receipt follow the ledger.

Evidence (`models.refunds_disputes`) may come in any order, any number of times and before the payment; its figures
only grow. `settle` compares them with the entries and appends what is missing, so the same evidence always
ends in the same sums, the same state and the same amount acknowledged.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, exists, or_, select, update
from sqlalchemy.orm import Session

from campaign.core import clock
from campaign.core.booking_context import BookingContext, Outcome
from campaign.core.errors import FactMismatch
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
_BEGUN = (RefundState.pending, RefundState.succeeded, RefundState.failed, RefundState.canceled)
_CAME_BACK = (RefundState.failed.value, RefundState.canceled.value)


def attach_pending_evidence(session: Session, donation: Donation, books: BookingContext) -> Outcome:
    """Take up what was told of this donation's payment before it was known, and book it. `donation` is locked."""
    if donation.returned_at is None and not _anything_told(session, donation):
        return Outcome(applied=False, note="nothing was told before")
    for table in _TABLES:
        session.execute(
            update(table)
            .where(_of_payment(table, donation), table.donation_id.is_(None))
            .values(donation_id=donation.id)
        )
    return settle(session, donation, books)


def _of_payment(table: _Table, donation: Donation) -> ColumnElement[bool]:
    return table.payment_intent_id == donation.payment_intent_id


def _anything_told(session: Session, donation: Donation) -> bool:
    """One question for the usual case: a payment of which nothing else was heard."""
    asked = [exists().where(_of_payment(table, donation)) for table in _TABLES]
    return bool(session.scalar(select(or_(*asked))))


def settle(session: Session, donation: Donation, books: BookingContext) -> Outcome:
    """Book what the evidence of a locked donation says and the ledger does not; then its state and its receipt.

    Raises FactMismatch where a refund or dispute is in another currency than the gift.
    """
    account = load_entries(session, donation)
    if account is None:
        return Outcome(applied=False, note="its payment has not come yet; booked when it does")
    before = len(account.entries)
    charges = _of(session, Charge, donation)
    _note_return(donation, charges)
    _book_refunds(session, account, charges)
    disputes = _of(session, Dispute, donation)
    for dispute in disputes:
        _book_dispute(account, dispute)
    _book_return(account)
    lost = sum(_outstanding(account, one) for one in disputes if one.status == "lost")
    was, donation_state = donation.state, _state(account, lost)
    if donation_state != was:
        donation.become(donation_state)
    session.flush()
    left = account.charged + account.total(*REFUNDED, LedgerKind.payment_reversed) - lost
    receipt = correct_receipt(session, donation, max(0, left), books)
    changed = len(account.entries) > before or donation.state != was or receipt is not None
    note = f"the donation is {donation.state}" + (f"; receipt {receipt.number}" if receipt else "")
    return Outcome(applied=changed, note=note if changed else "nothing new")


def _of(session: Session, table: type[_Evidence], donation: Donation) -> Sequence[_Evidence]:
    rows = session.scalars(
        select(table)
        .where(table.donation_id == donation.id)
        .order_by(table.id)
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        if row.currency != donation.currency:
            raise FactMismatch(
                f"{row.stripe_id} is in {row.currency}, donation {donation.public_id} in {donation.currency}."
            )
    return rows


def _note_return(donation: Donation, charges: Sequence[Charge]) -> None:
    """A one-time debit that was taken back is over; a monthly gift's invoice may have been paid by another charge."""
    returned = [one.returned_at for one in charges if one.returned_at]
    if returned and donation.frequency == Frequency.one_time and donation.returned_at is None:
        donation.returned_at = min(returned)


def _book_refunds(session: Session, account: DonationEntries, charges: Sequence[Charge]) -> None:
    """What went back in all is the most that charge or refunds tell; one without a name is booked by its charge."""
    refunds = [one for one in _of(session, Refund, account.donation) if one.state in _BEGUN]
    told = max(sum(one.refunded for one in charges), sum(one.amount for one in refunds))
    room = told + account.total(LedgerKind.refund)
    for one in refunds:
        room -= _book_refund(account, one, room)
    if room > 0:
        charge = max(charges, key=lambda one: one.refunded)
        source = f"{charge.stripe_id}:{charge.refunded}"
        moment = charge.refunded_at or clock.now()
        account.post(NewEntry(LedgerKind.refund, -room, source, moment))


def _book_refund(account: DonationEntries, refund: Refund, room: int) -> int:
    """Book what of `room` this refund took, and that it came back; minor units, how much of `room` it took."""
    name, part = refund.stripe_id or "", 0
    if room > 0 and not account.booked(LedgerKind.refund, name):
        part = min(refund.amount, room)
        account.post(NewEntry(LedgerKind.refund, -part, name, refund.created_at))
    if refund.state in _CAME_BACK and not account.booked(LedgerKind.refund_failed, name):
        moment = refund.ended_at or refund.created_at
        account.post(NewEntry(LedgerKind.refund_failed, refund.amount, name, moment))
    return part


def _book_dispute(account: DonationEntries, dispute: Dispute) -> None:
    _book_moved(account, dispute, LedgerKind.dispute, dispute.withdrawn, -1)
    _book_moved(account, dispute, LedgerKind.dispute_reversed, dispute.reinstated, 1)
    for one in dispute.balance_transactions:
        book_fee(account, one["id"], one["fee"], one["currency"], _moment(one))


def _book_moved(
    account: DonationEntries, dispute: Dispute, kind: LedgerKind, known: int, sign: int
) -> None:
    """What a dispute took (`sign` -1) or gave back (1), as far as it is `known` and not booked."""
    room = known - account.under(kind, dispute.stripe_id)
    if room <= 0:
        return
    first = not account.booked(kind, dispute.stripe_id)
    source = dispute.stripe_id if first else f"{dispute.stripe_id}:{known}"
    movement = _unbooked_movement(account, dispute, sign)
    account.post(
        NewEntry(
            kind,
            sign * room,
            source,
            _moment(movement) if movement else dispute.as_of,
            fee=movement["fee"] if movement else 0,
            balance_transaction_id=movement["id"] if movement else None,
        )
    )


def _unbooked_movement(
    account: DonationEntries, dispute: Dispute, sign: int
) -> dict[str, Any] | None:
    """The first that went the way of `sign`, in the dispute's currency."""
    for one in dispute.balance_transactions:
        mine = one["amount"] * sign > 0 and one["currency"] == dispute.currency
        if mine and not account.has_fee_entry(one["id"]):
            return one
    return None


def _moment(movement: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(movement["created"], UTC)


def _book_return(account: DonationEntries) -> None:
    """A debit that the bank took back, whole; what was refunded of it before is lost besides."""
    donation = account.donation
    if donation.returned_at is None or account.total(LedgerKind.payment_reversed):
        return
    source = donation.payment_intent_id or account.payment.source
    moment = donation.returned_at
    account.post(NewEntry(LedgerKind.payment_reversed, -account.charged, source, moment))


def _outstanding(account: DonationEntries, dispute: Dispute) -> int:
    """What a dispute has taken and not given back; minor units."""
    return account.under(LedgerKind.dispute, dispute.stripe_id) - account.under(
        LedgerKind.dispute_reversed, dispute.stripe_id
    )


def _state(account: DonationEntries, lost: int) -> DonationState:
    """What the entries say, the gravest first."""
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
