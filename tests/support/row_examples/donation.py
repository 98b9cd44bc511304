"""Donations."""

from tests.support.row_examples.table import (
    NO_LINK_NAMES,
    NOON,
    Default,
    Reference,
    Row,
    Table,
    Unique,
    each,
    fresh,
    key_of,
    link_name,
    refused,
)

UNPAID = ["pending", "declined", "expired", "processing", "failed"]
SETTLED = ["paid", "partially_refunded", "refunded", "disputed", "dispute_lost"]
PAID: Row = {"state": "paid", "charged_at": NOON, "paid_at": NOON}

DONATION = Table(
    "donation",
    row={
        "public_id": fresh("don_"),
        "token": link_name,
        "campaign_id": key_of("campaign"),
        "donor_id": key_of("donor"),
        "attempt": fresh("attempt"),
        "frequency": "one_time",
        "amount": 2500,
        "currency": "usd",
        "state": "pending",
        "email": "ana@example.org",
    },
    defaults={
        "fee_cover": 0,
        "name": "",
        "locale": "en",
        "anonymous": False,
        "comment": "",
        "tribute_kind": "",
        "tribute_name": "",
        "code": "",
        "consent_wording": "",
        "shared_computer": False,
        "created_at": Default.transaction_time,
    },
    optional=[
        "subscription_id",
        "state_reason",
        "session_id",
        "session_url",
        "session_expires_at",
        "payment_intent_id",
        "invoice_id",
        "charged_at",
        "paid_at",
        "returned_at",
        "page_closed_at",
        "offer_declined_at",
    ],
    computed=["words"],
    refused=[
        *refused("ck_donation_token", *each("token", NO_LINK_NAMES)),
        *refused("ck_donation_amount", *each("amount", [0, -1, 100_000_000])),
        *refused("ck_donation_fee_cover", {"fee_cover": -1}),
        *refused("ck_donation_frequency", *each("frequency", ["weekly", "", "Monthly"])),
        *refused("ck_donation_state", *each("state", ["won", "", "Paid"])),
        *refused("ck_donation_paid", *each("state", SETTLED)),
        *refused("ck_donation_paid", *each("state", SETTLED, paid_at=NOON)),
        *refused("ck_donation_paid", *each("state", SETTLED, charged_at=NOON)),
    ],
    accepted=[
        *each("amount", [1, 99_999_999]),
        {"fee_cover": 1},
        *each("frequency", ["one_time", "monthly", "yearly"]),
        *each("state", UNPAID),
        *each("state", SETTLED, paid_at=NOON, charged_at=NOON),
        *each("state", UNPAID, paid_at=NOON, charged_at=NOON),
    ],
    unique=[
        *(
            Unique(f"uq_donation_{column}", {column: "the same"}, apart=[{column: "another"}])
            for column in ("public_id", "session_id", "payment_intent_id", "invoice_id")
        ),
        Unique("uq_donation_token", {"token": "1" * 20}, apart=[{"token": "2" * 20}]),
        Unique(
            "uq_donation_open_attempt",
            {"attempt": "form 1", "state": "pending"},
            again=[{"state": "processing"}],
            apart=[
                {"attempt": "form 2"},
                *each("state", ["declined", "expired", "failed"]),
                PAID,
            ],
            free=[{"state": "declined"}, {"state": "failed"}, PAID],
        ),
        Unique("uq_donation_open_attempt", {"attempt": "form 1", "state": "processing"}),
    ],
    references=[
        Reference("campaign_id", "campaign"),
        Reference("donor_id", "donor"),
        Reference("subscription_id", "subscription"),
    ],
)

TABLES = [DONATION]
