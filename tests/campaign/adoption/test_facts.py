"""What an id stands for, and what is refused with a sentence before anything is booked."""

import pytest
from sqlalchemy import select

from campaign.adoption.facts import AdoptionRefused, fetch_facts
from campaign.adoption.flow import Adoption, AdoptionOrder, take_in
from campaign.audit.audit_log import Actor
from campaign.models import AuditEntry, Donation, Donor, Receipt
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


def refused(bank: Bank, stripe_id: str, **order: str) -> str:
    with pytest.raises(AdoptionRefused) as caught:
        adopt(bank, stripe_id, **order)
    assert "\n" not in str(caught.value)
    with bank.installation.sessions() as session:
        assert session.scalars(select(Receipt)).all() == []
        assert session.scalars(select(Donor)).all() == []
        assert session.scalars(select(AuditEntry)).all() == []
    return str(caught.value)


def test_what_cannot_be_taken_in_is_refused_with_a_sentence(bank: Bank) -> None:
    assert "begin with pi_" in refused(bank, "plink_1")
    assert "no payment or subscription" in refused(bank, "")
    assert "Stripe has no pi_nowhere" in refused(bank, "pi_nowhere")
    assert "live mode" in refused(bank, "in_live_1")
    euros = bank.stripe.charge_customer(1000, "eur")
    assert "is in EUR, but nine-days is in USD" in refused(bank, euros["id"])
    nameless = bank.stripe.charge_customer(1000, email=None, name=None)
    assert "--email" in refused(bank, nameless["id"])
    paid = bank.stripe.charge_customer(1000)
    assert "is not an email address" in refused(bank, paid["id"], email="no address")
    assert "is not paid: its status is open" in refused(bank, bank.stripe.bill(500)["id"])
    open_page = bank.give()
    assert "nobody has tried to pay" in refused_any(bank, open_page)


def refused_any(bank: Bank, stripe_id: str) -> str:
    with pytest.raises(AdoptionRefused) as caught:
        adopt(bank, stripe_id)
    return str(caught.value)


def test_a_debit_under_way_is_refused_until_it_arrives(bank: Bank) -> None:
    page = bank.give()
    bank.stripe.pay(page, bank="succeeds")
    assert "belongs to donation" in refused_any(bank, page)
    bank.deliver()
    assert "belongs to donation" in refused_any(bank, page)
    bank.stripe.settle(page)
    bank.deliver()
    assert adopt(bank, page).known


def test_what_began_here_is_left_to_its_events(bank: Bank) -> None:
    page = bank.give(frequency="monthly")
    bank.stripe.pay(page)
    assert "which began here" in refused_any(bank, page)
    bank.deliver()
    taken = adopt(bank, page)
    assert (taken.known, list(taken.gifts)) == (True, [])
    assert len(gifts(bank)) == 1


def test_every_payment_of_a_subscription_stands_for_it(bank: Bank) -> None:
    made = bank.stripe.subscribe(700)
    gateway = bank.installation.gateway
    invoice = bank.stripe.objects("invoice")[0]["id"]
    charge = bank.stripe.objects("charge")[0]["id"]
    for name in (made["id"], invoice, charge, bank.stripe.objects("payment_intent")[0]["id"]):
        found = fetch_facts(gateway, name)
        assert (found.stripe_id, found.payer.email) == (made["id"], "mona@example.org")
        assert [one.intent.amount_received for one in found.payments] == [700]


def test_a_subscription_of_another_interval_is_taken_in_payment_by_payment(bank: Bank) -> None:
    made = bank.stripe.subscribe(700, interval="week")
    assert "neither each month nor each year" in refused(bank, made["id"])
    taken = adopt(bank, bank.stripe.objects("invoice")[0]["id"])
    assert (taken.monthly, [one.amount for one in taken.gifts]) == (None, [700])
