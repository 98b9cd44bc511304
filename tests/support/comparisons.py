"""One payment on both sides in tests, without a database: what moved at Stripe, what is booked, what differs."""

from datetime import UTC, datetime
from typing import Any

from campaign.ledger.balance_transactions import PaymentTransaction
from campaign.models import LedgerEntry
from campaign.reconciliation.compare import compare
from campaign.reconciliation.comparison import PaymentComparison
from campaign.reconciliation.discrepancies import Discrepancy

AT = datetime(2026, 12, 20, tzinfo=UTC)
SINCE = datetime(2026, 12, 1, tzinfo=UTC)
THEN = datetime(2026, 12, 10, tzinfo=UTC)


def moved(kind: str, amount: int, name: str = "ch_1", **changes: Any) -> PaymentTransaction:
    return PaymentTransaction(
        **{
            "id": f"txn_{kind}_{name}",
            "kind": kind,
            "amount": amount,
            "currency": "usd",
            "fee": 0,
            "fee_currency": "usd",
            "created": THEN,
            "source_id": name,
            "payment_intent_id": "pi_1",
            "public_id": None,
            "bare": False,
            "source": _dispute_behind(kind, amount, name, **changes),
            **changes,
        }
    )


def _dispute_behind(kind: str, amount: int, name: str, **changes: Any) -> dict[str, Any]:
    """Return the dispute of a movement: open if it took the money, won if it gave it back."""
    if kind not in {"dispute", "dispute_reversed"}:
        return {}
    currency = changes.get("currency", "usd")
    amounts = [-amount] if kind == "dispute" else [-amount, amount]
    status = "needs_response" if kind == "dispute" else "won"
    return reported_dispute(status, amount, *amounts, name=name, currency=currency)


def reported_dispute(
    status: str,
    amount: int,
    *amounts: int,
    name: str = "du_1",
    currency: str = "usd",
    balance: str = "",
) -> dict[str, Any]:
    """Return a dispute as Stripe shows it now; `amounts` are its movements in `balance`, else in its own currency."""
    return {
        "object": "dispute",
        "id": name,
        "status": status,
        "amount": amount,
        "currency": currency,
        "balance_transactions": [
            {
                "id": f"txn_{place}_{name}",
                "amount": one,
                "currency": balance or currency,
                "reporting_category": "dispute" if one < 0 else "dispute_reversal",
            }
            for place, one in enumerate(amounts)
        ],
    }


def entry(kind: str, amount: int, source: str = "pi_1", **changes: Any) -> LedgerEntry:
    wanted = {"id": 7, "fee_cover": 0, "fee": 0, "currency": "usd", "occurred_at": THEN, **changes}
    return LedgerEntry(kind=kind, amount=amount, source=source, **wanted)


PAID, BOOKED = moved("payment", 2500), entry("payment", 2500)


def found(
    movements: list[PaymentTransaction], entries: list[LedgerEntry], **changes: Any
) -> list[Discrepancy]:
    wanted = {"charge": 2500, "currency": "usd", "payment_intent_id": "pi_1", "since": SINCE}
    case = PaymentComparison(
        donation="don_1", entries=entries, movements=movements, **{**wanted, **changes}
    )
    return compare(case, AT).discrepancies


def shown(*found: Discrepancy) -> list[tuple[str, int | None, int | None, bool, bool]]:
    """(kind, Stripe's amount, the ledger's, repairable, doubtful) of each."""
    return [
        (
            one.kind.value,
            one.stripe.amount if one.stripe else None,
            one.ledger.amount if one.ledger else None,
            one.repairable,
            one.unconfirmed,
        )
        for one in found
    ]
