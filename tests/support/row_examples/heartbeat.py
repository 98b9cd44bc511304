"""Heartbeats of jobs."""

from tests.support.row_examples.table import Default, Table, Unique, fresh

HEARTBEAT = Table(
    "heartbeat",
    row={"job": fresh("job")},
    numbered=False,
    defaults={"began_at": Default.transaction_time},
    optional=["succeeded_at", "failed_at", "last_error"],
    unique=[Unique("pk_heartbeat", {"job": "backup"}, apart=[{"job": "reminders"}])],
)

TABLES = [HEARTBEAT]
