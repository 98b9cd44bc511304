"""Receipts."""

from tests.support.row_examples.rows import Rows
from tests.support.row_examples.table import (
    EVE,
    NO_LINK_NAMES,
    Default,
    Reference,
    Row,
    Table,
    Unique,
    each,
    key_of,
    link_name,
    once,
    refused,
)


def next_sequence(rows: Rows) -> int:
    return 1000 + rows.number()


CORRECTED: Row = {"kind": "corrected", "replaces_id": key_of("receipt")}
VOID: Row = {"kind": "void", "replaces_id": key_of("receipt"), "amount": 0}

RECEIPT_COUNTER = Table(
    "receipt_counter",
    row={"year": next_sequence, "last": 1},
    numbered=False,
    unique=[Unique("pk_receipt_counter", {"year": 2026}, apart=[{"year": 2027}])],
)

RECEIPT = Table(
    "receipt",
    row={
        "year": 2026,
        "sequence": next_sequence,
        "token": link_name,
        "donation_id": key_of("donation"),
        "campaign_id": key_of("campaign"),
        "amount": 2500,
        "currency": "usd",
        "gift_date": EVE,
        "frozen": {"name": "Ana"},
    },
    defaults={"kind": "receipt", "issued_at": Default.transaction_time},
    optional=["replaces_id", "mailed_at"],
    refused=[
        *refused("ck_receipt_token", *each("token", NO_LINK_NAMES)),
        *refused("ck_receipt_sequence", *each("sequence", [0, -1])),
        *refused("ck_receipt_kind", {**CORRECTED, "kind": "copy"}, {**CORRECTED, "kind": ""}),
        *refused(
            "ck_receipt_amount",
            *each("amount", [0, -1]),
            {**CORRECTED, "amount": 0},
            {**CORRECTED, "amount": -1},
            {**VOID, "amount": 1},
            {**VOID, "amount": -1},
        ),
        *refused(
            "ck_receipt_replaces",
            {"replaces_id": key_of("receipt")},
            {"kind": "corrected"},
            {"kind": "void", "amount": 0},
        ),
    ],
    accepted=[{"sequence": 1}, {"amount": 1}, CORRECTED, {**CORRECTED, "amount": 1}, VOID],
    unique=[
        Unique(
            "uq_receipt_year_sequence",
            {"year": 2026, "sequence": 7},
            apart=[{"year": 2027}, {"sequence": 8}],
        ),
        Unique("uq_receipt_token", {"token": "1" * 20}, apart=[{"token": "2" * 20}]),
        Unique(
            "uq_receipt_replaces_id",
            {"kind": "corrected", "replaces_id": once(key_of("receipt"))},
            again=[{"kind": "void", "amount": 0}],
            apart=[{"replaces_id": key_of("receipt")}],
        ),
        Unique(
            "uq_receipt_first",
            {"donation_id": once(key_of("donation"))},
            apart=[{"donation_id": key_of("donation")}, CORRECTED, VOID],
            free=[CORRECTED, VOID],
        ),
    ],
    references=[
        Reference("donation_id", "donation"),
        Reference("campaign_id", "campaign"),
        Reference("replaces_id", "receipt", {"kind": "corrected"}),
    ],
)

RECEIPT_NOTE = Table(
    "receipt_note",
    row={"receipt_id": key_of("receipt")},
    defaults={"requested_at": Default.transaction_time},
    optional=["written_at", "payment_intent_id", "error"],
    numbered=False,
    unique=[
        Unique(
            "pk_receipt_note",
            {"receipt_id": once(key_of("receipt"))},
            apart=[{"receipt_id": key_of("receipt")}],
        )
    ],
    references=[Reference("receipt_id", "receipt")],
)

TABLES = [RECEIPT_COUNTER, RECEIPT, RECEIPT_NOTE]
