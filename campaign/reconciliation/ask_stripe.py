"""Ask Stripe about a ledger entry that the fetched balance transactions do not confirm."""

from campaign.core.errors import GatewayMissing
from campaign.gateway.client import StripeGateway
from campaign.models import LedgerKind
from campaign.reconciliation.discrepancies import Discrepancy
from campaign.reconciliation.unconfirmed_entries import StripeAnswer


def fetch_answer(gateway: StripeGateway, unconfirmed: Discrepancy) -> StripeAnswer:
    """Fetch the Stripe object that the entry names; an empty answer if there is none."""
    try:
        return _ask(gateway, unconfirmed)
    except GatewayMissing:
        return StripeAnswer()


def _ask(gateway: StripeGateway, unconfirmed: Discrepancy) -> StripeAnswer:
    names = unconfirmed.ledger.names if unconfirmed.ledger else ()
    if unconfirmed.kind in {LedgerKind.dispute, LedgerKind.dispute_reversed}:
        return _ask_dispute(gateway, _first(names, "du_", "dp_"))
    if unconfirmed.kind == LedgerKind.fee:
        return _ask_balance_transaction(gateway, _first(names, "txn_"))
    intent = unconfirmed.payment_intent_id or _first(names, "pi_") or _payment_of(gateway, names)
    if intent is None:
        return StripeAnswer()
    if unconfirmed.kind in {LedgerKind.refund, LedgerKind.refund_failed}:
        payments = sorted({intent, *unconfirmed.parts})
        return StripeAnswer(
            refunds=tuple(one for name in payments for one in gateway.payments.list_refunds(name))
        )
    return _ask_payment(gateway, intent, unconfirmed)


def _ask_dispute(gateway: StripeGateway, name: str | None) -> StripeAnswer:
    if name is None:
        return StripeAnswer()
    return StripeAnswer(dispute=gateway.payments.retrieve_dispute(name.partition(":")[0]))


def _ask_balance_transaction(gateway: StripeGateway, name: str | None) -> StripeAnswer:
    if name is None:
        return StripeAnswer()
    found = gateway.payments.retrieve_balance_transaction(name)
    return StripeAnswer(balance_transaction=found)


def _ask_payment(gateway: StripeGateway, intent: str, unconfirmed: Discrepancy) -> StripeAnswer:
    """Fetch the payment, and all payments of its invoice if it does not explain what was booked."""
    booked = unconfirmed.ledger
    invoice = _first(booked.names, "in_") if booked else None
    try:
        payment = gateway.payments.retrieve_payment(intent)
    except GatewayMissing:
        payment = None
    explained = payment and booked and payment.intent.amount_received == booked.amount
    if invoice is None or explained:
        return StripeAnswer(payment)
    return StripeAnswer(payment, parts=gateway.payments.list_invoice_payments(invoice))


def _payment_of(gateway: StripeGateway, names: tuple[str, ...]) -> str | None:
    invoice = _first(names, "in_")
    paid = gateway.payments.list_invoice_payments(invoice) if invoice else ()
    return next((one.payment_intent_id for one in paid if one.payment_intent_id), None)


def _first(names: tuple[str, ...], *prefixes: str) -> str | None:
    return next((name for name in names if name.startswith(prefixes)), None)
