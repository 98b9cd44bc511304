"""A renewal that staff mark as paid outside Stripe is an offline gift, once; Stripe's balance owes nothing for it."""

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import select

from campaign.audit.audit_log import Actor
from campaign.core.clock import now
from campaign.models import Donation, LedgerEntry, OfflineGift, ReversalReason
from campaign.offline.reversals import reverse
from campaign.reconciliation.match_payments import match_evidence
from campaign.reporting.journal import read_journal
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.offline_gifts import HERE
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


def offline_gifts(bank: Bank) -> list[OfflineGift]:
    with bank.installation.sessions() as session:
        return list(session.scalars(select(OfflineGift)))


def sources(bank: Bank) -> list[str]:
    with bank.installation.sessions() as session:
        return list(session.scalars(select(LedgerEntry.source).order_by(LedgerEntry.id)))


def test_a_renewal_paid_outside_is_a_check_in_hand(bank: Bank) -> None:
    invoice = unpaid_renewal(bank)
    bank.stripe.pay_outside(invoice)
    bank.deliver()
    bank.deliver()
    (gift,) = offline_gifts(bank)
    assert (gift.reference, gift.kind, gift.entered_by) == (invoice, "cheque", "Stripe")
    assert [entry for entry in bank.entries() if entry[0] == "payment"] == [
        ("payment", 2500, 0)
    ] * 2
    assert sources(bank)[-1] in (invoice, f"offline:{invoice}")
    assert bank.reconcile().discrepancies == []
    bank.require_order()


@pytest.mark.parametrize("lost", ["invoice_payment.paid", "invoice.paid"])
def test_the_other_event_may_come_late_or_be_asked_for(bank: Bank, lost: str) -> None:
    invoice = unpaid_renewal(bank)
    bank.stripe.pay_outside(invoice)
    bank.deliver(lose=lost)
    if lost == "invoice_payment.paid":
        assert sources(bank)[-1] == invoice
        assert match_evidence(bank.installation) > 0
        assert match_evidence(bank.installation) == 0
    else:
        assert offline_gifts(bank) == []
        bank.store(*[one for one in bank.stripe.events() if one["type"] == lost])
        bank.deliver()
        bank.store(*bank.stripe.events())
        bank.deliver()
    assert [gift.reference for gift in offline_gifts(bank)] == [invoice]
    assert bank.reconcile().discrepancies == []
    bank.require_order()


def test_the_journal_has_it_as_money_in_hand(bank: Bank) -> None:
    bank.stripe.pay_outside(unpaid_renewal(bank))
    bank.deliver()
    (gift,) = offline_gifts(bank)
    with bank.installation.sessions() as session:
        journal = read_journal(session, gift.received_on.replace(day=1), HERE)
    in_hand = [one.debit for one in journal.lines if one.account == "Checks and cash in hand"]
    assert in_hand == [2500]


def test_it_can_bounce_like_any_check(bank: Bank) -> None:
    invoice = unpaid_renewal(bank)
    bank.stripe.pay_outside(invoice)
    bank.deliver(lose="invoice_payment.paid")
    match_evidence(bank.installation)
    with bank.installation.sessions.begin() as session:
        donation = session.scalars(select(Donation).where(Donation.invoice_id == invoice)).one()
        day: date = offline_gifts(bank)[0].received_on
        reverse(
            session,
            donation.public_id,
            ReversalReason.bounced,
            day,
            Actor.command_line(),
            bank.installation.books,
            max(now(), donation.charged_at),
        )
    assert bank.entries()[-1][:2] == ("payment_reversed", -2500)
    bank.require_order()


def test_a_part_outside_leaves_the_rest_to_stripe(bank: Bank) -> None:
    invoice = unpaid_renewal(bank)
    bank.stripe.pay_outside(invoice, 800)
    bank.stripe.pay_part(invoice, 1700)
    bank.deliver()
    assert offline_gifts(bank) == []
    assert bank.reconcile().discrepancies == []
    bank.require_order()


@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(amount=some.integers(100, 50_000), part=some.integers(1, 99))
def test_whatever_the_amount(bank: Bank, amount: int, part: int) -> None:
    before = len(offline_gifts(bank))
    invoice = unpaid_renewal(bank, f"{amount // 100}.{amount % 100:02}")
    first = max(1, amount * part // 100)
    bank.stripe.pay_outside(invoice, first)
    if first < amount:
        bank.stripe.pay_outside(invoice)
    bank.deliver()
    assert len(offline_gifts(bank)) == before + 1
    assert bank.reconcile().discrepancies == []
    bank.require_order()
