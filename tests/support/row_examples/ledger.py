"""The ledger, and the shards of its totals."""

from collections.abc import Sequence

from tests.support.row_examples.campaign import CURRENCIES
from tests.support.row_examples.rows import Rows
from tests.support.row_examples.table import (
    NOON,
    Default,
    Reference,
    Row,
    Table,
    Unique,
    each,
    fresh,
    key_of,
    once,
    refused,
)

OUT = ["payment_reversed", "refund", "dispute"]
BACK = ["refund_failed", "dispute_reversed"]
FEES = ["fee", "dispute_gain_loss"]
SHARDS = [0, 1, 14, 15]
NO_SHARDS = [-1, 16]


def paid_donation(rows: Rows) -> object:
    """The key of a donation whose payment is in the ledger."""
    donation = rows.add("donation", {})
    rows.add("ledger_entry", {"donation_id": donation})
    return donation


def after(kinds: Sequence[str], **changes: object) -> list[Row]:
    """Return an entry of each kind after a payment."""
    return each("kind", kinds, donation_id=paid_donation, **changes)


CORRECTION: Row = {
    "kind": "correction",
    "donation_id": paid_donation,
    "reason": "Counted twice",
    "recorded_by": "Fay",
}

LEDGER_ENTRY = Table(
    "ledger_entry",
    row={
        "donation_id": key_of("donation"),
        "kind": "payment",
        "amount": 2500,
        "currency": "usd",
        "occurred_at": NOON,
        "source": fresh("pi_"),
    },
    defaults={"fee_cover": 0, "fee": 0, "recorded_at": Default.statement_time, "past": False},
    optional=["campaign_id", "balance_transaction_id", "reason", "recorded_by"],
    refused=[
        *refused("ck_ledger_entry_kind", *after(["gift", ""])),
        *refused("ck_ledger_entry_currency", *each("currency", CURRENCIES)),
        *refused("ck_ledger_entry_payment", *each("amount", [0, -1]), {"fee_cover": -1}),
        *refused("ck_ledger_entry_out", *after(OUT, amount=1), *after(OUT, amount=0, fee_cover=1)),
        *refused(
            "ck_ledger_entry_back", *after(BACK, amount=-1), *after(BACK, amount=0, fee_cover=-1)
        ),
        *refused(
            "ck_ledger_entry_fee",
            *after(FEES, amount=1),
            *after(FEES, amount=-1),
            *after(FEES, amount=0, fee_cover=1),
            *after(FEES, amount=0, fee_cover=-1),
        ),
        *refused(
            "ck_ledger_entry_correction",
            {**CORRECTION, "reason": None},
            {**CORRECTION, "recorded_by": None},
            {**CORRECTION, "reason": None, "recorded_by": None},
            {"reason": "Counted twice", "recorded_by": "Fay"},
        ),
    ],
    accepted=[
        {"amount": 1},
        {"fee_cover": 1},
        {"fee": 103, "campaign_id": key_of("campaign")},
        *after(OUT, amount=0),
        *after(OUT, amount=-1, fee_cover=-1),
        *after(BACK, amount=0),
        *after(BACK, amount=1, fee_cover=1),
        *after(FEES, amount=0, fee=103),
        *after(FEES, amount=0, fee=-50),
        {**CORRECTION, "amount": -1},
        {**CORRECTION, "amount": 1},
    ],
    unique=[
        Unique(
            "uq_ledger_entry_kind_source",
            {"kind": "refund", "amount": -1, "source": "re_1", "donation_id": paid_donation},
            apart=[{"kind": "dispute"}, {"source": "re_2"}],
        ),
        Unique(
            "uq_ledger_entry_balance_transaction_id",
            {"balance_transaction_id": "txn_1"},
            apart=[{"balance_transaction_id": "txn_2"}],
        ),
        Unique(
            "uq_ledger_entry_one_payment",
            {"donation_id": once(key_of("donation"))},
            apart=[
                {"donation_id": key_of("donation")},
                *each("kind", OUT, amount=-1),
                *each("kind", [*BACK, *FEES], amount=0),
            ],
        ),
    ],
    references=[
        Reference("donation_id", "donation"),
        # A fee moves nothing, so that no shard refers to the campaign.
        Reference(
            "campaign_id", "campaign", {"kind": "fee", "amount": 0, "donation_id": paid_donation}
        ),
    ],
)

PROGRESS_SHARD = Table(
    "progress_shard",
    row={"campaign_id": key_of("campaign"), "shard": 3},
    numbered=False,
    defaults={"raised": 0, "donations": 0, "donors": 0, "gave_before": 0},
    refused=refused("ck_progress_shard_shard", *each("shard", NO_SHARDS)),
    accepted=each("shard", SHARDS),
    unique=[
        Unique(
            "pk_progress_shard",
            {"campaign_id": once(key_of("campaign"))},
            apart=[{"shard": 4}, {"campaign_id": key_of("campaign")}],
        )
    ],
    references=[Reference("campaign_id", "campaign")],
)

TABLES = [LEDGER_ENTRY, PROGRESS_SHARD]
