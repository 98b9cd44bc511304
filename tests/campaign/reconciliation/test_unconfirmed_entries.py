"""What the ledger has and the walk has not: Stripe's answer explains it, or both sides are told."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from campaign.gateway import (
    BalanceTransaction,
    PaymentFact,
    PaymentIntent,
    StripeCharge,
    StripeDispute,
    StripeRefund,
)
from campaign.models import LedgerKind
from campaign.reconciliation.discrepancies import Discrepancy, ReportedAmount
from campaign.reconciliation.unconfirmed_entries import StripeAnswer, confirm_entry

AT = datetime(2026, 12, 10, tzinfo=UTC)


def doubt(kind: str, amount: int = 2500, currency: str = "usd", name: str = "re_1") -> Discrepancy:
    ledger = ReportedAmount(amount, currency, ("entry 7", name), AT)
    return Discrepancy("don_1", LedgerKind(kind), "pi_1", None, ledger, unconfirmed=True)


def payment(status: str = "succeeded", *, returned: bool = False, **changes: Any) -> StripeAnswer:
    received = 2500 if status == "succeeded" else 0
    intent = PaymentIntent("pi_1", AT, status, received, "usd", "don_1", None)
    charge = StripeCharge(
        "ch_1",
        AT,
        "failed" if returned else "succeeded",
        2500,
        0,
        "usd",
        "pi_1",
        None,
        returned,
        (),
    )
    return StripeAnswer(payment=PaymentFact(replace(intent, **changes), charge, None))


def refund(
    amount: int, status: str = "succeeded", name: str = "re_1", currency: str = "usd"
) -> StripeRefund:
    return StripeRefund(name, AT, status, amount, currency, "pi_1", "ch_1", None, None, None)


def dispute(status: str, *moved: int, currency: str = "usd", balance: str = "usd") -> StripeAnswer:
    balance_transactions = tuple(
        BalanceTransaction(f"txn_{n}", AT, "adjustment", one, 0, balance, "du_1", None)
        for n, one in enumerate(moved)
    )
    found = StripeDispute(
        "du_1", AT, status, 2500, currency, "general", "pi_1", "ch_1", None, balance_transactions
    )
    return StripeAnswer(dispute=found)


AGREE: dict[str, tuple[Discrepancy, StripeAnswer]] = {
    "a payment": (doubt("payment"), payment()),
    "a payment whose debit came back": (doubt("payment"), payment("canceled", returned=True)),
    "a debit taken back": (doubt("payment_reversed"), payment("canceled", returned=True)),
    "a refund": (doubt("refund", 700), StripeAnswer(refunds=(refund(700),))),
    "two refunds": (doubt("refund", 700), StripeAnswer(refunds=(refund(300), refund(400)))),
    "more than the ledger has": (doubt("refund", 700), StripeAnswer(refunds=(refund(900),))),
    "a refund that came back": (
        doubt("refund_failed", 700),
        StripeAnswer(refunds=(refund(700, "failed"), refund(1, "failed", "re_2"))),
    ),
    "one that was canceled": (
        doubt("refund_failed", 700),
        StripeAnswer(refunds=(refund(700, "canceled"),)),
    ),
    "a dispute": (doubt("dispute"), dispute("needs_response", -2500)),
    "one without a list": (doubt("dispute"), dispute("under_review")),
    "one that was won": (doubt("dispute_reversed"), dispute("won", -2500, 2500)),
    "one that was won, without a list": (doubt("dispute_reversed"), dispute("won")),
    "yen that were won on a dollar balance": (
        doubt("dispute_reversed", currency="jpy"),
        dispute("won", -1678, 1678, currency="jpy"),
    ),
}


@pytest.mark.parametrize("name", AGREE)
def test_an_answer_that_agrees_is_no_difference(name: str) -> None:
    asked, answer = AGREE[name]
    assert confirm_entry(asked, answer) is None


DIFFER: dict[str, tuple[Discrepancy, StripeAnswer, int | None]] = {
    "an unknown payment": (doubt("payment"), StripeAnswer(), None),
    "a payment that never came": (doubt("payment"), payment("requires_payment_method"), 0),
    "a cent less": (doubt("payment"), payment(amount_received=2499), 2499),
    "another currency": (doubt("payment"), payment(currency="jpy"), 2500),
    "a debit that stands": (doubt("payment_reversed"), payment(), 0),
    "an unknown refund": (doubt("refund", 700), StripeAnswer(), None),
    "a smaller refund": (doubt("refund", 700), StripeAnswer(refunds=(refund(699),)), 699),
    "a refund that did not come back": (
        doubt("refund_failed", 700),
        StripeAnswer(refunds=(refund(700),)),
        None,
    ),
    "another refund that came back": (
        doubt("refund_failed", 700),
        StripeAnswer(refunds=(refund(700, "failed", "re_2"),)),
        None,
    ),
    "an inquiry": (doubt("dispute"), dispute("warning_needs_response"), 0),
    "a part of it": (doubt("dispute"), dispute("needs_response", -2499), 2499),
    "a dispute that was lost": (doubt("dispute_reversed"), dispute("lost", -2500), 0),
    "lost, without a list": (doubt("dispute_reversed"), dispute("lost"), 0),
    "an unknown dispute": (doubt("dispute"), StripeAnswer(), None),
    "an unknown fee": (doubt("fee", 103), StripeAnswer(), None),
}


@pytest.mark.parametrize("name", DIFFER)
def test_an_answer_that_does_not_is_told_with_both_sides_and_doubted_no_more(name: str) -> None:
    asked, answer, amount = DIFFER[name]
    found = confirm_entry(asked, answer)
    assert found is not None
    assert (found.unconfirmed, found.ledger) == (False, asked.ledger)
    assert (found.stripe.amount if found.stripe else None) == amount


@pytest.mark.parametrize(
    ("fee", "currency", "agrees"), [(103, "usd", True), (104, "usd", False), (103, "eur", False)]
)
def test_a_fee_is_its_movements_own(fee: int, currency: str, agrees: bool) -> None:
    balance_transaction = BalanceTransaction(
        "txn_1", AT, "charge", 2500, fee, currency, "ch_1", None
    )
    assert (
        confirm_entry(doubt("fee", 103), StripeAnswer(balance_transaction=balance_transaction))
        is None
    ) is agrees


def test_what_the_ledger_does_not_have_stays_as_it_is() -> None:
    unbooked = Discrepancy(
        "don_1", LedgerKind.payment, "pi_1", ReportedAmount(1, "usd", ("ch_1",)), None
    )
    assert confirm_entry(unbooked, payment()) is unbooked
