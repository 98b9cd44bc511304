"""Refunds and disputes of unknown payments are matched to donations, and invoices to payments."""

import pytest
from sqlalchemy import select

from campaign.core.clock import now
from campaign.core.errors import GatewayUnavailable
from campaign.models import Donation, InboxEvent, PaymentLookup, Refund
from campaign.reconciliation.match_payments import match_evidence
from campaign.reporting.review_queue import Review, read_review
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.reconciliation import Bank


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def states(bank: Bank) -> list[str]:
    with bank.installation.sessions() as session:
        return list(session.scalars(select(Donation.state).order_by(Donation.id)))


def lookups(bank: Bank) -> dict[str, bool]:
    with bank.installation.sessions() as session:
        return {one.payment_intent_id: one.ours for one in session.scalars(select(PaymentLookup))}


def test_a_refund_of_a_payment_whose_every_event_was_lost(bank: Bank) -> None:
    session = bank.give()
    bank.stripe.pay(session)
    bank.deliver(lose="*")
    bank.stripe.refund(session, 1000)
    bank.deliver(lose="charge.*")
    assert states(bank) == ["pending"]
    assert match_evidence(bank.installation) == 1
    assert states(bank) == ["partially_refunded"]
    assert [kind for kind, _, _ in bank.entries()] == ["payment", "refund"]
    assert match_evidence(bank.installation) == 0
    bank.require_order()


def test_a_refund_and_a_dispute_of_renewals_that_were_booked_without_their_payment(
    bank: Bank,
) -> None:
    bank.stripe.pay(bank.give(frequency="monthly"))
    bank.deliver(lose="invoice_payment.paid")
    bank.stripe.advance(days=32)
    bank.deliver(lose="invoice_payment.paid")
    bank.stripe.refund(bank.stripe.objects("invoice")[0]["id"], 700)
    bank.stripe.dispute(bank.stripe.objects("invoice")[1]["id"])
    bank.deliver()
    assert states(bank) == ["paid", "paid"]
    match_evidence(bank.installation)
    assert states(bank) == ["disputed", "partially_refunded"]
    bank.require_order()


def test_a_refund_of_an_unknown_renewal(bank: Bank) -> None:
    bank.stripe.pay(bank.give(frequency="monthly"))
    bank.deliver()
    bank.stripe.advance(days=32)
    bank.deliver(lose="*")
    bank.stripe.refund(bank.stripe.objects("invoice")[0]["id"], 700)
    bank.deliver()
    assert states(bank) == ["paid"]
    match_evidence(bank.installation)
    assert states(bank) == ["paid", "partially_refunded"]
    bank.require_order()


def test_every_invoice_gets_its_payment(bank: Bank) -> None:
    bank.stripe.pay(bank.give(frequency="monthly"))
    bank.deliver(lose="invoice_payment.paid")
    assert bank.donation().payment_intent_id is None
    assert match_evidence(bank.installation) == 1
    assert bank.donation().payment_intent_id == bank.stripe.objects("payment_intent")[0]["id"]
    assert match_evidence(bank.installation) == 0


def test_somebody_elses_refund_is_looked_up_once(bank: Bank) -> None:
    sold = bank.shop()
    bank.stripe.refund(sold["id"], 1200)
    bank.deliver()
    assert match_evidence(bank.installation) == 1
    assert lookups(bank) == {sold["payment_intent"]: False}
    assert match_evidence(bank.installation) == 0
    with bank.installation.sessions() as session:
        assert session.scalars(select(Refund.donation_id)).one() is None


def test_a_payment_unknown_to_stripe_is_not_ours(bank: Bank) -> None:
    with bank.installation.sessions.begin() as session:
        session.add(
            Refund(
                stripe_id="re_odd",
                payment_intent_id="pi_gone",
                amount=100,
                currency="usd",
                state="succeeded",
                created_at=now(),
            )
        )
    assert match_evidence(bank.installation) == 1
    assert lookups(bank) == {"pi_gone": False}


def test_a_mismatched_payment_does_not_stop_others(bank: Bank) -> None:
    for amount in ("25", "30"):
        session = bank.give(amount)
        bank.stripe.pay(session)
        bank.deliver(lose="*")
        bank.stripe.refund(session, 1000)
        bank.deliver()
    account = bank.stripe.account
    with account.transaction():
        account.change(account.every("payment_intent")[0], amount_received=1)
    match_evidence(bank.installation)
    assert states(bank) == ["partially_refunded", "pending"]
    # It is looked up again, but not every minute.
    assert match_evidence(bank.installation) == 0


@pytest.mark.parametrize(("paid_otherwise", "state"), [(False, "failed"), (True, "paid")])
def test_a_reversed_monthly_debit_is_final_unless_paid_another_way(
    bank: Bank, paid_otherwise: bool, state: str
) -> None:
    session = bank.give(frequency="monthly")
    bank.stripe.pay(session, bank="succeeds")
    bank.stripe.settle(session)
    bank.deliver()
    bank.stripe.take_back(session)
    if paid_otherwise:
        account = bank.stripe.account
        with account.transaction():
            account.change(account.every("payment_intent")[0], status="succeeded")
    bank.deliver()
    assert states(bank) == ["paid"]
    match_evidence(bank.installation)
    assert states(bank) == [state]
    bank.require_order()


def test_an_unavailable_stripe_fails_the_run(bank: Bank, stripe: StripeSandbox) -> None:
    session = bank.give()
    bank.stripe.pay(session)
    bank.deliver(lose="*")
    bank.stripe.refund(session, 1000)
    bank.deliver()
    stripe.stop()
    with pytest.raises(GatewayUnavailable):
        match_evidence(bank.installation)
    with bank.installation.sessions() as found:
        assert found.scalars(select(InboxEvent.state)).all()
    assert lookups(bank) == {}


def review_of(bank: Bank) -> Review:
    with bank.installation.sessions() as session:
        return read_review(session, now())


@pytest.mark.parametrize("amount", [None, 1, 4199])
@pytest.mark.parametrize("named", ["payment", "charge"])
def test_a_dispute_of_a_shop_on_the_account_leaves_the_review_queue(
    bank: Bank, amount: int | None, named: str
) -> None:
    sold = bank.shop()
    if named == "charge":
        account = bank.stripe.account
        with account.transaction():
            account.change(account.get("charge", sold["id"]), payment_intent=None)
    bank.stripe.dispute(sold["id"], **({"amount": amount} if amount else {}))
    bank.stripe.refund(bank.shop()["id"], 700)
    bank.deliver()
    before = review_of(bank)
    assert (len(before.disputes), len(before.unmatched)) == (1, 3)
    match_evidence(bank.installation)
    assert review_of(bank).disputes == []
    assert review_of(bank).unmatched == []
    assert bank.reconcile().discrepancies == []
    assert match_evidence(bank.installation) == 0


def test_a_dispute_about_a_charge_of_ours_that_names_no_payment_is_matched(bank: Bank) -> None:
    session = bank.give()
    bank.stripe.pay(session)
    bank.deliver()
    bank.stripe.dispute(session)
    event = next(
        one for one in bank.stripe.events() if one["type"] == "charge.dispute.funds_withdrawn"
    )
    event["data"]["object"]["payment_intent"] = None
    bank.store(event)
    bank.deliver(lose="charge.dispute.*")
    assert states(bank) == ["paid"]
    # The first answer names the payment, the second its donation.
    match_evidence(bank.installation)
    match_evidence(bank.installation)
    assert states(bank) == ["disputed"]
    assert review_of(bank).unmatched == []
    bank.require_order()


def test_a_payment_that_only_its_session_names_is_ours(bank: Bank) -> None:
    session = bank.give()
    bank.stripe.pay(session)
    bank.deliver(lose="*")
    account = bank.stripe.account
    with account.transaction():
        for kind in ("payment_intent", "charge"):
            account.change(account.every(kind)[0], metadata={})
    bank.stripe.refund(session, 700)
    bank.deliver()
    match_evidence(bank.installation)
    assert states(bank) == ["partially_refunded"]
    bank.require_order()
