"""What the donor is told about a renewal: the bank's wish once, with the page to confirm it."""

import pytest
from sqlalchemy import select

from campaign.mailer.render import RenderedEmail
from campaign.models import OutboxMessage
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.email_contexts import BuildEmail
from tests.support.reconciliation import Bank

ASKS_AT_RENEWAL = "4000002760003184"
"""A test card whose bank asks at every payment, also when the donor is not there."""


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


def queued(bank: Bank) -> list[OutboxMessage]:
    with bank.installation.sessions() as session:
        return list(
            session.scalars(
                select(OutboxMessage)
                .where(OutboxMessage.kind == "renewal_failed")
                .order_by(OutboxMessage.id)
            )
        )


@pytest.mark.parametrize("lose", ["", "invoice.payment_failed", "customer.subscription.*"])
@pytest.mark.parametrize("frequency", ["monthly", "yearly"])
def test_a_renewal_that_the_bank_wants_confirmed_leads_to_one_email(
    bank: Bank, lose: str, frequency: str
) -> None:
    bank.stripe.pay(bank.give("20", frequency=frequency), card=ASKS_AT_RENEWAL)
    bank.deliver()
    bank.stripe.advance(days=32 if frequency == "monthly" else 366)
    bank.deliver(lose=lose)
    (message,) = queued(bank)
    assert message.details == {"confirm": True}
    invoice = bank.stripe.objects("invoice")[0]
    assert message.subject_key == f"{invoice['id']}:1"
    # The same events again, and late.
    for event in bank.stripe.events():
        if event["type"].startswith("invoice."):
            bank.store(event | {"id": event["id"] + "x"})
    bank.deliver()
    assert len(queued(bank)) == 1


def test_only_the_event_that_is_about_the_bank_is_enough(bank: Bank) -> None:
    bank.stripe.pay(bank.give("20", frequency="monthly"), card=ASKS_AT_RENEWAL)
    bank.deliver()
    bank.stripe.advance(days=32)
    for event in bank.stripe.events():
        if event["type"] == "invoice.payment_action_required":
            bank.store(event)
    bank.deliver(lose="*")
    (message,) = queued(bank)
    assert message.details == {"confirm": True}


def test_the_email_leads_to_stripes_page(bank: Bank, ask: BuildEmail) -> None:
    bank.stripe.pay(bank.give("20", frequency="monthly"), card=ASKS_AT_RENEWAL)
    bank.deliver()
    bank.stripe.advance(days=32)
    bank.deliver()
    (message,) = queued(bank)
    invoice = bank.stripe.objects("invoice")[0]
    email = ask(
        "renewal_failed",
        message.subject_key,
        subscription_id=message.subscription_id,
        details=message.details,
    )
    assert isinstance(email, RenderedEmail)
    assert email.subject.startswith("Please confirm your $20 gift")
    assert invoice["hosted_invoice_url"] in email.text
    assert invoice["hosted_invoice_url"] in email.html
    assert "did not go through" not in email.text
