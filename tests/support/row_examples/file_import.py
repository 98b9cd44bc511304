"""Uploaded files of other systems, and their parts."""

from tests.support.row_examples.table import (
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

FILE_IMPORT = Table(
    "file_import",
    row={"kind": "people", "file_name": "members.csv", "size": 10, "requested_by": "Fay"},
    defaults={
        "options": {},
        "state": "checking",
        "rows": 0,
        "report": {},
        "created_at": Default.transaction_time,
    },
    optional=["error", "lease_until", "finished_at"],
    refused=[
        *refused("ck_file_import_state", {"state": ""}, {"state": "lost"}),
        *refused("ck_file_import_counts", {"size": 0}, {"rows": -1}),
        *refused("ck_file_import_finished", {"state": "done"}, {"finished_at": NOON}),
    ],
    accepted=[
        *each("state", ["checked", "importing"]),
        {"state": "done", "finished_at": NOON},
        {"state": "failed", "finished_at": NOON},
    ],
)

FILE_IMPORT_PART = Table(
    "file_import_part",
    row={"file_import_id": key_of("file_import"), "number": 0, "content": b"email"},
    numbered=False,
    unique=[
        Unique(
            "pk_file_import_part",
            {"file_import_id": once(key_of("file_import"))},
            apart=[{"number": 1}, {"file_import_id": key_of("file_import")}],
        )
    ],
    references=[Reference("file_import_id", "file_import")],
)

TABLES = [FILE_IMPORT, FILE_IMPORT_PART]
