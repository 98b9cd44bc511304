"""Requests to take in payments that began elsewhere, and what is left alone."""

from tests.support.row_examples.table import (
    NOON,
    Default,
    Reference,
    Table,
    Unique,
    each,
    fresh,
    key_of,
    refused,
)

ADOPTION_RUN = Table(
    "adoption_run",
    row={
        "requested_by": "Fay",
        "action": "leave_alone",
        "kind": "payment",
    },
    defaults={
        "search": "",
        "names": [],
        "email": "",
        "receipts": "newest",
        "looked_at": 0,
        "done": 0,
        "known": 0,
        "refused": 0,
        "refusals": [],
        "created_at": Default.transaction_time,
    },
    optional=["campaign_id", "since", "until", "error", "lease_until", "finished_at"],
    refused=[
        *refused("ck_adoption_run_action", *each("action", ["", "adopt"])),
        *refused("ck_adoption_run_kind", *each("kind", ["", "charge"])),
        *refused("ck_adoption_run_receipts", *each("receipts", ["", "some"])),
        *refused("ck_adoption_run_campaign_id", {"action": "take_in"}),
        *refused("ck_adoption_run_campaign_id", {"campaign_id": key_of("campaign")}),
        *refused(
            "ck_adoption_run_counts",
            *({name: -1} for name in ("looked_at", "done", "known", "refused")),
        ),
        *refused(
            "ck_adoption_run_forgotten",
            {"finished_at": NOON, "search": "lia"},
            {"finished_at": NOON, "email": "lia@example.org"},
        ),
    ],
    accepted=[
        {"action": "take_in", "campaign_id": key_of("campaign")},
        {"kind": "subscription"},
        *each("receipts", ["all", "none"]),
        {"search": "lia", "email": "lia@example.org"},
        {"finished_at": NOON},
    ],
    references=[Reference("campaign_id", "campaign", {"action": "take_in"})],
)

LEFT_ALONE = Table(
    "left_alone",
    row={"stripe_id": fresh("pi_"), "left_by": "Fay"},
    numbered=False,
    defaults={"left_at": Default.transaction_time},
    unique=[Unique("pk_left_alone", {"stripe_id": "pi_1"}, apart=[{"stripe_id": "pi_2"}])],
)

TABLES = [ADOPTION_RUN, LEFT_ALONE]
