"""Find a payment's donation by the payment, a known charge, or our session's metadata; never by copied metadata."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from campaign.donations.donation_lookup import (
    find_donation_for_payment,
    lock_invoice_payments,
    lock_payment,
)
from campaign.models import Campaign, Charge, Donation, InvoicePayment
from campaign.runtime.context import Installation
from tests.support.campaigns import add_booked_gift


@pytest.fixture
def gifts(installation: Installation, campaign: Campaign) -> dict[str, str]:
    """The public ids of a gift paid by pi_paid, and of one without a known payment."""
    with installation.sessions.begin() as session:
        paid = add_booked_gift(session, campaign, payment_intent_id="pi_paid")
        begun = add_booked_gift(session, campaign)
        session.add(Charge(stripe_id="ch_begun", donation_id=begun.id, amount=1, currency="usd"))
        session.add(Charge(stripe_id="ch_paid", donation_id=paid.id, amount=1, currency="usd"))
        session.add(Charge(stripe_id="ch_nobodys", amount=1, currency="usd"))
        return {"paid": paid.public_id, "begun": begun.public_id}


def whose(
    installation: Installation, gifts: dict[str, str], payment: str | None, **known: Any
) -> str | None:
    """The key in `gifts` of the donation that is found."""
    known["public_id"] = gifts.get(known.get("public_id", ""), known.get("public_id"))
    with installation.sessions.begin() as session:
        found = find_donation_for_payment(session, payment, **known)
        names = {public_id: name for name, public_id in gifts.items()}
        return names[found.public_id] if found else None


def payments(installation: Installation) -> list[str | None]:
    with installation.sessions() as session:
        query = session.query(Donation.payment_intent_id).order_by(Donation.id)
        return [row[0] for row in query]


@pytest.mark.parametrize(
    ("payment", "known", "found"),
    [
        ("pi_paid", {}, "paid"),
        ("pi_paid", {"public_id": "begun"}, "paid"),
        ("pi_paid", {"charge_id": "ch_begun"}, "paid"),
        (None, {"charge_id": "ch_paid"}, "paid"),
        (None, {"public_id": "paid"}, "paid"),
        (None, {}, None),
        ("pi_new", {}, None),
        ("pi_new", {"charge_id": "ch_nobodys"}, None),
        ("pi_new", {"public_id": "don_of_nobody"}, None),
        # Metadata that were copied to another payment, and a charge that belongs to one.
        ("pi_new", {"public_id": "paid"}, None),
        ("pi_new", {"charge_id": "ch_paid"}, None),
    ],
)
def test_a_known_payment_finds_its_donation(
    installation: Installation,
    gifts: dict[str, str],
    payment: str | None,
    known: dict[str, str],
    found: str | None,
) -> None:
    assert whose(installation, gifts, payment, **known) == found
    assert payments(installation) == ["pi_paid", None]


@pytest.mark.parametrize("known", [{"public_id": "begun"}, {"charge_id": "ch_begun"}])
def test_a_payment_once_linked_keeps_its_donation(
    installation: Installation, gifts: dict[str, str], known: dict[str, str]
) -> None:
    assert whose(installation, gifts, "pi_new", **known) == "begun"
    assert payments(installation) == ["pi_paid", "pi_new"]
    assert whose(installation, gifts, "pi_new") == "begun"
    assert whose(installation, gifts, "pi_other", **known) is None


def test_work_on_one_payment_is_serialized_and_others_do_not_wait(
    installation: Installation,
) -> None:
    with installation.sessions.begin() as session:
        session.add(InvoicePayment(invoice_id="in_1", payment_id="pi_1"))
    with installation.sessions() as holder, installation.sessions() as other:
        assert lock_invoice_payments(holder, "in_1").of(None) == "pi_1"
        other.execute(text("SET lock_timeout = '10ms'"))
        other.commit()
        lock_payment(other, None)
        lock_payment(other, "pi_2")
        assert lock_invoice_payments(other, "in_2").of(None) is None
        for held in ("in_1", "pi_1"):
            with pytest.raises(OperationalError, match="lock timeout"):
                lock_payment(other, held)
            other.rollback()
        holder.rollback()
        lock_payment(other, "pi_1")
