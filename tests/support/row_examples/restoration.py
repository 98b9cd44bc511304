"""Restores, and reserved receipt numbers."""

from tests.support.row_examples.receipt import next_sequence
from tests.support.row_examples.table import NOON, Default, Table, Unique, each, refused

RESTORATION = Table(
    "restoration",
    row={"backup_made_at": NOON},
    defaults={"restored_at": Default.transaction_time},
    optional=["numbers_read_at"],
)

RESERVED_RECEIPT = Table(
    "reserved_receipt",
    row={"year": 2026, "sequence": next_sequence},
    optional=["donation"],
    numbered=False,
    refused=refused("ck_reserved_receipt_sequence", *each("sequence", [0, -1])),
    accepted=[{"sequence": 1}],
    unique=[
        Unique(
            "pk_reserved_receipt",
            {"year": 2026, "sequence": 7},
            apart=[{"year": 2027}, {"sequence": 8}],
        )
    ],
)

TABLES = [RESTORATION, RESERVED_RECEIPT]
