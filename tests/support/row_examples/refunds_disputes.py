"""Evidence about returned money."""

from dataclasses import replace

from tests.support.row_examples.table import (
    NOON,
    Default,
    Reference,
    Table,
    Unique,
    each,
    fresh,
    refused,
)

ANSWERED = ["pending", "succeeded", "failed", "canceled"]
OF_OURS = {"stripe_id": None, "request_token": fresh("click")}
OF_A_DONATION = [Reference("donation_id", "donation")]


def one_of_stripe(table: str) -> Unique:
    return Unique(
        f"uq_{table}_stripe_id", {"stripe_id": "the same"}, apart=[{"stripe_id": "another"}]
    )


CHARGE = Table(
    "charge",
    row={"stripe_id": fresh("ch_"), "amount": 2500, "currency": "usd"},
    defaults={"refunded": 0},
    optional=["payment_intent_id", "donation_id", "refunded_at", "returned_at"],
    refused=refused(
        "ck_charge_amount",
        {"refunded": -1},
        {"refunded": 2501},
        {"amount": -1},
        {"amount": -1, "refunded": -1},
    ),
    accepted=[{"amount": 0}, {"refunded": 2499}, {"refunded": 2500}],
    unique=[one_of_stripe("charge")],
    references=OF_A_DONATION,
)

REFUND = Table(
    "refund",
    row={
        "stripe_id": fresh("re_"),
        "amount": 100,
        "currency": "usd",
        "state": "succeeded",
        "created_at": NOON,
    },
    optional=[
        "stripe_id",
        "request_token",
        "donation_id",
        "payment_intent_id",
        "charge_id",
        "reason",
        "failure_reason",
        "requested_by",
        "ended_at",
    ],
    refused=[
        *refused("ck_refund_amount", *each("amount", [0, -1])),
        *refused("ck_refund_state", *each("state", ["lost", "", "Failed"])),
        *refused("ck_refund_origin", *each("state", ["requested", "refused"], stripe_id=None)),
        *refused("ck_refund_known", *each("state", ANSWERED, **OF_OURS)),
    ],
    accepted=[
        {"amount": 1},
        *each("state", ["requested", "refused"], **OF_OURS),
        *each("state", ["requested", "refused", *ANSWERED]),
        *each("state", ANSWERED, request_token=fresh("click")),
    ],
    unique=[
        replace(one_of_stripe("refund"), free=each("state", ["requested"], **OF_OURS)),
        Unique(
            "uq_refund_request_token",
            {"request_token": "click 1"},
            apart=[{"request_token": "click 2"}],
        ),
    ],
    references=OF_A_DONATION,
)

DISPUTE = Table(
    "dispute",
    row={
        "stripe_id": fresh("du_"),
        "amount": 2500,
        "currency": "usd",
        "reason": "fraudulent",
        "status": "needs_response",
        "opened_at": NOON,
        "as_of": NOON,
    },
    defaults={"appealed": False, "withdrawn": 0, "reinstated": 0, "balance_transactions": []},
    optional=["donation_id", "payment_intent_id", "charge_id", "due_by"],
    refused=refused("ck_dispute_amount", {"amount": -1}, {"withdrawn": -1}, {"reinstated": -1}),
    accepted=[{"amount": 0}, {"withdrawn": 1}, {"reinstated": 1}],
    unique=[one_of_stripe("dispute")],
    references=OF_A_DONATION,
)

FRAUD_WARNING = Table(
    "fraud_warning",
    row={"stripe_id": fresh("issfr_"), "fraud_type": "made_with_stolen_card", "created_at": NOON},
    defaults={"actionable": True},
    optional=["donation_id", "payment_intent_id", "charge_id"],
    unique=[one_of_stripe("fraud_warning")],
    references=OF_A_DONATION,
)

PAYMENT_LOOKUP = Table(
    "payment_lookup",
    row={"payment_intent_id": fresh("pi_"), "ours": True},
    numbered=False,
    defaults={"answered_at": Default.transaction_time},
    unique=[
        Unique(
            "pk_payment_lookup",
            {"payment_intent_id": "pi_a"},
            apart=[{"payment_intent_id": "pi_b"}],
        )
    ],
)

TABLES = [CHARGE, REFUND, DISPUTE, FRAUD_WARNING, PAYMENT_LOOKUP]
