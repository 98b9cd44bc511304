"""What did not begin here is taken in once: booked, receipted, counted, with what happened to it since."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import select

from campaign.adoption.flow import Adoption, AdoptionOrder, take_in
from campaign.audit.audit_log import Actor
from campaign.models import (
    AuditEntry,
    Donation,
    Donor,
    InboxEvent,
    InboxState,
    LedgerEntry,
    OutboxMessage,
    Subscription,
)
from campaign.stripe_events.process import replay_event
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.reconciliation import Bank


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def adopt(bank: Bank, stripe_id: str, **order: str) -> Adoption:
    order = {"slug": "nine-days", **order}
    return take_in(bank.installation, stripe_id, AdoptionOrder(**order), Actor.command_line())


def gifts(bank: Bank) -> list[Donation]:
    with bank.installation.sessions() as session:
        return list(session.scalars(select(Donation).order_by(Donation.id)))


def states(bank: Bank) -> list[tuple[int, str, str]]:
    return [(one.amount, one.frequency, one.state) for one in gifts(bank)]


def emails(bank: Bank) -> list[str]:
    with bank.installation.sessions() as session:
        query = select(OutboxMessage.recipient).where(
            OutboxMessage.kind == "receipt", OutboxMessage.state != "dropped"
        )
        return list(session.scalars(query))


def in_order(bank: Bank) -> bool:
    bank.require_order()
    bank.reconcile(apply=True)
    found = bank.reconcile()
    return found.discrepancies == [] and bank.booked() == bank.balance()


def test_a_payment_link_is_booked_receipted_and_counted_once(bank: Bank) -> None:
    session = bank.stripe.pay_link(1500)
    bank.deliver()
    assert gifts(bank) == []
    taken = adopt(bank, session["id"])
    assert [(one.amount, one.state, one.counted) for one in taken.gifts] == [(1500, "paid", True)]
    again = adopt(bank, session["payment_intent"])
    assert (again.known, list(again.gifts)) == (True, [])
    bank.store(*bank.stripe.events())
    bank.deliver()
    assert states(bank) == [(1500, "one_time", "paid")]
    assert emails(bank) == ["lia@example.org"]
    with bank.installation.sessions() as database:
        donor = database.scalars(select(Donor)).one()
        assert (donor.email, donor.name) == ("lia@example.org", "Lia Link")
        entry = database.scalars(
            select(AuditEntry).where(AuditEntry.action == "donation.adopted")
        ).one()
        assert entry.after["stripe_id"] == session["payment_intent"]
    assert in_order(bank)


def test_the_donor_is_found_by_email_and_an_address_can_be_given(bank: Bank) -> None:
    bank.stripe.pay(bank.give(email="lia@example.org"))
    bank.deliver()
    adopt(bank, bank.stripe.pay_link(900)["id"])
    adopt(bank, bank.stripe.pay_link(800)["id"], email="Other@Example.org")
    found = gifts(bank)
    assert found[0].donor_id == found[1].donor_id != found[2].donor_id
    assert found[2].email == "Other@example.org"


def test_a_charge_stands_for_its_payment(bank: Bank) -> None:
    intent = bank.stripe.charge_customer(3300)
    adopt(bank, intent["latest_charge"])
    assert adopt(bank, intent["id"]).known
    assert states(bank) == [(3300, "one_time", "paid")]


def test_a_refund_and_a_dispute_are_booked_with_it(bank: Bank) -> None:
    first, second = bank.stripe.charge_customer(3000), bank.stripe.charge_customer(2000)
    bank.stripe.refund(first["id"], 1000)
    bank.stripe.dispute(second["id"])
    third = bank.stripe.charge_customer(500)
    bank.stripe.refund(third["id"])
    for one in (first, second, third):
        adopt(bank, one["id"])
    assert [state for _, _, state in states(bank)] == [
        "partially_refunded",
        "disputed",
        "refunded",
    ]
    # Nobody is sent a void receipt for one that was never sent.
    assert len(emails(bank)) == 2
    bank.deliver()
    assert in_order(bank)


@pytest.mark.parametrize("first", ["events", "adoption"])
def test_events_before_and_after_lead_to_the_same_books(bank: Bank, first: str) -> None:
    intent = bank.stripe.charge_customer(4000)
    bank.stripe.refund(intent["id"], 700)
    dispute = bank.stripe.dispute(intent["id"])
    if first == "events":
        bank.deliver()
    adopt(bank, intent["id"])
    bank.deliver()
    bank.stripe.close_dispute(dispute["id"], won=True)
    bank.deliver()
    assert states(bank) == [(4000, "one_time", "partially_refunded")]
    with bank.installation.sessions() as session:
        moved = [
            (one.kind, one.amount)
            for one in session.scalars(select(LedgerEntry))
            if one.kind != "fee"
        ]
    assert ("payment", 4000) in moved
    assert ("refund", -700) in moved
    assert in_order(bank)


def test_a_subscription_of_the_dashboard_goes_on_by_itself(bank: Bank) -> None:
    made = bank.stripe.subscribe(5000)
    bank.deliver()
    bank.stripe.advance(days=32)
    bank.deliver()
    taken = adopt(bank, made["id"])
    assert [one.amount for one in taken.gifts] == [5000, 5000]
    assert taken.monthly == made["id"]
    assert len(emails(bank)) == 1
    bank.stripe.advance(days=31)
    bank.deliver()
    bank.store(*bank.stripe.events())
    bank.deliver()
    assert states(bank) == [(5000, "monthly", "paid")] * 3
    assert adopt(bank, made["id"]).gifts == []
    with bank.installation.sessions() as session:
        found = session.scalars(select(Subscription)).one()
        assert (found.amount, found.state, found.stripe_id) == (5000, "active", made["id"])
    assert in_order(bank)


@pytest.mark.parametrize("way", ["invoice", "payment"])
def test_a_payment_of_a_subscription_stands_for_it(bank: Bank, way: str) -> None:
    made = bank.stripe.subscribe(1200, interval="year")
    name = bank.stripe.objects({"invoice": "invoice", "payment": "payment_intent"}[way])[0]["id"]
    assert adopt(bank, name).monthly == made["id"]
    assert states(bank) == [(1200, "yearly", "paid")]


def test_a_subscription_with_foreign_metadata_goes_on_by_itself(bank: Bank) -> None:
    made = bank.stripe.subscribe(1000, metadata={"donation_id": "17", "gift": "yes"})
    adopt(bank, made["id"])
    bank.stripe.advance(days=32)
    bank.deliver()
    bank.stripe.cancel_subscription(made["id"])
    bank.deliver()
    assert states(bank) == [(1000, "monthly", "paid")] * 2
    with bank.installation.sessions() as session:
        assert session.scalars(select(Subscription.state)).one() == "ended"


def test_a_renewal_missed_since_is_booked_when_it_is_asked_for_again(bank: Bank) -> None:
    made = bank.stripe.subscribe(1000)
    adopt(bank, made["id"])
    bank.stripe.advance(days=32)
    bank.deliver(lose="*")
    assert [one.amount for one in adopt(bank, made["id"]).gifts] == [1000]


def test_an_invoice_paid_in_parts_is_one_gift(bank: Bank) -> None:
    invoice = bank.stripe.bill(2000)
    bank.stripe.pay_part(invoice["id"], 1200)
    second = bank.stripe.pay_part(invoice["id"], 800)
    bank.stripe.refund(second["id"], 300)
    adopt(bank, second["id"])
    bank.stripe.refund(second["id"], 100)
    bank.deliver()
    assert states(bank) == [(2000, "one_time", "partially_refunded")]
    assert in_order(bank)


def test_an_invoice_paid_outside_is_offline_money(bank: Bank) -> None:
    invoice = bank.stripe.bill(2000)
    bank.stripe.pay_outside(invoice["id"])
    adopt(bank, invoice["id"])
    bank.deliver()
    assert adopt(bank, invoice["id"]).known
    assert states(bank) == [(2000, "one_time", "paid")]
    assert bank.reconcile().discrepancies == []
    bank.require_order()


def test_a_second_payment_with_a_gifts_metadata_may_be_taken_in_as_another_gift(bank: Bank) -> None:
    bank.stripe.pay(bank.give("26"))
    bank.deliver()
    ours = gifts(bank)[0]
    metadata = {"donation_id": ours.public_id, "campaign": "nine-days"}
    second = bank.stripe.charge_customer(2600, metadata=metadata)
    bank.deliver()
    with bank.installation.sessions() as session:
        failed = session.scalars(
            select(InboxEvent).where(InboxEvent.state == InboxState.failed.value)
        ).one()
        assert "was paid twice" in (failed.last_error or "")
    adopt(bank, second["id"])
    replay_event(bank.installation, failed.id)
    assert [(one.amount, one.state) for one in gifts(bank)] == [(2600, "paid")] * 2
    assert in_order(bank)


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    amount=some.integers(50, 5_000_000),
    back=some.integers(0, 100),
    early=some.booleans(),
    lost=some.sampled_from(["", "refund.*", "charge.*", "*"]),
)
def test_whatever_the_amount_and_the_order(
    bank: Bank, amount: int, back: int, early: bool, lost: str
) -> None:
    intent = bank.stripe.charge_customer(amount)
    returned = amount * back // 100
    if returned:
        bank.stripe.refund(intent["id"], returned)
    if early:
        bank.deliver(lose=lost)
    adopt(bank, intent["id"])
    bank.deliver()
    adopt(bank, intent["id"])
    found = gifts(bank)[-1]
    assert (found.payment_intent_id, found.amount) == (intent["id"], amount)
    expected = "refunded" if returned == amount else "partially_refunded" if returned else "paid"
    assert found.state == expected
    assert in_order(bank)
