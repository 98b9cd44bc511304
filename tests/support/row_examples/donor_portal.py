"""The donor page: links, sessions, requests to erase."""

from tests.support.row_examples.table import (
    NOON,
    Default,
    Reference,
    Table,
    Unique,
    both_or_neither,
    fresh,
    key_of,
    once,
    refused,
)

DIGEST = {"digest": "the same"}

DONOR_LINK = Table(
    "donor_link",
    row={
        "donor_id": key_of("donor"),
        "purpose": "open",
        "digest": fresh("digest"),
        "expires_at": NOON,
    },
    defaults={"email": "", "created_at": Default.transaction_time},
    optional=["used_at"],
    refused=[
        *refused("ck_donor_link_purpose", {"purpose": "close"}, {"purpose": ""}),
        *refused("ck_donor_link_email", {"purpose": "address"}, {"email": "ana@example.org"}),
    ],
    accepted=[{"purpose": "open"}, {"purpose": "address", "email": "ana@example.org"}],
    unique=[Unique("uq_donor_link_digest", DIGEST, apart=[{"digest": "another"}])],
    references=[Reference("donor_id", "donor")],
)

DONOR_SESSION = Table(
    "donor_session",
    row={"donor_id": key_of("donor"), "digest": fresh("digest"), "expires_at": NOON},
    defaults={"created_at": Default.transaction_time, "seen_at": Default.transaction_time},
    optional=["ended_at"],
    unique=[Unique("uq_donor_session_digest", DIGEST, apart=[{"digest": "another"}])],
    references=[Reference("donor_id", "donor")],
)

ERASURE_REQUEST = Table(
    "erasure_request",
    row={"donor_id": key_of("donor")},
    defaults={"asked_at": Default.transaction_time, "approved_by": ""},
    optional=["done_at", "withdrawn_at", "approved_at"],
    refused=[
        *refused("ck_erasure_request_ended", {"done_at": NOON, "withdrawn_at": NOON}),
        *both_or_neither(
            "ck_erasure_request_approved", {"approved_at": NOON}, {"approved_by": "Fay"}
        ),
    ],
    accepted=[
        {"done_at": NOON},
        {"withdrawn_at": NOON},
        {"approved_at": NOON, "approved_by": "Fay"},
    ],
    unique=[
        Unique(
            "uq_erasure_request_donor_id",
            {"donor_id": once(key_of("donor"))},
            apart=[{"donor_id": key_of("donor")}, {"done_at": NOON}, {"withdrawn_at": NOON}],
            free=[{"done_at": NOON}, {"withdrawn_at": NOON}],
        )
    ],
    references=[Reference("donor_id", "donor")],
)

ERASED_PERSON = Table(
    "erased_person",
    row={"key": fresh("erasure"), "erased_at": NOON},
    defaults={"donors": [], "donations": [], "addresses": []},
    optional=["restored_at"],
    unique=[Unique("uq_erased_person_key", {"key": "one"}, apart=[{"key": "another"}])],
)

TABLES = [DONOR_LINK, DONOR_SESSION, ERASURE_REQUEST, ERASED_PERSON]
