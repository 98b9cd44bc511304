"""API tokens and outgoing webhooks."""

from tests.support.row_examples.table import (
    NOON,
    Default,
    Reference,
    Table,
    Unique,
    each,
    fresh,
    key_of,
    once,
    refused,
)

API_TOKEN = Table(
    "api_token",
    row={
        "name": "CRM",
        "digest": fresh("digest"),
        "hint": "wxyz",
        "scopes": ["donations:read"],
        "created_by": "Ada",
    },
    defaults={"created_at": Default.transaction_time},
    optional=["used_at", "expires_at", "revoked_at"],
    unique=[Unique("uq_api_token_digest", {"digest": "the same"}, apart=[{"digest": "another"}])],
)

WEBHOOK_ENDPOINT = Table(
    "webhook_endpoint",
    row={
        "url": "https://crm.example/hook",
        "secret": "whsec_x",
        "events": ["donation.paid"],
        "created_by": "Ada",
    },
    defaults={"created_at": Default.transaction_time},
    optional=["disabled_at"],
)

WEBHOOK_DELIVERY = Table(
    "webhook_delivery",
    row={"endpoint_id": key_of("webhook_endpoint"), "kind": "donation.paid", "subject_key": "1"},
    defaults={
        "public_id": Default.random,
        "occurred_at": Default.statement_time,
        "state": "queued",
        "attempts": 0,
        "next_attempt_at": Default.transaction_time,
    },
    optional=[
        "donation_id",
        "subscription_id",
        "ledger_entry_id",
        "facts",
        "body",
        "lease_until",
        "last_status",
        "last_error",
        "delivered_at",
    ],
    refused=[
        *refused("ck_webhook_delivery_state", *each("state", ["lost", ""])),
        *refused("ck_webhook_delivery_delivered", {"state": "delivered"}),
        *refused(
            "ck_webhook_delivery_delivered",
            *each("state", ["queued", "sending", "failed"], delivered_at=NOON),
        ),
    ],
    accepted=[
        *each("state", ["queued", "sending", "failed"]),
        {"state": "delivered", "delivered_at": NOON},
    ],
    unique=[
        Unique(
            "uq_webhook_delivery_endpoint_id_kind_subject_key",
            {
                "endpoint_id": once(key_of("webhook_endpoint")),
                "kind": "donation.paid",
                "subject_key": "7",
            },
            apart=[
                {"endpoint_id": key_of("webhook_endpoint")},
                {"kind": "donation.refunded"},
                {"subject_key": "8"},
            ],
        ),
        Unique(
            "uq_webhook_delivery_public_id",
            {"public_id": "evt_1"},
            apart=[{"public_id": "evt_2"}],
        ),
    ],
    references=[
        Reference("endpoint_id", "webhook_endpoint"),
        Reference("donation_id", "donation"),
        Reference("subscription_id", "subscription"),
    ],
)

TABLES = [API_TOKEN, WEBHOOK_ENDPOINT, WEBHOOK_DELIVERY]
