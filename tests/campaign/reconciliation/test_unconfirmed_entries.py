"""Entries without a fetched transaction: Stripe's answer confirms them, or both sides are reported."""

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


def unconfirmed(
    kind: str, amount: int = 2500, currency: str = "usd", name: str = "re_1"
) -> Discrepancy:
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
    "a payment": (unconfirmed("payment"), payment()),
    "a payment with a reversed debit": (unconfirmed("payment"), payment("canceled", returned=True)),
    "a reversed debit": (unconfirmed("payment_reversed"), payment("canceled", returned=True)),
    "a refund": (unconfirmed("refund", 700), StripeAnswer(refunds=(refund(700),))),
    "two refunds": (unconfirmed("refund", 700), StripeAnswer(refunds=(refund(300), refund(400)))),
    "more than the ledger has": (unconfirmed("refund", 700), StripeAnswer(refunds=(refund(900),))),
    "a failed refund": (
        unconfirmed("refund_failed", 700),
        StripeAnswer(refunds=(refund(700, "failed"), refund(1, "failed", "re_2"))),
    ),
    "a canceled refund": (
        unconfirmed("refund_failed", 700),
        StripeAnswer(refunds=(refund(700, "canceled"),)),
    ),
    "a dispute": (unconfirmed("dispute"), dispute("needs_response", -2500)),
    "a dispute without a list": (unconfirmed("dispute"), dispute("under_review")),
    "a won dispute": (unconfirmed("dispute_reversed"), dispute("won", -2500, 2500)),
    "a won dispute without a list": (unconfirmed("dispute_reversed"), dispute("won")),
    "a won dispute in yen on a dollar balance": (
        unconfirmed("dispute_reversed", currency="jpy"),
        dispute("won", -1678, 1678, currency="jpy"),
    ),
}


@pytest.mark.parametrize("name", AGREE)
def test_a_confirming_answer_is_no_discrepancy(name: str) -> None:
    asked, answer = AGREE[name]
    assert confirm_entry(asked, answer) is None


DIFFER: dict[str, tuple[Discrepancy, StripeAnswer, int | None]] = {
    "an unknown payment": (unconfirmed("payment"), StripeAnswer(), None),
    "a payment that never arrived": (unconfirmed("payment"), payment("requires_payment_method"), 0),
    "a cent less": (unconfirmed("payment"), payment(amount_received=2499), 2499),
    "another currency": (unconfirmed("payment"), payment(currency="jpy"), 2500),
    "a debit that was not reversed": (unconfirmed("payment_reversed"), payment(), 0),
    "an unknown refund": (unconfirmed("refund", 700), StripeAnswer(), None),
    "a smaller refund": (unconfirmed("refund", 700), StripeAnswer(refunds=(refund(699),)), 699),
    "a refund that did not fail": (
        unconfirmed("refund_failed", 700),
        StripeAnswer(refunds=(refund(700),)),
        None,
    ),
    "another failed refund": (
        unconfirmed("refund_failed", 700),
        StripeAnswer(refunds=(refund(700, "failed", "re_2"),)),
        None,
    ),
    "an inquiry": (unconfirmed("dispute"), dispute("warning_needs_response"), 0),
    "part of a dispute": (unconfirmed("dispute"), dispute("needs_response", -2499), 2499),
    "a lost dispute": (unconfirmed("dispute_reversed"), dispute("lost", -2500), 0),
    "a lost dispute without a list": (unconfirmed("dispute_reversed"), dispute("lost"), 0),
    "an unknown dispute": (unconfirmed("dispute"), StripeAnswer(), None),
    "an unknown fee": (unconfirmed("fee", 103), StripeAnswer(), None),
}


@pytest.mark.parametrize("name", DIFFER)
def test_another_answer_is_reported_with_both_sides(name: str) -> None:
    asked, answer, amount = DIFFER[name]
    found = confirm_entry(asked, answer)
    assert found is not None
    assert (found.unconfirmed, found.ledger) == (False, asked.ledger)
    assert (found.stripe.amount if found.stripe else None) == amount


@pytest.mark.parametrize(
    ("fee", "currency", "agrees"), [(103, "usd", True), (104, "usd", False), (103, "eur", False)]
)
def test_a_fee_is_compared_with_its_transaction(fee: int, currency: str, agrees: bool) -> None:
    balance_transaction = BalanceTransaction(
        "txn_1", AT, "charge", 2500, fee, currency, "ch_1", None
    )
    assert (
        confirm_entry(
            unconfirmed("fee", 103), StripeAnswer(balance_transaction=balance_transaction)
        )
        is None
    ) is agrees


def test_a_discrepancy_without_an_entry_is_unchanged() -> None:
    unbooked = Discrepancy(
        "don_1", LedgerKind.payment, "pi_1", ReportedAmount(1, "usd", ("ch_1",)), None
    )
    assert confirm_entry(unbooked, payment()) is unbooked
