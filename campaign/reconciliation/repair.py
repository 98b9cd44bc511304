"""Apply facts that the ledger lacks, from Stripe's own objects and with the functions that events use."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from campaign.core.booking_context import BookingContext
from campaign.gateway import read_charge, read_dispute, read_refund
from campaign.ledger.balance_transactions import PaymentTransaction
from campaign.ledger.disputes import DisputeReport, apply_dispute
from campaign.ledger.refund_evidence import apply_charge, apply_refund
from campaign.models import LedgerKind
from campaign.receipts.numbers import name_reserved_numbers
from campaign.reconciliation.comparison import PaymentComparison
from campaign.reconciliation.fetch_fees import book_transaction
from campaign.reconciliation.lost_gifts import recreate_gift
from campaign.reconciliation.match_payments import book_payment, fetch_owner
from campaign.reconciliation.payment_lookup import PaymentOwner, record_reversed_renewal
from campaign.runtime.context import Installation


def repair(installation: Installation, case: PaymentComparison) -> None:
    """Apply one payment's transactions: the payment, then refunds and disputes, then fees; one commit each.

    Entries that the ledger already has are not booked again. Raises FactMismatch and what the gateway raises.
    """
    intent = case.intent
    if intent is None:
        return
    mine = [one for one in case.movements if case.is_own(one.payment_intent_id)]
    _repair_payment(installation, case, intent, mine)
    # Newest first: a failed refund has the time of its failure.
    for one in reversed(mine):
        if one.source.get("object") in {"refund", "dispute"}:
            with installation.sessions.begin() as session:
                _apply(session, one, installation.books)
    for one in mine:
        if one.fee or one.converted:
            book_transaction(installation, one)


def _repair_payment(
    installation: Installation,
    case: PaymentComparison,
    intent: str,
    mine: Sequence[PaymentTransaction],
) -> None:
    booked = any(one.kind == LedgerKind.payment for one in case.entries)
    returned = [one for one in mine if one.kind == LedgerKind.payment_reversed]
    if not booked or case.payment_intent_id is None or returned:
        owner = fetch_owner(installation.gateway, intent)
        _keep_numbers(installation, owner)
        first = recreate_gift(installation, owner)
        if first is not None:
            book_payment(installation, first)
        book_payment(installation, owner)
        _repair_reversals(installation, owner, returned)


def _keep_numbers(installation: Installation, owner: PaymentOwner) -> None:
    """Let the gift have the receipt numbers again that it had before a restore."""
    if owner.payment is not None and owner.payment.intent.receipts:
        with installation.sessions.begin() as session:
            name_reserved_numbers(session, owner.payment.intent)


def _repair_reversals(
    installation: Installation, owner: PaymentOwner, returned: list[PaymentTransaction]
) -> None:
    for one in returned:
        found = replace(read_charge(one.source, one.created), returned=True)
        with installation.sessions.begin() as session:
            apply_charge(session, found, one.created, installation.books)
        if owner.payment is not None and owner.invoice is not None:
            with installation.sessions.begin() as session:
                record_reversed_renewal(session, found.id, owner.payment, installation.books)


def _apply(session: Session, one: PaymentTransaction, books: BookingContext) -> None:
    if one.source["object"] == "refund":
        found = read_refund(one.source, one.created)
        apply_refund(session, found, one.created, books)
    else:
        dispute = read_dispute(one.source, one.created)
        apply_dispute(session, dispute, DisputeReport(current=True), one.created, books)
