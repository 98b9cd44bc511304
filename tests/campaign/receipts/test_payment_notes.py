"""Each receipt's number is written to its payment at Stripe: later, until it is there, with nothing personal."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from campaign.core import clock
from campaign.core.clock import now
from campaign.core.errors import GatewayUnavailable
from campaign.models import Receipt, ReceiptNote
from campaign.receipts.numbers import hold_numbers
from campaign.receipts.payment_notes import payment_description, send_notes
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.offline_gifts import Enter
from tests.support.reconciliation import Bank


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def notes(bank: Bank) -> list[ReceiptNote]:
    with bank.installation.sessions() as session:
        return list(session.scalars(select(ReceiptNote).order_by(ReceiptNote.receipt_id)))


def numbers(bank: Bank) -> list[str]:
    with bank.installation.sessions() as session:
        return [one.number for one in session.scalars(select(Receipt).order_by(Receipt.id))]


def metadata(bank: Bank) -> list[dict[str, Any]]:
    """Return the metadata of the payments at Stripe, oldest first."""
    return [one["metadata"] for one in reversed(bank.stripe.objects("payment_intent"))]


def test_a_gift_is_booked_without_asking_stripe_and_its_number_is_written_later(
    bank: Bank,
) -> None:
    bank.stripe.pay(bank.give("25", email="ana.reyes@example.org", cover_fees="y"))
    bank.deliver()
    assert "receipt" not in metadata(bank)[0]
    assert [one.written_at for one in notes(bank)] == [None]
    assert send_notes(bank.installation) == 1
    gift = bank.donation()
    assert metadata(bank) == [
        {
            "donation_id": gift.public_id,
            "campaign": "nine-days",
            "gift": "2500",
            "cover": str(gift.fee_cover),
            "receipt": numbers(bank)[0],
        }
    ]
    assert [one.payment_intent_id for one in notes(bank)] == [gift.payment_intent_id]
    assert send_notes(bank.installation) == 0
    assert "ana" not in str(metadata(bank)).lower()


def test_a_renewals_payment_says_whose_it_is_and_what_it_renews(bank: Bank) -> None:
    bank.stripe.pay(bank.give("20", frequency="monthly"))
    bank.deliver()
    bank.stripe.advance(days=32)
    bank.deliver()
    assert send_notes(bank.installation) == 2
    first, renewal = metadata(bank)
    assert first["donation_id"] == bank.donation().public_id == renewal["renewal_of"]
    assert "renewal_of" not in first
    assert renewal["donation_id"] != first["donation_id"]
    assert [one["frequency"] for one in (first, renewal)] == ["monthly", "monthly"]
    assert [one["receipt"] for one in (first, renewal)] == numbers(bank)
    described = {one["description"] for one in bank.stripe.objects("payment_intent")}
    assert described == {"Donation to The Harbor Ledger: Keep every story free to read"}
    # The notes change nothing about who a payment belongs to.
    assert bank.reconcile(apply=True).result.left == 0
    bank.require_order()


def test_a_renewal_waits_for_the_payment_of_its_invoice(bank: Bank) -> None:
    bank.stripe.pay(bank.give("20", frequency="monthly"))
    bank.deliver(lose="invoice_payment.paid")
    assert send_notes(bank.installation) == 0
    assert [(one.written_at, one.error) for one in notes(bank)] == [(None, None)]


def test_every_number_of_a_gift_is_written(bank: Bank) -> None:
    session = bank.give()
    bank.stripe.pay(session)
    bank.deliver()
    send_notes(bank.installation)
    for amount in (1000, 1500):
        bank.stripe.refund(session, amount)
        bank.deliver()
    assert len(numbers(bank)) == 3
    assert send_notes(bank.installation) == 2
    assert metadata(bank)[0]["receipt"].split() == numbers(bank)


@pytest.mark.parametrize("mode", ["500", "429", "409", "drop_before", "drop_after"])
def test_a_note_is_repeated_until_stripe_took_it(
    bank: Bank, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank.stripe.pay(bank.give())
    bank.deliver()
    bank.stripe.fault("POST /v1/payment_intents/*", mode, times=0)
    for _ in range(2):
        with suppress(GatewayUnavailable):
            assert send_notes(bank.installation) == 0
        assert [(one.written_at, one.error) for one in notes(bank)] == [(None, None)]
    bank.stripe.clear_faults()
    if mode == "500":
        # Stripe stored the failure under this hour's key; an hour later there is another.
        monkeypatch.setattr(clock, "now", lambda: now() + timedelta(hours=1))
    assert send_notes(bank.installation) == 1
    assert metadata(bank)[0]["receipt"] == numbers(bank)[0]


def test_what_stripe_rejects_is_kept_with_its_reason(bank: Bank) -> None:
    bank.stripe.pay(bank.give())
    bank.deliver()
    account = bank.stripe.account
    with account.transaction():
        account.delete(account.every("payment_intent")[0])
    assert send_notes(bank.installation) == 0
    (note,) = notes(bank)
    assert note.error is not None
    assert "No such payment_intent" in note.error
    assert send_notes(bank.installation) == 0


def test_the_number_of_a_check_is_written_to_the_newest_payment(bank: Bank, enter: Enter) -> None:
    enter()
    assert send_notes(bank.installation) == 0
    bank.stripe.pay(bank.give())
    bank.deliver()
    enter(name="Ben Ito", amount="75")
    assert send_notes(bank.installation) == 3
    (found,) = metadata(bank)
    assert found["receipt"] == numbers(bank)[1]
    assert found["highest_receipt"] == numbers(bank)[2]
    assert send_notes(bank.installation) == 0


def test_after_a_restore_nothing_is_written_before_it_is_read(bank: Bank) -> None:
    bank.stripe.pay(bank.give())
    bank.deliver()
    with bank.installation.sessions.begin() as session:
        hold_numbers(session, now())
    assert send_notes(bank.installation) == 0
    assert "receipt" not in metadata(bank)[0]


@pytest.mark.parametrize("length", [1, 500, 5000])
def test_a_description_is_one_line_of_the_length_that_stripe_accepts(length: int) -> None:
    found = payment_description("The\nLedger", "x" * length)
    assert found.startswith("Donation to The Ledger: x")
    assert len(found) == min(24 + length, 500)
