"""Which object Stripe is asked for, by what the ledger entry names; unknown ones are an empty answer."""

import pytest

from campaign.models import LedgerKind
from campaign.reconciliation.ask_stripe import fetch_answer
from campaign.reconciliation.discrepancies import Discrepancy, ReportedAmount
from campaign.reconciliation.unconfirmed_entries import StripeAnswer
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.reconciliation import Bank


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def ask(bank: Bank, kind: LedgerKind, *names: str, intent: str | None = None) -> StripeAnswer:
    ledger = ReportedAmount(2500, "usd", ("entry 7", *names))
    return fetch_answer(bank.installation.gateway, Discrepancy("don_1", kind, intent, None, ledger))


def test_each_kind_of_entry_is_looked_up_by_its_own_object(bank: Bank) -> None:
    opened = bank.give()
    bank.stripe.pay(opened)
    refund = bank.stripe.refund(opened, 700)
    dispute = bank.stripe.dispute(opened)
    intent = bank.stripe.objects("payment_intent")[0]["id"]
    charged = bank.stripe.objects("balance_transaction")[-1]["id"]

    for kind in (LedgerKind.payment, LedgerKind.payment_reversed):
        for answer in (ask(bank, kind, intent), ask(bank, kind, "pi_other", intent=intent)):
            assert answer.payment is not None
            assert answer.payment.intent.id == intent
            assert (answer.refunds, answer.dispute, answer.balance_transaction) == ((), None, None)
    for kind in (LedgerKind.refund, LedgerKind.refund_failed):
        answer = ask(bank, kind, refund["id"], intent=intent)
        assert [one.id for one in answer.refunds] == [refund["id"]]
        assert answer.payment is None
    for kind in (LedgerKind.dispute, LedgerKind.dispute_reversed):
        # Later parts of a dispute are booked under its id and what moved before.
        for name in (dispute["id"], f"{dispute['id']}:2500"):
            answer = ask(bank, kind, name, intent=intent)
            assert answer.dispute is not None
            assert answer.dispute.id == dispute["id"]
            assert (answer.payment, answer.refunds) == (None, ())
    answer = ask(bank, LedgerKind.fee, charged, intent=intent)
    assert answer.balance_transaction is not None
    assert answer.balance_transaction.id == charged


def test_the_payment_of_a_renewal_is_found_by_its_invoice(bank: Bank) -> None:
    bank.stripe.pay(bank.give(frequency="monthly"))
    invoice = bank.stripe.objects("invoice")[0]["id"]
    answer = ask(bank, LedgerKind.payment, invoice)
    assert answer.payment is not None
    assert answer.payment.intent.id == bank.stripe.objects("payment_intent")[0]["id"]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (LedgerKind.payment, "pi_unknown"),
        (LedgerKind.payment, "cs_unknown"),
        (LedgerKind.payment, "in_unknown"),
        (LedgerKind.refund, "re_unknown"),
        (LedgerKind.dispute, "du_unknown"),
        (LedgerKind.dispute, "re_unknown"),
        (LedgerKind.fee, "txn_unknown"),
        (LedgerKind.fee, "ch_unknown"),
    ],
)
def test_what_stripe_does_not_know_is_an_empty_answer(
    bank: Bank, kind: LedgerKind, name: str
) -> None:
    assert ask(bank, kind, name) == StripeAnswer()
