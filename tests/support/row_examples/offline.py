"""Gifts by check, cash, donor-advised fund or stock, and deposits."""

from itertools import combinations

from tests.support.row_examples.table import (
    DAY,
    EVE,
    NOON,
    Default,
    Reference,
    Row,
    Table,
    Unique,
    both_or_neither,
    each,
    fresh,
    key_of,
    once,
    refused,
)

CLOSED: dict[str, object] = {"closed_at": NOON, "closed_by": "Fay", "deposited_on": EVE}

DEPOSIT_BATCH = Table(
    "deposit_batch",
    row={"name": fresh("Friday "), "currency": "usd", "opened_by": "Fay"},
    defaults={"bank_reference": "", "opened_at": Default.transaction_time},
    optional=["closed_by", "closed_at", "deposited_on"],
    refused=[
        *refused("ck_deposit_batch_name", {"name": ""}),
        *refused(
            "ck_deposit_batch_closed",
            *({name: CLOSED[name]} for name in CLOSED),
            *({one: CLOSED[one], other: CLOSED[other]} for one, other in combinations(CLOSED, 2)),
        ),
    ],
    accepted=[CLOSED],
    unique=[
        Unique(
            "uq_deposit_batch_lower_name",
            {"name": "Friday"},
            again=[{"name": "FRIDAY"}],
            apart=[{"name": "Monday"}],
        )
    ],
)


def reversed_as(reason: str) -> Row:
    return {"reversed_on": EVE, "reversal_reason": reason}


OFFLINE_GIFT = Table(
    "offline_gift",
    row={
        "donation_id": key_of("donation"),
        "kind": "cheque",
        "reference": fresh("chase 10"),
        "received_on": EVE,
        "entered_by": "Fay",
    },
    defaults={"description": "", "created_at": Default.transaction_time},
    optional=["postmarked_on", "batch_id", "entry_token", "reversed_on", "reversal_reason"],
    refused=[
        *refused("ck_offline_gift_kind", *each("kind", ["barter", "", "Cash"])),
        *refused("ck_offline_gift_reference", {"reference": ""}),
        *refused("ck_offline_gift_postmarked_on", {"postmarked_on": EVE + DAY}),
        *refused("ck_offline_gift_reversal_reason", reversed_as("lost"), reversed_as("")),
        *both_or_neither(
            "ck_offline_gift_reversed_on", {"reversed_on": EVE}, {"reversal_reason": "bounced"}
        ),
    ],
    accepted=[
        *each("kind", ["cheque", "cash", "donor_advised_fund", "stock"]),
        {"postmarked_on": EVE},
        {"postmarked_on": EVE - DAY},
        *map(reversed_as, ["bounced", "mistake", "returned"]),
    ],
    unique=[
        Unique(
            "uq_offline_gift_donation_id",
            {"donation_id": once(key_of("donation"))},
            apart=[{"donation_id": key_of("donation")}],
        ),
        Unique(
            "uq_offline_gift_entry_token",
            {"entry_token": "form 1"},
            apart=[{"entry_token": "form 2"}],
        ),
        Unique(
            "uq_offline_gift_lower_reference",
            {"reference": "Chase 101"},
            again=[{"reference": "CHASE 101"}, reversed_as("bounced"), reversed_as("returned")],
            apart=[{"reference": "Chase 102"}, reversed_as("mistake")],
            free=[reversed_as("mistake")],
        ),
    ],
    references=[
        Reference("donation_id", "donation"),
        Reference("batch_id", "deposit_batch"),
    ],
)

TABLES = [DEPOSIT_BATCH, OFFLINE_GIFT]
