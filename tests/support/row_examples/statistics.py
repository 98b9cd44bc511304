"""Tallies, matching gifts, visits by code."""

from tests.support.row_examples.ledger import NO_SHARDS, SHARDS
from tests.support.row_examples.table import (
    BLINK,
    DAY,
    EVE,
    NOON,
    Default,
    Reference,
    Table,
    Unique,
    each,
    key_of,
    once,
    refused,
)

OF_A_CAMPAIGN = [Reference("campaign_id", "campaign")]

GIFT_TALLY = Table(
    "gift_tally",
    row={"campaign_id": key_of("campaign"), "kind": "code", "key": "spring", "shard": 3},
    numbered=False,
    defaults={"amount": 0, "gifts": 0, "received": 0, "payments": 0},
    refused=[
        *refused("ck_gift_tally_kind", *each("kind", ["weather", "", "Code"])),
        *refused("ck_gift_tally_shard", *each("shard", NO_SHARDS)),
    ],
    accepted=[
        *each("kind", ["hour", "size", "code", "frequency"]),
        *each("shard", SHARDS),
    ],
    unique=[
        Unique(
            "pk_gift_tally",
            {"campaign_id": once(key_of("campaign")), "kind": "code", "key": "a", "shard": 3},
            apart=[
                {"campaign_id": key_of("campaign")},
                {"kind": "size"},
                {"key": "b"},
                {"shard": 4},
            ],
        )
    ],
    references=OF_A_CAMPAIGN,
)

MATCHING_GIFT = Table(
    "matching_gift",
    row={
        "campaign_id": key_of("campaign"),
        "sponsor": "Harbor Bank",
        "pool": 5000_00,
        "starts_at": NOON,
        "ends_at": NOON + DAY,
        "created_by": "Ada",
    },
    defaults={"ratio_percent": 100, "created_at": Default.transaction_time},
    optional=["ended_at"],
    refused=[
        *refused("ck_matching_gift_pool", *each("pool", [0, -1])),
        *refused("ck_matching_gift_ratio_percent", *each("ratio_percent", [0, -1, 1001])),
        *refused("ck_matching_gift_window", *each("ends_at", [NOON, NOON - BLINK])),
        *refused("ck_matching_gift_sponsor", {"sponsor": ""}),
    ],
    accepted=[{"pool": 1}, *each("ratio_percent", [1, 1000]), {"ends_at": NOON + BLINK}],
    references=OF_A_CAMPAIGN,
)

MATCHING_SHARD = Table(
    "matching_shard",
    row={"matching_id": key_of("matching_gift"), "shard": 3},
    numbered=False,
    defaults={"given": 0},
    refused=refused("ck_matching_shard_shard", *each("shard", NO_SHARDS)),
    accepted=each("shard", SHARDS),
    unique=[
        Unique(
            "pk_matching_shard",
            {"matching_id": once(key_of("matching_gift"))},
            apart=[{"shard": 4}, {"matching_id": key_of("matching_gift")}],
        )
    ],
    references=[Reference("matching_id", "matching_gift")],
)

CODE_VISIT = Table(
    "code_visit",
    row={"campaign_id": key_of("campaign"), "code": "spring", "day": EVE},
    numbered=False,
    defaults={"visits": 0},
    unique=[
        Unique(
            "pk_code_visit",
            {"campaign_id": once(key_of("campaign"))},
            apart=[{"code": "fall"}, {"day": EVE + DAY}, {"campaign_id": key_of("campaign")}],
        )
    ],
    references=OF_A_CAMPAIGN,
)

TABLES = [GIFT_TALLY, MATCHING_GIFT, MATCHING_SHARD, CODE_VISIT]
