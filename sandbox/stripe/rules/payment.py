"""Pay an open checkout session by card, by card with 3-D Secure, or by bank debit.

https://docs.stripe.com/payments/checkout/how-checkout-works
https://docs.stripe.com/payments/3d-secure
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.stripe.errors import CardDeclined, Refused
from sandbox.stripe.objects import billing_details, catalog, payments
from sandbox.stripe.objects.cards import BANK_BY_NUMBER, CARD_BY_NUMBER
from sandbox.stripe.rules import charges, debits, invoices, sessions, subscriptions
from sandbox.stripe.state import Json
from sandbox.stripe.state.account import Account, require

_CHALLENGE_FAILED = (
    "payment_intent_authentication_failure",
    None,
    (
        "We are unable to authenticate your payment method. Please choose a different payment"
        " method and try again."
    ),
)
NOT_A_TEST_CARD = (
    "Your card was declined. Your request was in test mode, but used a non test card."
    " The sandbox's page lists the test cards."
)


@dataclass(frozen=True)
class Instrument:
    """The payment details that the donor entered. `number` is of a card, or of a bank account if `bank`.

    `address` has the parts of the billing address that were entered, such as `postal_code`.
    """

    number: str
    email: str
    name: str
    bank: bool = False
    exp_month: int = 12
    exp_year: int = 2034
    address: Mapping[str, str] = field(default_factory=dict)


def pay(account: Account, session: Json, instrument: Instrument) -> str:
    """Return "paid", "processing" or "challenge". Raises CardDeclined. A completed session does not change."""
    if session["status"] == "complete":
        return "paid" if session["payment_status"] == "paid" else "processing"
    require(session["status"] == "open", Refused("This checkout session has expired."))
    known = BANK_BY_NUMBER if instrument.bank else CARD_BY_NUMBER
    if instrument.number not in known:
        raise CardDeclined(NOT_A_TEST_CARD, "card_declined", "test_mode_live_card")
    account.note(session["id"], challenge=None)
    method = create_method(account, instrument)
    intent = _prepare(account, session, instrument)
    if instrument.bank:
        return _start_debit(account, session, intent, method, instrument)
    if CARD_BY_NUMBER[instrument.number].challenge:
        return _challenge(account, session, intent, method)
    return _charge(account, session, intent, method)


def answer_challenge(account: Account, session: Json, *, passed: bool) -> str:
    """Complete the 3-D Secure challenge. Without an open challenge, do nothing. Raises CardDeclined."""
    challenge = account.notes(session["id"]).get("challenge")
    if session["status"] != "open" or not challenge:
        return "paid" if session["status"] == "complete" else "nothing"
    account.note(session["id"], challenge=None)
    method = account.get("payment_method", challenge["method"])
    intent = account.get("payment_intent", challenge["intent"])
    if passed:
        account.note(method["id"], authenticated=True)
        return _charge(account, session, intent, method)
    charges.fail_intent(account, intent, _CHALLENGE_FAILED, method=method)
    raise CardDeclined(_CHALLENGE_FAILED[2], _CHALLENGE_FAILED[0], None, payment_intent=intent)


def create_method(account: Account, instrument: Instrument) -> Json:
    """Create the payment method that the donor entered. It has no customer yet."""
    billing = billing_details(instrument.email, instrument.name or None, dict(instrument.address))
    if instrument.bank:
        details = payments.bank_of_method(instrument.number)
    else:
        card = CARD_BY_NUMBER[instrument.number]
        details = payments.card_of_method(
            card, instrument.exp_month, instrument.exp_year, billing["address"]
        )
    method = payments.payment_method(details, billing, account.now())
    account.note(method["id"], number=instrument.number)
    return account.add(method)


def _prepare(account: Account, session: Json, instrument: Instrument) -> Json:
    """Return the intent that is to pay the session. The first attempt creates it; later ones reuse it."""
    name = instrument.name or None
    details = catalog.customer_details(instrument.email, name)
    account.change(session, customer_details=details)
    customer = _customer(account, session, instrument.email, name)
    intent = sessions.intent_of(account, session)
    if intent is None and session["mode"] == "subscription":
        assert customer is not None
        payer = {"customer": customer["id"], "currency": session["currency"]}
        intent = invoices.recurring_intent(
            account, session["amount_total"], payer, "Subscription creation"
        )
        account.note(intent["id"], session=session["id"])
        account.note(session["id"], intent=intent["id"])
        account.emit("payment_intent.created", intent)
    if intent is None:
        params = account.notes(session["id"])["payment_intent_data"]
        intent = payments.payment_intent(
            session["amount_total"],
            session["currency"],
            account.now(),
            customer=customer["id"] if customer else None,
            description=params.get("description"),
            metadata=dict(params.get("metadata", {})),
            statement_descriptor_suffix=params.get("statement_descriptor_suffix"),
        )
        account.add(intent)
        account.note(intent["id"], session=session["id"])
        account.change(session, payment_intent=intent["id"])
        account.emit("payment_intent.created", intent)
    return intent


def _customer(account: Account, session: Json, email: str, name: str | None) -> Json | None:
    """Return the session's customer, created if the session requires one."""
    if session["customer"]:
        return account.get("customer", session["customer"])
    made = account.find(account.notes(session["id"]).get("customer"), "customer")
    if made or session["customer_creation"] != "always":
        return made
    made = account.add(catalog.customer(email, name, account.now(), session["locale"]))
    account.note(session["id"], customer=made["id"])
    account.emit("customer.created", made)
    return made


def _challenge(account: Account, session: Json, intent: Json, method: Json) -> str:
    account.note(session["id"], challenge={"method": method["id"], "intent": intent["id"]})
    action = {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
    account.change(
        intent, status="requires_action", next_action=action, payment_method=method["id"]
    )
    account.emit("payment_intent.requires_action", intent)
    return "challenge"


def _charge(account: Account, session: Json, intent: Json, method: Json) -> str:
    charge = charges.charge_card(account, intent, method)
    _finish(account, session, intent, method, paid=True)
    charges.follow_up(account, charge)
    return "paid"


def _start_debit(
    account: Account, session: Json, intent: Json, method: Json, instrument: Instrument
) -> str:
    charges.start_debit(account, intent, method)
    failure = BANK_BY_NUMBER[instrument.number].failure
    debits.schedule(account, intent, failure)
    _finish(account, session, intent, method, paid=False)
    return "processing"


def _finish(account: Account, session: Json, intent: Json, method: Json, *, paid: bool) -> None:
    made = account.notes(session["id"]).get("customer")
    if made:
        account.change(session, customer=made)
    if session["mode"] == "subscription":
        customer = account.get("customer", intent["customer"])
        begun = subscriptions.begin(account, session, customer, intent, method, paid=paid)
        account.change(session, subscription=begun["id"], invoice=begun["latest_invoice"])
    sessions.complete(account, session, paid=paid)
