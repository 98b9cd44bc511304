"""Stripe's events."""

from tests.support.row_examples.table import NOON, Default, Table, Unique, each, fresh, refused

INBOX_EVENT = Table(
    "inbox_event",
    row={
        "id": fresh("evt_"),
        "type": "charge.refunded",
        "body": b"{}",
        "occurred_at": NOON,
        "state": "received",
    },
    numbered=False,
    defaults={
        "attempts": 0,
        "received_at": Default.transaction_time,
        "next_attempt_at": Default.transaction_time,
    },
    optional=["note", "last_error", "finished_at", "redacted_at"],
    refused=refused("ck_inbox_event_state", *each("state", ["lost", "", "Done"])),
    accepted=each("state", ["received", "done", "ignored", "failed", "given_up", "held"]),
    unique=[Unique("pk_inbox_event", {"id": "evt_1"}, apart=[{"id": "evt_2"}])],
)

TABLES = [INBOX_EVENT]
