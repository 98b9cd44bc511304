"""One payment on both sides in tests, without a database: what moved at Stripe, what is booked, what differs."""

from datetime import UTC, datetime
from typing import Any

from campaign.ledger.balance_transactions import PaymentTransaction
from campaign.models import LedgerEntry
from campaign.reconciliation.compare import PaymentComparison, compare
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
            "source": {},
            **changes,
        }
    )


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
