"""Notes, merges and review marks."""

from tests.support.row_examples.table import (
    NOON,
    Default,
    Reference,
    Row,
    Table,
    Unique,
    both_or_neither,
    fresh,
    key_of,
    once,
    refused,
)

UNDONE: Row = {"undone_at": NOON, "undone_by": "Fay"}
A_DONOR = once(key_of("donor"))

NOTE = Table(
    "note",
    row={"donor_id": key_of("donor"), "text": "Called.", "written_by": "Fay"},
    defaults={"written_at": Default.transaction_time},
    optional=["donor_id", "donation_id"],
    refused=[
        *refused("ck_note_about", {"donation_id": key_of("donation")}, {"donor_id": None}),
        *refused("ck_note_text", {"text": ""}),
    ],
    accepted=[{"donor_id": None, "donation_id": key_of("donation")}],
    references=[
        Reference("donor_id", "donor"),
        Reference("donation_id", "donation", {"donor_id": None}),
    ],
)

DONOR_MERGE = Table(
    "donor_merge",
    row={"kept_id": key_of("donor"), "merged_id": key_of("donor"), "merged_by": "Fay"},
    defaults={"carried": {}, "merged_at": Default.transaction_time},
    optional=["undone_by", "undone_at"],
    refused=[
        *refused("ck_donor_merge_two", {"kept_id": A_DONOR, "merged_id": A_DONOR}),
        *both_or_neither("ck_donor_merge_undone", {"undone_at": NOON}, {"undone_by": "Fay"}),
    ],
    accepted=[{"merged_id": key_of("donor", id=-7)}, {"kept_id": key_of("donor", id=-7)}, UNDONE],
    unique=[
        Unique(
            "uq_donor_merge_current",
            {"merged_id": A_DONOR},
            apart=[{"merged_id": key_of("donor")}, UNDONE],
            free=[UNDONE],
        )
    ],
    references=[Reference("kept_id", "donor"), Reference("merged_id", "donor")],
)

ACKNOWLEDGMENT = Table(
    "acknowledgment",
    row={"kind": "dispute", "key": fresh("du_"), "acknowledged_by": "Fay"},
    defaults={"acknowledged_at": Default.transaction_time},
    unique=[
        Unique(
            "uq_acknowledgment_kind_key",
            {"kind": "dispute", "key": "1"},
            apart=[{"kind": "email"}, {"key": "2"}],
        )
    ],
)

TABLES = [NOTE, DONOR_MERGE, ACKNOWLEDGMENT]
