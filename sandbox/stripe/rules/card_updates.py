"""Cards entered outside of checkout: saved for future invoices, or used for one open invoice."""

from sandbox.stripe.errors import CardDeclined, Refused
from sandbox.stripe.objects.cards import BANK_BY_NUMBER, CARD_BY_NUMBER
from sandbox.stripe.rules import charges, invoices, subscriptions
from sandbox.stripe.rules.payment import NOT_A_TEST_CARD, Instrument, create_method
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account, require


def save_default_method(account: Account, customer: Json, instrument: Instrument) -> Json:
    """Save the card as the customer's default for invoices. Raises CardDeclined.

    As at Stripe, subscriptions with their own default payment method keep it.
    https://docs.stripe.com/customer-management/portal-deep-links
    """
    _require_test_number(instrument)
    if not instrument.bank and (refusal := CARD_BY_NUMBER[instrument.number].decline):
        code, decline_code, message = refusal
        raise CardDeclined(message, code, decline_code)
    method = create_method(account, instrument)
    account.change(method, customer=customer["id"])
    account.emit("payment_method.attached", method)
    settings = {**customer["invoice_settings"], "default_payment_method": method["id"]}
    previous = account.change(customer, invoice_settings=settings)
    account.emit("customer.updated", customer, previous)
    return method


def pay_invoice(account: Account, invoice: Json, instrument: Instrument) -> None:
    """Pay an open invoice by card on its hosted page. The card is not saved. Raises CardDeclined.

    https://docs.stripe.com/invoicing/hosted-invoice-page
    """
    _require_test_number(instrument)
    intent = invoices.intent_for(account, invoice)
    require(invoice["status"] == "open" and intent, Refused("This invoice is not open."))
    method = create_method(account, instrument)
    charge = charges.charge_card(account, intent, method)
    subscriptions.payment_succeeded(account, intent)
    charges.follow_up(account, charge)


def _require_test_number(instrument: Instrument) -> None:
    known = BANK_BY_NUMBER if instrument.bank else CARD_BY_NUMBER
    if instrument.number not in known:
        raise CardDeclined(NOT_A_TEST_CARD, "card_declined", "test_mode_live_card")
