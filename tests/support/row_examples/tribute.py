"""Tribute cards."""

from tests.support.row_examples.table import (
    Default,
    Reference,
    Table,
    Unique,
    key_of,
    once,
    refused,
)

BY_POST = {"delivery": "post", "email": "", "address": "1 Wharf Street"}

TRIBUTE_CARD = Table(
    "tribute_card",
    row={
        "donation_id": key_of("donation"),
        "delivery": "email",
        "name": "Ben",
        "sender": "Ana",
        "email": "ben@example.org",
    },
    defaults={
        "email": "",
        "address": "",
        "message": "",
        "created_at": Default.transaction_time,
    },
    omitting={"email": {"delivery": "post", "address": "1 Wharf Street"}},
    optional=["mailed_at"],
    refused=[
        *refused("ck_tribute_card_delivery", {"delivery": "fax", "email": ""}),
        *refused("ck_tribute_card_delivery", {"delivery": "", "email": ""}),
        *refused("ck_tribute_card_email", {"email": ""}, {**BY_POST, "email": "ben@example.org"}),
        *refused(
            "ck_tribute_card_address", {"address": "1 Wharf Street"}, {**BY_POST, "address": ""}
        ),
    ],
    accepted=[BY_POST],
    unique=[
        Unique(
            "uq_tribute_card_donation_id",
            {"donation_id": once(key_of("donation"))},
            apart=[{"donation_id": key_of("donation")}],
        )
    ],
    references=[Reference("donation_id", "donation")],
)

TABLES = [TRIBUTE_CARD]
