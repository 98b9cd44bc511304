"""Write each receipt's number to its payment at Stripe, with the gift's id, for the accountant and for a restore.

The request is stored with the receipt and sent later, so that booking a gift never waits for it; it is repeated until
Stripe took it. The number of a receipt without a payment at Stripe (a check's) goes to the newest payment as the
highest one. What is written has no personal data.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, exists, select, union, update
from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.core import clock
from campaign.core.booking_context import BookingContext
from campaign.core.errors import GatewayKeySpent, GatewayRefused
from campaign.models import (
    Donation,
    OfflineGift,
    Receipt,
    ReceiptCounter,
    ReceiptNote,
    ReservedReceipt,
)
from campaign.receipts.numbers import are_held, format_number
from campaign.runtime.context import Installation

MOST_AT_ONCE = 500
"""Notes in one run; Stripe allows 100 requests a second, 25 of them on one endpoint."""

_MOST_NUMBERS = 40
"""Numbers that fit in a value of 500 characters: https://docs.stripe.com/metadata."""

log = get_logger(__name__)


def add_note(session: Session, receipt: Receipt) -> None:
    """Store the request to write the number of a new receipt to Stripe."""
    session.add(ReceiptNote(receipt_id=receipt.id))
    session.flush()


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
    """Return the receipts of these donations whose notes can be written. An invoice's payment may not be known yet."""
    query = (
        select(ReceiptNote.receipt_id)
        .join(Receipt, Receipt.id == ReceiptNote.receipt_id)
        .join(Donation, Donation.id == Receipt.donation_id)
        .where(ReceiptNote.written_at.is_(None), ReceiptNote.error.is_(None), which)
        .order_by(ReceiptNote.receipt_id)
        .limit(MOST_AT_ONCE)
    )
    return session.scalars(query).all()


def _send(installation: Installation, receipt_id: int) -> bool:
    with installation.sessions() as session:
        donation = session.get_one(Receipt, receipt_id).donation
        parameters = _parameters(session, donation, installation.books)
        target = donation.payment_intent_id
    return target is not None and _write(installation, target, parameters, [receipt_id])


def _parameters(session: Session, donation: Donation, books: BookingContext) -> dict[str, Any]:
    """Return the gift and all its numbers as of now, so that a note that is sent late or twice takes nothing back."""
    metadata = {
        "donation_id": donation.public_id,
        "campaign": donation.campaign.slug,
        "gift": str(donation.amount),
        "cover": str(donation.fee_cover),
        "receipt": " ".join(_numbers(session, donation)[-_MOST_NUMBERS:]),
    }
    if donation.subscription_id is None:
        return {"metadata": metadata}
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
    described = payment_description(books.organization.name, donation.campaign.title)
    return {"metadata": metadata, "description": described}


def _numbers(session: Session, donation: Donation) -> list[str]:
    """Return the numbers of the gift's receipts, and those it had before a restore and will have again."""
    issued = select(Receipt.year, Receipt.sequence).where(Receipt.donation_id == donation.id)
    reserved = select(ReservedReceipt.year, ReservedReceipt.sequence).where(
        ReservedReceipt.donation == donation.public_id
    )
    rows = session.execute(union(issued, reserved))
    return sorted(format_number(year, sequence) for year, sequence in rows)


def _send_highest(installation: Installation, receipts: Sequence[int]) -> int:
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
    parameters = {"metadata": {"highest_receipt": " ".join(sorted(numbers))}}
    if target is None or not _write(installation, target, parameters, receipts):
        return 0
    return len(receipts)


def _write(
    installation: Installation, target: str, parameters: Mapping[str, Any], receipts: Sequence[int]
) -> bool:
    """Write to the payment and record it with the notes of the receipts. Raises GatewayUnavailable."""
    digest = hashlib.sha256(repr((target, parameters)).encode()).hexdigest()[:24]
    # Writing the same again is harmless at any time: a later hour needs no answer of an earlier one.
    key = f"receipt-note-{digest}-{clock.now():%d%H}"
    written: dict[str, Any] = {"written_at": clock.now(), "payment_intent_id": target}
    try:
        installation.gateway.payments.update_payment(target, parameters, key)
    except GatewayKeySpent as error:
        log.warning("receipt_note_delayed", payment_intent_id=target, error=str(error))
        return False
    except GatewayRefused as error:
        log.warning("receipt_note_refused", payment_intent_id=target, error=str(error))
        written = {"error": str(error)[:1000]}
    with installation.sessions.begin() as session:
        session.execute(
            update(ReceiptNote)
            .where(ReceiptNote.receipt_id.in_(receipts), ReceiptNote.written_at.is_(None))
            .values(written)
        )
    return "error" not in written
