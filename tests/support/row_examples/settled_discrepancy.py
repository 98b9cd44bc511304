"""Settled discrepancies."""

from tests.support.row_examples.table import Default, Table, Unique, each, fresh, refused

SETTLED_DISCREPANCY = Table(
    "settled_discrepancy",
    row={
        "discrepancy_id": fresh("dif_"),
        "donation": "don_1",
        "sentence": "donation don_1: Stripe charged 1.00 USD, the ledger has no entry",
        "reason": "Refunded in cash.",
        "settled_by": "fay",
    },
    defaults={"settled_at": Default.transaction_time},
    numbered=False,
    refused=refused("ck_settled_discrepancy_reason", *each("reason", ["", "  "])),
    accepted=[{"reason": "."}],
    unique=[
        Unique(
            "pk_settled_discrepancy",
            {"discrepancy_id": "dif_1"},
            apart=[{"discrepancy_id": "dif_2"}],
        )
    ],
)

TABLES = [SETTLED_DISCREPANCY]
