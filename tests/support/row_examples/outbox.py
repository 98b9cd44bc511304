"""Emails in the outbox, refusals in a row, and the times in which sending was stopped."""

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
    once,
    refused,
)

A_STEP = once(key_of("campaign_step"))

OUTBOX_MESSAGE = Table(
    "outbox_message",
    row={
        "kind": "receipt",
        "subject_key": fresh("don_"),
        "recipient": "ana@example.org",
        "message_id": fresh("message"),
        "state": "queued",
    },
    defaults={
        "name": "",
        "locale": "en",
        "token": Default.random,
        "details": {},
        "bulk": False,
        "attempts": 0,
        "next_attempt_at": Default.transaction_time,
        "created_at": Default.transaction_time,
    },
    optional=[
        "receipt_id",
        "subscription_id",
        "campaign_id",
        "step_id",
        "donor_id",
        "timezone",
        "lease_until",
        "begun_at",
        "expires_at",
        "last_error",
        "resent_at",
        "sent_at",
        "bounced_at",
        "bounce",
    ],
    refused=[
        *refused("ck_outbox_message_token", *each("token", NO_LINK_NAMES)),
        *refused("ck_outbox_message_state", *each("state", ["lost", "", "Sent"])),
        *refused("ck_outbox_message_sent", {"state": "sent"}),
        *refused(
            "ck_outbox_message_sent",
            *each("state", ["queued", "sending", "failed", "dropped"], sent_at=NOON),
        ),
        *refused("ck_outbox_message_step", {"step_id": A_STEP}),
    ],
    accepted=[
        *each("state", ["queued", "sending", "failed", "dropped"]),
        {"state": "sent", "sent_at": NOON},
        {"campaign_id": key_of("campaign")},
        {"step_id": A_STEP, "campaign_id": key_of("campaign")},
    ],
    unique=[
        Unique(
            "uq_outbox_message_kind_subject_key",
            {"kind": "receipt", "subject_key": "don_1"},
            apart=[{"kind": "refund"}, {"subject_key": "don_2"}],
        ),
        Unique(
            "uq_outbox_message_message_id", {"message_id": "one"}, apart=[{"message_id": "other"}]
        ),
        Unique("uq_outbox_message_token", {"token": "1" * 20}, apart=[{"token": "2" * 20}]),
        Unique(
            "uq_outbox_message_step_recipient",
            {
                "step_id": A_STEP,
                "campaign_id": once(key_of("campaign")),
                "recipient": "ana@example.org",
            },
            again=[{"recipient": "ANA@example.org"}],
            apart=[
                {"recipient": "ben@example.org"},
                {"step_id": key_of("campaign_step")},
                {"step_id": None},
            ],
            free=[{"step_id": None}],
        ),
    ],
    references=[
        Reference("receipt_id", "receipt"),
        Reference("subscription_id", "subscription"),
        Reference("campaign_id", "campaign"),
        Reference("step_id", "campaign_step", {"campaign_id": key_of("campaign")}),
        Reference("donor_id", "donor"),
    ],
)

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
        "closed_at": NOON,
    },
    defaults={"probes": 0},
    optional=["closed_at"],
    refused=refused("ck_mail_outage_lane", *_NO_LANES),
    accepted=[{"lane": "single"}],
    unique=[
        Unique(
            "uq_mail_outage_lane",
            {"lane": "bulk", "closed_at": None},
            apart=[{"lane": "single"}, {"closed_at": NOON}],
            free=[{"closed_at": NOON}],
        )
    ],
)

TABLES = [OUTBOX_MESSAGE, MAIL_REFUSAL, MAIL_OUTAGE]
