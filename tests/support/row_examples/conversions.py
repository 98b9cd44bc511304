"""What Stripe's balance got for gifts in another currency."""

from tests.support.row_examples.campaign import CURRENCIES
from tests.support.row_examples.table import (
    NOON,
    Default,
    Reference,
    Table,
    Unique,
    each,
    fresh,
    key_of,
    refused,
)

KINDS = [
    "payment",
    "payment_reversed",
    "refund",
    "refund_failed",
    "dispute",
    "dispute_reversed",
    "dispute_gain_loss",
]

CONVERSION = Table(
    "conversion",
    row={
        "donation_id": key_of("donation"),
        "balance_transaction_id": fresh("txn_"),
        "kind": "payment",
        "source": "ch_1",
        "currency": "usd",
        "settled_amount": 13_700,
        "settled_currency": "cad",
        "converted_at": NOON,
    },
    defaults={"fee": 0, "recorded_at": Default.transaction_time},
    optional=["exchange_rate"],
    refused=[
        *refused("ck_conversion_kind", *each("kind", ["fee", "correction", "gift", ""])),
        *refused("ck_conversion_amount", {"settled_amount": 0}),
        *refused("ck_conversion_rate", *each("exchange_rate", [0, -1])),
        *refused(
            "ck_conversion_currencies",
            *each("currency", [*CURRENCIES, "cad"]),
            *each("settled_currency", [*CURRENCIES, "usd"]),
        ),
    ],
    accepted=[
        *each("kind", KINDS),
        *each("settled_amount", [1, -1]),
        {"exchange_rate": 0.000001},
        {"fee": -1},
    ],
    unique=[
        Unique(
            "uq_conversion_balance_transaction_id",
            {"balance_transaction_id": "txn_a"},
            apart=[{"balance_transaction_id": "txn_b"}],
        )
    ],
    references=[Reference("donation_id", "donation")],
)

TABLES = [CONVERSION]
