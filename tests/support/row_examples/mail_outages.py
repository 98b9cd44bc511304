"""Refusals in a row, and the times in which sending was stopped."""

from tests.support.row_examples.table import NOON, Default, Table, Unique, each, fresh, refused

_NO_LANES = each("lane", ["", "Bulk", "sms"])

MAIL_REFUSAL = Table(
    "mail_refusal",
    row={
        "message_id": lambda rows: rows.number(),
        "lane": "bulk",
        "connection": "one",
        "refusal_key": "relay",
        "attempts": 1,
    },
    defaults={"superseded": False, "created_at": Default.transaction_time},
    optional=["suppression_id"],
    numbered=False,
    refused=refused("ck_mail_refusal_lane", *_NO_LANES),
    accepted=[{"lane": "single"}],
    unique=[Unique("pk_mail_refusal", {"message_id": 7}, apart=[{"message_id": 8}])],
)

MAIL_OUTAGE = Table(
    "mail_outage",
    row={
        "lane": "bulk",
        "cause": "relay",
        "words": "550 relay not permitted",
        "refusal_key": fresh("relay"),
        "readers": 3,
        "opened_at": NOON,
        "probe_at": NOON,
    },
    defaults={"probes": 0},
    optional=["closed_at"],
    refused=refused("ck_mail_outage_lane", *_NO_LANES),
    accepted=[{"lane": "single"}],
    unique=[
        Unique(
            "uq_mail_outage_lane",
            {"lane": "bulk"},
            apart=[{"lane": "single"}, {"closed_at": NOON}],
            free=[{"closed_at": NOON}],
        )
    ],
)

TABLES = [MAIL_REFUSAL, MAIL_OUTAGE]
