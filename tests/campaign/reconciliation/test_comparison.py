"""The two sides: what is in the window, and how each is named."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.comparisons import AT, BOOKED, PAID, SINCE, entry, found, moved, shown

EARLIER = {"occurred_at": SINCE - timedelta(microseconds=1)}
OTHER: dict[str, Any] = {"payment_intent_id": "pi_2"}


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("payment_reversed", "pi_1"),
        ("refund", "re_0"),
        ("refund_failed", "re_0"),
        ("dispute", "du_1"),
        ("dispute_reversed", "du_1"),
    ],
)
def test_an_entry_before_the_window_needs_no_transaction_in_it(kind: str, source: str) -> None:
    sign = 1 if kind in {"refund_failed", "dispute_reversed"} else -1
    inside = entry(kind, sign * 700, source)
    before = entry(kind, sign * 700, source, **EARLIER)
    assert shown(*found([PAID], [BOOKED, inside])) == [(kind, None, 700, False, True)]
    assert found([PAID], [BOOKED, before]) == []
    # Without a window, every entry needs one.
    assert len(found([PAID], [BOOKED, before], since=None)) == 1


def test_without_a_recorded_payment_the_first_transactions_is_the_gifts() -> None:
    movements = [PAID, moved("payment", 2500, "ch_2", **OTHER)]
    discrepancies = found(movements, [], payment_intent_id=None)
    assert [(one.payment_intent_id, one.repairable) for one in discrepancies] == [
        ("pi_2", False),
        ("pi_1", True),
    ]


def test_the_sides_name_every_transaction_and_every_entry_once() -> None:
    movements = [PAID, moved("payment", 100, "ch_2")]
    entries = [entry("payment", 2500, id=7), entry("payment", 1, "cs_1", id=8)]
    (one,) = found(movements, entries)
    assert one.stripe is not None
    assert one.ledger is not None
    assert one.stripe.names == ("ch_1", "pi_1", "txn_payment_ch_1", "ch_2", "txn_payment_ch_2")
    assert one.ledger.names == ("entry 7", "pi_1", "entry 8", "cs_1")
    assert (one.stripe.amount, one.ledger.amount) == (2600, 2501)
    assert (one.donation, one.renewal) == ("don_1", False)


def test_the_latest_charge_and_the_latest_entry_say_the_currency_and_the_day() -> None:
    euros = moved("payment", 2500, "ch_2", currency="eur", created=AT)
    back = moved("payment_reversed", 2500, "re_0")
    assert found([euros, back, PAID], [BOOKED]) == []
    (one,) = found([PAID, back, euros], [BOOKED])
    assert one.stripe is not None
    assert (one.stripe.amount, one.stripe.currency, one.stripe.at) == (5000, "eur", AT)
    entries = [
        entry("payment", 2400),
        entry("payment", 100, "cs_1", currency="eur", occurred_at=AT),
    ]
    (one,) = found([PAID], entries)
    assert one.ledger is not None
    assert (one.ledger.amount, one.ledger.currency, one.ledger.at) == (2500, "eur", AT)
