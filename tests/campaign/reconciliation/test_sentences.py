"""The sentence of a discrepancy: both sides, their ids, the local day, and what is known besides."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from campaign.models import LedgerKind
from campaign.reconciliation.discrepancies import Discrepancy, ReportedAmount

HERE = ZoneInfo("America/Los_Angeles")
AT = datetime(2027, 1, 1, 7, 59, tzinfo=UTC)  # New Year's Eve there
STRIPE = ReportedAmount(2550, "usd", ("ch_1", "pi_1"), AT)
LEDGER = ReportedAmount(2500, "usd", ("entry 7", "pi_1"), datetime(2027, 1, 1, 8, tzinfo=UTC))


def sentence(kind: LedgerKind, stripe: ReportedAmount | None, ledger: ReportedAmount | None) -> str:
    return Discrepancy("don_1", kind, "pi_1", stripe, ledger).sentence(HERE)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (LedgerKind.payment, "Stripe charged 25.50 USD"),
        (LedgerKind.payment_reversed, "the bank reversed 25.50 USD"),
        (LedgerKind.refund, "Stripe refunded 25.50 USD"),
        (LedgerKind.refund_failed, "a refund of 25.50 USD failed"),
        (LedgerKind.dispute, "a dispute withdrew 25.50 USD"),
        (LedgerKind.dispute_reversed, "a dispute reinstated 25.50 USD"),
        (LedgerKind.fee, "Stripe charged a fee of 25.50 USD"),
    ],
)
def test_what_the_ledger_lacks_is_dated_by_stripe(kind: LedgerKind, said: str) -> None:
    assert sentence(kind, STRIPE, None) == (
        f"donation don_1: {said} (ch_1, pi_1) on 2026-12-31, the ledger has no entry"
    )


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (LedgerKind.payment, "payment"),
        (LedgerKind.payment_reversed, "reversal"),
        (LedgerKind.refund, "refund"),
        (LedgerKind.refund_failed, "failed refund"),
        (LedgerKind.dispute, "dispute"),
        (LedgerKind.dispute_reversed, "reinstatement"),
        (LedgerKind.fee, "fee"),
    ],
)
def test_what_stripe_lacks_is_dated_by_the_ledger(kind: LedgerKind, said: str) -> None:
    assert sentence(kind, None, LEDGER) == (
        f"donation don_1: Stripe has no such {said}, the ledger has 25.00 USD (entry 7, pi_1) on"
        " 2027-01-01"
    )


def test_with_both_sides_stripes_day_is_named_once_and_the_rest_follows() -> None:
    both = Discrepancy("don_1", LedgerKind.payment, "pi_1", STRIPE, LEDGER)
    said = (
        "donation don_1: Stripe charged 25.50 USD (ch_1, pi_1) on 2026-12-31, the ledger has 25.00"
        " USD (entry 7, pi_1)"
    )
    assert both.sentence(HERE) == said
    more = replace(both, renewal=True, note="a second payment", pending_event="evt_1")
    assert more.sentence(HERE) == (
        f"a renewal of {said}; a second payment; event evt_1 is not applied yet"
    )
    undated = replace(both, stripe=replace(STRIPE, at=None))
    assert " on " not in undated.sentence(HERE)


def test_money_moved_when_stripe_says_else_when_the_ledger_does() -> None:
    both = Discrepancy("don_1", LedgerKind.payment, "pi_1", STRIPE, LEDGER)
    assert both.at == AT
    assert replace(both, stripe=None).at == LEDGER.at
    assert replace(both, stripe=replace(STRIPE, at=None)).at == LEDGER.at
    assert replace(both, stripe=None, ledger=None).at is None


def test_an_amount_has_the_decimals_of_its_currency() -> None:
    amounts = [ReportedAmount(2500, one, ()) for one in ("usd", "jpy", "krw", "eur")]
    assert [str(one) for one in amounts] == ["25.00 USD", "2500 JPY", "2500 KRW", "25.00 EUR"]
