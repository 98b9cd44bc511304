"""Ask Stripe about unmatched payments: which donation they belong to, and what paid an invoice.

For workers and commands. No database transaction is open during a request to Stripe. Repeated and concurrent runs are
harmless.
"""

from collections.abc import Callable
from dataclasses import replace

from structlog import get_logger

from campaign.core import clock
from campaign.core.errors import FactMismatch, GatewayMissing, GatewayRefused
from campaign.core.task_queue import OUTBOX
from campaign.gateway.client import StripeGateway
from campaign.reconciliation.lost_gifts import find_lost_owner
from campaign.reconciliation.payment_lookup import (
    PaymentOwner,
    apply_matched_payment,
    find_owner,
    invoice_payment_of,
    list_invoices_without_payment,
    list_reversed_renewals,
    list_unmatched_evidence,
    name_payment,
    record_lookup,
    record_reversed_renewal,
)
from campaign.runtime.context import Installation
from campaign.subscriptions.invoices import apply_invoice, apply_invoice_payment

log = get_logger(__name__)

_CHARGES = ("ch_", "py_")


def match_evidence(installation: Installation) -> int:
    """Find the donations of unmatched refunds, disputes and fraud warnings; return how many lookups succeeded.

    A lookup that fails is logged and does not stop the others. Raises GatewayUnavailable.
    """
    at = clock.now()
    with installation.sessions() as session:
        payments = list_unmatched_evidence(session, at)
        invoices = list_invoices_without_payment(session, at)
        returned = list_reversed_renewals(session, at)
    answered = sum(_try_lookup(installation, _match_payment, name) for name in payments)
    answered += sum(_try_lookup(installation, _match_invoice, name) for name in invoices)
    answered += sum(_try_lookup(installation, _check_reversal, *pair) for pair in returned)
    if answered:
        installation.notify(OUTBOX)
    return answered


def _try_lookup(installation: Installation, ask: Callable[..., bool], *names: str) -> bool:
    try:
        return ask(installation, *names)
    except (FactMismatch, GatewayRefused, KeyError, TypeError) as error:
        log.warning("payment_not_matched", names=names, error=repr(error))
    with installation.sessions.begin() as session:
        record_lookup(session, names[0], clock.now(), ours=True)
    return False


def fetch_owner(gateway: StripeGateway, payment_intent_id: str) -> PaymentOwner:
    """Fetch a payment, and the invoice it paid if any, from Stripe."""
    try:
        payment = gateway.payments.retrieve_payment(payment_intent_id)
    except GatewayMissing:
        return PaymentOwner()
    if payment.intent.donation_id and not payment.intent.recurring:
        return PaymentOwner(payment)
    invoice = gateway.payments.find_invoice_for_payment(payment_intent_id)
    if invoice is not None and payment.intent.renewal_of:
        invoice = replace(invoice, renewal_id=payment.intent.donation_id)
    return PaymentOwner(payment, invoice)


def _match_charge(installation: Installation, charge_id: str) -> bool:
    """Look up a charge whose evidence names no payment intent. One without any is not ours: we make none."""
    try:
        found = installation.gateway.payments.retrieve_charge(charge_id)
    except GatewayMissing:
        found = None
    with installation.sessions.begin() as session:
        record_lookup(session, charge_id, clock.now(), ours=bool(found and found.payment_intent_id))
        if found is not None and found.payment_intent_id is not None:
            name_payment(session, charge_id, found.payment_intent_id)
    return True


def _named_by_session(gateway: StripeGateway, owner: PaymentOwner) -> PaymentOwner:
    """Return the owner with the donation that its checkout session names, if nothing else names one."""
    if owner.payment is None or owner.payment.intent.donation_id or owner.invoice is not None:
        return owner
    origin = gateway.payments.find_origin(payment_intent=owner.payment.intent.id)
    if origin is None or origin.session.donation_id is None:
        return owner
    named = replace(owner.payment.intent, donation_id=origin.session.donation_id)
    return replace(owner, payment=replace(owner.payment, intent=named))


def _match_payment(installation: Installation, name: str) -> bool:
    if name.startswith(_CHARGES):
        return _match_charge(installation, name)
    payment_intent_id = name
    found = fetch_owner(installation.gateway, payment_intent_id)
    owner = _named_by_session(installation.gateway, found)
    with installation.sessions.begin() as session:
        known = any(find_owner(session, owner))
        ours = known or find_lost_owner(session, owner) is not None
        record_lookup(session, payment_intent_id, clock.now(), ours=ours)
    if known:
        book_payment(installation, owner)
        log.info("payment_matched", payment_intent_id=payment_intent_id)
    return True


def book_payment(installation: Installation, owner: PaymentOwner) -> None:
    """Book the payment if the ledger lacks it, and the evidence that arrived before it. Raises FactMismatch."""
    if owner.payment is None:
        return
    books, moment = installation.books, owner.moment or clock.now()
    paid = invoice_payment_of(owner)
    if owner.invoice is None or paid is None:
        with installation.sessions.begin() as session:
            apply_matched_payment(session, owner.payment, moment, books)
        return
    # In separate transactions, as events would be: each takes its locks in its own order.
    with installation.sessions.begin() as session:
        apply_invoice_payment(session, paid, books)
    with installation.sessions.begin() as session:
        apply_invoice(session, owner.invoice, moment, books)


def _match_invoice(installation: Installation, invoice_id: str) -> bool:
    paid = installation.gateway.payments.list_invoice_payments(invoice_id)
    with installation.sessions.begin() as session:
        if not any(one.payment_id for one in paid):
            record_lookup(session, invoice_id, clock.now(), ours=True)
            return False
    for one in paid:
        with installation.sessions.begin() as session:
            apply_invoice_payment(session, one, installation.books)
    return True


def _check_reversal(installation: Installation, charge_id: str, payment_intent_id: str) -> bool:
    fact = installation.gateway.payments.retrieve_payment(payment_intent_id)
    with installation.sessions.begin() as session:
        record_lookup(session, charge_id, clock.now(), ours=True)
        return record_reversed_renewal(session, charge_id, fact, installation.books).applied
