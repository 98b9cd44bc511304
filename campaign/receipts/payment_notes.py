"""Write each receipt's number to its payment at Stripe, with the gift's id, for the accountant and for a restore.

The request is stored with the receipt and sent later, so that booking a gift never waits for it; it is repeated until
Stripe took it. The number of a receipt without a payment at Stripe (a check's) goes to the newest payment as the
highest one. What is written has no personal data.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, exists, select, text, union
from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.audit.stripe_requests import record_failure, record_response
from campaign.core import clock
from campaign.core.booking_context import BookingContext
from campaign.core.errors import GatewayKeySpent, GatewayRefused
from campaign.models import (
    Donation,
    OfflineGift,
    Receipt,
    ReceiptCounter,
    ReservedReceipt,
    StripeRequest,
)
from campaign.models.base import new_token
from campaign.receipts.numbers import are_held, format_number
from campaign.runtime.context import Installation

OPERATION = "payment_note"

MOST_AT_ONCE = 500
"""Notes in one run; Stripe allows 100 requests a second, 25 of them on one endpoint."""

_MOST_NUMBERS = 40
"""Numbers that fit in a value of 500 characters: https://docs.stripe.com/metadata."""

log = get_logger(__name__)


def add_note(
    session: Session, donation: Donation, receipt: Receipt, books: BookingContext
) -> StripeRequest:
    """Store the request that writes the receipt's number to Stripe. `donation` must be locked."""
    note = StripeRequest(
        donation_id=donation.id,
        operation=OPERATION,
        ordinal=receipt.id,
        idempotency_key=f"receipt-{receipt.number}-{new_token()}",
        parameters=_parameters(session, donation, books),
        created_at=receipt.issued_at,
    )
    session.add(note)
    session.flush()
    return note


def _parameters(session: Session, donation: Donation, books: BookingContext) -> dict[str, Any]:
    """Return what never changes; `_with_numbers` adds the receipts when it is sent."""
    metadata = {"donation_id": donation.public_id, "campaign": donation.campaign.slug}
    parameters: dict[str, Any] = {"metadata": metadata}
    if donation.subscription_id is not None:
        # The payment of an invoice has neither; a checkout session gave its own payment both.
        metadata["frequency"] = donation.frequency
        first = session.scalars(
            select(Donation.public_id)
            .where(Donation.subscription_id == donation.subscription_id)
            .order_by(Donation.id)
            .limit(1)
        ).one()
        if first != donation.public_id:
            metadata["renewal_of"] = first
        parameters["description"] = payment_description(
            books.organization.name, donation.campaign.title
        )
    return parameters


def payment_description(organization: str, title: str) -> str:
    """Return what Stripe's dashboard and exports call the payment; a subscription's may have 500 characters."""
    return " ".join(f"Donation to {organization}: {title}".split())[:500]


def send_notes(installation: Installation) -> int:
    """Write the stored notes to Stripe, oldest first; return how many were written. Raises GatewayUnavailable."""
    with installation.sessions() as session:
        # What Stripe has may be more than what a restored database knows: it is read first.
        if are_held(session):
            return 0
        waiting = _list_waiting(session, Donation.payment_intent_id.is_not(None))
        without = _list_waiting(session, exists().where(OfflineGift.donation_id == Donation.id))
    written = sum(_send(installation, one) for one in waiting)
    return written + (_send_highest(installation, without) if without else 0)


def _list_waiting(session: Session, which: ColumnElement[bool]) -> Sequence[int]:
    """Return the notes of these donations that can be written. The payment of an invoice may not be known yet."""
    query = (
        select(StripeRequest.id)
        .join(Donation, Donation.id == StripeRequest.donation_id)
        .where(
            # As text, to match the partial index.
            text("operation = 'payment_note'"),
            StripeRequest.answered_at.is_(None),
            StripeRequest.error.is_(None),
            which,
        )
        .order_by(StripeRequest.id)
        .limit(MOST_AT_ONCE)
    )
    return session.scalars(query).all()


def _send(installation: Installation, note_id: int) -> bool:
    with installation.sessions() as session:
        note = session.get_one(StripeRequest, note_id)
        donation = session.get_one(Donation, note.donation_id)
        parameters = _with_numbers(session, note, donation)
    if donation.payment_intent_id is None:
        return False
    return _write(installation, donation.payment_intent_id, parameters, [note])


def _send_highest(installation: Installation, notes: Sequence[int]) -> int:
    """Write the highest numbers to the newest payment, for receipts whose gifts have no payment at Stripe."""
    with installation.sessions() as session:
        target = session.scalar(
            select(Donation.payment_intent_id)
            .where(Donation.payment_intent_id.is_not(None), Donation.paid_at.is_not(None))
            .order_by(Donation.created_at.desc(), Donation.id.desc())
            .limit(1)
        )
        counters = session.scalars(
            select(ReceiptCounter).order_by(ReceiptCounter.year.desc()).limit(2)
        )
        numbers = [format_number(one.year, one.last) for one in counters if one.last]
        covered = [session.get_one(StripeRequest, one) for one in notes]
    if target is None:
        return 0
    parameters = {"metadata": {"highest_receipt": " ".join(sorted(numbers))}}
    return len(covered) if _write(installation, target, parameters, covered) else 0


def _write(
    installation: Installation,
    target: str,
    parameters: Mapping[str, Any],
    notes: Sequence[StripeRequest],
) -> bool:
    """Write to the payment and record the answer with each of the notes. Raises GatewayUnavailable."""
    digest = hashlib.sha256(repr((target, parameters)).encode()).hexdigest()[:16]
    # Writing the same again is harmless at any time: a later hour needs no answer of an earlier one.
    key = f"{notes[0].idempotency_key}-{digest}-{clock.now():%d%H}"
    try:
        written = installation.gateway.payments.update_payment(target, parameters, key)
    except GatewayKeySpent as error:
        log.warning("payment_note_delayed", payment_intent_id=target, error=str(error))
        return False
    except GatewayRefused as error:
        log.warning("payment_note_refused", payment_intent_id=target, error=str(error))
        with installation.sessions.begin() as session:
            for note in notes:
                record_failure(session, note, error)
        return False
    with installation.sessions.begin() as session:
        for note in notes:
            record_response(session, note, written, clock.now())
    return True


def _with_numbers(session: Session, note: StripeRequest, donation: Donation) -> Mapping[str, Any]:
    """Return the parameters with all numbers of the gift as of now: a note that is sent late takes nothing back."""
    issued = select(Receipt.year, Receipt.sequence).where(Receipt.donation_id == donation.id)
    reserved = select(ReservedReceipt.year, ReservedReceipt.sequence).where(
        ReservedReceipt.donation == donation.public_id
    )
    rows = session.execute(union(issued, reserved))
    numbers = sorted(format_number(year, sequence) for year, sequence in rows)[-_MOST_NUMBERS:]
    metadata = {**note.parameters["metadata"], "receipt": " ".join(numbers)}
    return {**note.parameters, "metadata": metadata}
