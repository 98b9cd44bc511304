"""What Stripe answers about an entry of the ledger that the walk over its balance did not explain."""

from campaign.core.errors import GatewayMissing
from campaign.gateway.client import StripeGateway
from campaign.models import LedgerKind
from campaign.reconciliation.discrepancies import Discrepancy
from campaign.reconciliation.unconfirmed_entries import StripeAnswer


def fetch_answer(gateway: StripeGateway, doubt: Discrepancy) -> StripeAnswer:
    """The object at Stripe that the entry names; an empty answer where there is none."""
    try:
        return _ask(gateway, doubt)
    except GatewayMissing:
        return StripeAnswer()


def _ask(gateway: StripeGateway, doubt: Discrepancy) -> StripeAnswer:
    names = doubt.ledger.names if doubt.ledger else ()
    if doubt.kind in {LedgerKind.dispute, LedgerKind.dispute_reversed}:
        name = _first(names, "du_", "dp_")
        return StripeAnswer(
            dispute=gateway.payments.retrieve_dispute(name.partition(":")[0]) if name else None
        )
    if doubt.kind == LedgerKind.fee:
        name = _first(names, "txn_")
        return StripeAnswer(
            balance_transaction=gateway.payments.retrieve_balance_transaction(name)
            if name
            else None
        )
    intent = doubt.payment_intent_id or _first(names, "pi_") or _payer(gateway, names)
    if intent is None:
        return StripeAnswer()
    if doubt.kind in {LedgerKind.refund, LedgerKind.refund_failed}:
        return StripeAnswer(refunds=gateway.payments.list_refunds(intent))
    return StripeAnswer(payment=gateway.payments.retrieve_payment(intent))


def _payer(gateway: StripeGateway, names: tuple[str, ...]) -> str | None:
    invoice = _first(names, "in_")
    return gateway.payments.find_payment_for_invoice(invoice) if invoice else None


def _first(names: tuple[str, ...], *beginnings: str) -> str | None:
    return next((name for name in names if name.startswith(beginnings)), None)
