"""Requests to Stripe."""

from tests.support.row_examples.table import (
    Default,
    Reference,
    Table,
    Unique,
    fresh,
    key_of,
    once,
)

STRIPE_REQUEST = Table(
    "stripe_request",
    row={
        "donation_id": key_of("donation"),
        "operation": "checkout_session",
        "ordinal": 1,
        "idempotency_key": fresh("key"),
        "parameters": {"amount": 2500},
    },
    defaults={"created_at": Default.transaction_time},
    optional=["answered_at", "result_id", "error"],
    unique=[
        Unique(
            "uq_stripe_request_donation_id_operation_ordinal",
            {"donation_id": once(key_of("donation"))},
            apart=[{"operation": "refund"}, {"ordinal": 2}, {"donation_id": key_of("donation")}],
        ),
        Unique(
            "uq_stripe_request_idempotency_key",
            {"idempotency_key": "one"},
            apart=[{"idempotency_key": "other"}],
        ),
    ],
    references=[Reference("donation_id", "donation")],
)

TABLES = [STRIPE_REQUEST]
