"""Card testing: sessions that forms opened, declined cards, attempts a minute, sieges."""

from tests.support.row_examples.table import (
    DAY,
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

SESSION_OPENING = Table(
    "session_opening",
    row={
        "session_id": fresh("cs_"),
        "donation_id": key_of("donation"),
        "network": "n",
        "prefix": "p",
        "mailbox": "m",
        "amount": 2500,
        "currency": "usd",
        "honest": True,
        "opened_at": NOON,
    },
    optional=["paid_at", "bad_at", "ended_at"],
    refused=[
        *refused("ck_session_opening_amount", *each("amount", [0, -1])),
        *refused("ck_session_opening_ended", {"ended_at": NOON}),
    ],
    accepted=[{"amount": 1}, {"bad_at": NOON}, {"bad_at": NOON, "ended_at": NOON}],
    unique=[
        Unique(
            "uq_session_opening_session_id",
            {"session_id": "cs_1"},
            apart=[{"session_id": "cs_2"}],
        )
    ],
    references=[Reference("donation_id", "donation")],
)

CARD_DECLINE = Table(
    "card_decline",
    row={
        "charge_id": fresh("ch_"),
        "opening_id": key_of("session_opening"),
        "card": "c",
        "declined_at": NOON,
    },
    unique=[
        Unique("uq_card_decline_charge_id", {"charge_id": "ch_1"}, apart=[{"charge_id": "ch_2"}])
    ],
    references=[Reference("opening_id", "session_opening")],
)

ATTEMPT_COUNT = Table(
    "attempt_count",
    row={"minute": lambda rows: NOON + rows.number() * DAY},
    numbered=False,
    defaults={"attempts": 0, "held": 0},
    refused=refused("ck_attempt_count_held", {"held": 1}, {"attempts": 1, "held": -1}),
    accepted=[{"attempts": 2, "held": 2}],
    unique=[Unique("pk_attempt_count", {"minute": NOON}, apart=[{"minute": NOON + DAY}])],
)

SIEGE = Table(
    "siege",
    row={"scope": "scripts", "reason": "many", "ended_at": NOON, "began_at": NOON},
    defaults={"began_at": Default.transaction_time, "began_by": "", "ended_by": ""},
    optional=["ended_at"],
    omitting={"began_at": {"ended_at": None}},
    refused=[
        *refused("ck_siege_scope", *each("scope", ["", "all", "Everyone"])),
        *refused("ck_siege_ended_at", {"ended_at": NOON - DAY}),
    ],
    accepted=[{"scope": "everyone"}, {"ended_at": NOON + DAY}],
    unique=[
        Unique(
            "uq_siege_open",
            {"ended_at": None},
            apart=[{"ended_at": NOON}],
            free=[{"ended_at": NOON}],
        )
    ],
)

TABLES = [SESSION_OPENING, CARD_DECLINE, ATTEMPT_COUNT, SIEGE]
