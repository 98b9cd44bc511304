"""One invoice paid by several payments: a refund or dispute of any of them finds the gift, and the books agree."""

from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import select

from campaign.models import Donation, LedgerEntry, Refund
from campaign.reconciliation.match_payments import match_evidence
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.reconciliation import Bank

RENEWALS_FAIL = "4000000000000341"


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def unpaid_renewal(bank: Bank, amount: str = "25") -> str:
    """A monthly gift whose renewal the bank refused; return the open invoice."""
    bank.stripe.pay(bank.give(amount, frequency="monthly"), RENEWALS_FAIL)
    bank.deliver()
    bank.stripe.advance(days=32)
    bank.deliver()
    invoice: str = bank.stripe.objects("invoice")[0]["id"]
    return invoice


def renewal(bank: Bank, invoice: str) -> Donation:
    with bank.installation.sessions() as session:
        return session.scalars(select(Donation).where(Donation.invoice_id == invoice)).one()


def moved(bank: Bank, donation: Donation) -> list[tuple[str, int]]:
    query = select(LedgerEntry.kind, LedgerEntry.amount + LedgerEntry.fee_cover)
    with bank.installation.sessions() as session:
        rows = session.execute(
            query.where(LedgerEntry.donation_id == donation.id, LedgerEntry.kind != "fee")
        )
        return sorted((kind, amount) for kind, amount in rows)


@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    amount=some.integers(300, 90_000),
    share=some.integers(1, 98),
    which=some.sampled_from([0, 1]),
    lost=some.sampled_from(["", "invoice_payment.paid", "invoice.paid"]),
)
def test_a_refund_of_either_part_finds_its_gift(
    bank: Bank, amount: int, share: int, which: int, lost: str
) -> None:
    invoice = unpaid_renewal(bank, f"{amount // 100}.{amount % 100:02}")
    first = max(50, amount * share // 100)
    intents = [bank.stripe.pay_part(invoice, part) for part in (first, amount - first)]
    refunded = intents[which]
    bank.stripe.refund(refunded["id"])
    bank.deliver(lose=lost)
    match_evidence(bank.installation)
    bank.store(*bank.stripe.events())
    bank.deliver()
    found = renewal(bank, invoice)
    assert moved(bank, found) == [("payment", amount), ("refund", -refunded["amount"])]
    assert found.state == "partially_refunded"
    assert bank.reconcile().discrepancies == []
    bank.require_order()


def test_a_dispute_of_the_second_part_finds_its_gift(bank: Bank) -> None:
    invoice = unpaid_renewal(bank)
    bank.stripe.pay_part(invoice, 2000)
    second = bank.stripe.pay_part(invoice, 500)
    bank.stripe.dispute(second["id"])
    bank.deliver()
    assert moved(bank, renewal(bank, invoice)) == [("dispute", -500), ("payment", 2500)]
    assert bank.reconcile().discrepancies == []
    bank.require_order()


def test_the_fee_of_each_part_is_booked(bank: Bank) -> None:
    invoice = unpaid_renewal(bank)
    bank.stripe.pay_part(invoice, 1500)
    bank.stripe.pay_part(invoice, 1000)
    bank.deliver()
    bank.reconcile(apply=True)
    assert bank.reconcile().result.fees == 0
    assert bank.booked() == bank.balance()


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_two_payments_and_the_refund_in_any_order(bank: Bank, order: tuple[int, ...]) -> None:
    invoice = unpaid_renewal(bank)
    bank.stripe.pay_part(invoice, 1700)
    bank.stripe.refund(bank.stripe.pay_part(invoice, 800)["id"], 300)
    kinds = ("invoice_payment.paid", "invoice.paid", "refund.created")
    late = [one for one in reversed(bank.stripe.events()) if one["type"] in kinds]
    for place in order:
        bank.store(*[one for one in late if one["type"] == kinds[place]])
        bank.deliver(lose="*")
    assert moved(bank, renewal(bank, invoice)) == [("payment", 2500), ("refund", -300)]
    with bank.installation.sessions() as session:
        assert [one.donation_id for one in session.scalars(select(Refund))] == [
            renewal(bank, invoice).id
        ]
    bank.require_order()


def test_credit_at_stripe_is_no_new_money(bank: Bank) -> None:
    bank.stripe.pay(bank.give(frequency="monthly"))
    bank.deliver()
    customer = bank.stripe.objects("customer")[0]["id"]
    bank.stripe.give_credit(customer, 3000)
    for _ in range(2):
        bank.stripe.advance(days=31)
        bank.deliver()
    with bank.installation.sessions() as session:
        amounts = list(session.scalars(select(Donation.amount).order_by(Donation.id)))
    assert amounts == [2500, 2000]
    assert bank.reconcile().discrepancies == []
    bank.require_order()
