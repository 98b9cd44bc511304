"""Payouts and reconciliation runs."""

from tests.support.row_examples.table import (
    EVE,
    NOON,
    Default,
    Reference,
    Table,
    Unique,
    fresh,
    key_of,
    refused,
)

PAYOUT = Table(
    "payout",
    row={
        "stripe_id": fresh("po_"),
        "amount": 100,
        "currency": "usd",
        "status": "paid",
        "arrival_date": EVE,
        "created_at": NOON,
    },
    defaults={"itemized": False},
    optional=["failed_on", "items_read_at"],
    unique=[Unique("uq_payout_stripe_id", {"stripe_id": "po_1"}, apart=[{"stripe_id": "po_2"}])],
)

PAYOUT_ITEM = Table(
    "payout_item",
    row={
        "payout_id": key_of("payout"),
        "balance_transaction_id": fresh("txn_"),
        "kind": "charge",
        "amount": 100,
        "fee": 3,
        "net": 97,
        "currency": "usd",
        "created_at": NOON,
    },
    optional=["source", "donation_id"],
    unique=[
        Unique(
            "uq_payout_item_balance_transaction_id",
            {"balance_transaction_id": "txn_a"},
            apart=[{"balance_transaction_id": "txn_b"}],
        )
    ],
    references=[Reference("payout_id", "payout"), Reference("donation_id", "donation")],
)

RECONCILIATION_RUN = Table(
    "reconciliation_run",
    row={"started_at": NOON, "requested_by": "Fay"},
    defaults={
        "applied": False,
        "discrepancy_count": 0,
        "repaired": 0,
        "discrepancies": [],
        "recorded_at": Default.transaction_time,
    },
    optional=["ended_at", "since", "error"],
    refused=refused("ck_reconciliation_run_counts", {"discrepancy_count": -1}, {"repaired": -1}),
    accepted=[{"discrepancy_count": 1}, {"repaired": 1}],
)

TABLES = [PAYOUT, PAYOUT_ITEM, RECONCILIATION_RUN]
