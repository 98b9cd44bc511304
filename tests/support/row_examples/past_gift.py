"""Gifts brought over from another system, and recurring ones that are still charged there."""

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

PAST_GIFT = Table(
    "past_gift",
    row={"donation_id": key_of("donation"), "system": "givewp", "external_id": fresh("10")},
    defaults={
        "donor_ref": "",
        "plan_ref": "",
        "method": "",
        "designation": "",
        "refunded": 0,
        "receipted_here": False,
        "imported_at": Default.transaction_time,
    },
    optional=["installment", "charge_id"],
    refused=[
        *refused("ck_past_gift_origin", {"system": ""}, {"external_id": ""}),
        *refused("ck_past_gift_refunded", {"refunded": -1}),
        *refused("ck_past_gift_installment", *each("installment", [0, -1])),
    ],
    accepted=[{"refunded": 2500}, {"installment": 1}, {"receipted_here": True}],
    unique=[
        Unique(
            "uq_past_gift_donation_id",
            {"donation_id": once(key_of("donation"))},
            apart=[{"donation_id": key_of("donation")}],
        ),
        Unique(
            "uq_past_gift_system_external_id",
            {"system": "givewp", "external_id": "7"},
            apart=[{"system": "donorbox"}, {"external_id": "8"}],
        ),
        Unique("uq_past_gift_charge_id", {"charge_id": "ch_1"}, apart=[{"charge_id": "ch_2"}]),
    ],
    references=[Reference("donation_id", "donation")],
)

GIFT_ELSEWHERE = Table(
    "gift_elsewhere",
    row={
        "system": "donorbox",
        "external_id": fresh("20"),
        "donor_id": key_of("donor"),
        "frequency": "monthly",
        "amount": 1000,
        "currency": "usd",
    },
    defaults={"processor": "", "listed_at": Default.transaction_time},
    optional=["ended_at"],
    refused=[
        *refused("ck_gift_elsewhere_origin", {"system": ""}, {"external_id": ""}),
        *refused("ck_gift_elsewhere_frequency", *each("frequency", ["weekly", ""])),
        *refused("ck_gift_elsewhere_amount", *each("amount", [0, -1])),
    ],
    accepted=[{"frequency": "yearly"}, {"amount": 1}, {"ended_at": NOON}],
    unique=[
        Unique(
            "uq_gift_elsewhere_system_external_id",
            {"system": "donorbox", "external_id": "7"},
            apart=[{"system": "paypal"}, {"external_id": "8"}],
        )
    ],
    references=[Reference("donor_id", "donor")],
)

TABLES = [PAST_GIFT, GIFT_ELSEWHERE]
