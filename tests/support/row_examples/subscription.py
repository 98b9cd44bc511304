"""Monthly and yearly gifts."""

from tests.support.row_examples.table import (
    NO_LINK_NAMES,
    NOON,
    Default,
    Reference,
    Table,
    Unique,
    each,
    fresh,
    key_of,
    link_name,
    refused,
)

GOING_ON = ["active", "past_due", "paused"]

SUBSCRIPTION = Table(
    "subscription",
    row={
        "stripe_id": fresh("sub_"),
        "token": link_name,
        "campaign_id": key_of("campaign"),
        "donor_id": key_of("donor"),
        "frequency": "monthly",
        "amount": 1000,
        "currency": "usd",
        "state": "active",
    },
    defaults={
        "fee_cover": 0,
        "ends_at_period_end": False,
        "as_of_event": "",
        "created_at": Default.transaction_time,
    },
    optional=[
        "status",
        "customer_id",
        "current_period_end",
        "paused_until",
        "failed_invoice_id",
        "failed_at",
        "payment_update_url",
        "as_of",
        "ended_at",
        "end_reason",
    ],
    refused=[
        *refused("ck_subscription_token", *each("token", NO_LINK_NAMES)),
        *refused("ck_subscription_state", *each("state", ["tired", "", "Active"])),
        *refused("ck_subscription_frequency", *each("frequency", ["weekly", "", "Monthly"])),
        *refused("ck_subscription_amount", *each("amount", [0, -1]), {"fee_cover": -1}),
        *refused("ck_subscription_ended", {"state": "ended"}),
        *refused("ck_subscription_ended", *each("state", GOING_ON, ended_at=NOON)),
    ],
    accepted=[
        *each("state", GOING_ON),
        {"state": "ended", "ended_at": NOON},
        *each("frequency", ["one_time", "monthly", "yearly"]),
        {"amount": 1},
        {"fee_cover": 1},
    ],
    unique=[
        Unique("uq_subscription_stripe_id", {"stripe_id": "one"}, apart=[{"stripe_id": "other"}]),
        Unique("uq_subscription_token", {"token": "1" * 20}, apart=[{"token": "2" * 20}]),
    ],
    references=[Reference("campaign_id", "campaign"), Reference("donor_id", "donor")],
)

INVOICE_PAYMENT = Table(
    "invoice_payment",
    row={"invoice_id": fresh("in_"), "payment_id": "pi_1"},
    numbered=False,
    optional=["amount"],
    defaults={"recorded_at": Default.transaction_time},
    refused=[*refused("ck_invoice_payment_amount", {"amount": -1})],
    accepted=[{"amount": 0}],
    unique=[
        Unique(
            "pk_invoice_payment",
            {"invoice_id": "in_a", "payment_id": "pi_1"},
            apart=[
                {"invoice_id": "in_b", "payment_id": "pi_1"},
                {"invoice_id": "in_a", "payment_id": "pi_2"},
            ],
        )
    ],
)

TABLES = [SUBSCRIPTION, INVOICE_PAYMENT]
