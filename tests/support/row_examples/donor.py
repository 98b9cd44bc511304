"""Donors."""

from tests.support.row_examples.table import (
    NOON,
    Default,
    Reference,
    Row,
    Table,
    Unique,
    fresh,
    key_of,
    once,
    refused,
)

ERASED: Row = {"erased_at": NOON, "email": "", "name": "", "address": ""}

DONOR = Table(
    "donor",
    row={"email": fresh("ana@example.org"), "name": "Ana"},
    defaults={"address": "", "locale": "en", "created_at": Default.transaction_time},
    optional=["merged_into_id", "erased_at"],
    computed=["words"],
    refused=[
        *refused(
            "ck_donor_erased",
            {**ERASED, "email": "ana@example.org"},
            {**ERASED, "name": "Ana"},
            {**ERASED, "address": "1 Wharf Street"},
        ),
        *refused("ck_donor_merged_into_id", {"id": 900_001, "merged_into_id": 900_001}),
    ],
    accepted=[
        ERASED,
        {"email": "", "name": "", "address": "1 Wharf Street"},
        {"id": -7, "merged_into_id": key_of("donor")},
        {"merged_into_id": key_of("donor")},
    ],
    unique=[
        Unique(
            "uq_donor_lower_email",
            {"email": "ana@example.org"},
            again=[{"email": "Ana@Example.ORG"}],
            apart=[{"email": "ben@example.org"}],
            free=[{"email": ""}],
        ),
        Unique("uq_donor_lower_email", {"email": "ANA@example.org"}),
    ],
    references=[Reference("merged_into_id", "donor")],
)

CAMPAIGN_DONOR = Table(
    "campaign_donor",
    row={"campaign_id": key_of("campaign"), "donor_id": key_of("donor")},
    numbered=False,
    defaults={"remaining_gifts": 0, "gave_before": False},
    unique=[
        Unique(
            "pk_campaign_donor",
            {"campaign_id": once(key_of("campaign")), "donor_id": once(key_of("donor"))},
            apart=[{"donor_id": key_of("donor")}, {"campaign_id": key_of("campaign")}],
        )
    ],
    references=[Reference("campaign_id", "campaign"), Reference("donor_id", "donor")],
)

TABLES = [DONOR, CAMPAIGN_DONOR]
