"""Read from Stripe what is to be taken in: which object an id stands for, and everything that belongs to it."""

from collections.abc import Sequence
from dataclasses import dataclass

from campaign.core.errors import CampaignError, GatewayMissing
from campaign.gateway.account_objects import (
    AccountInvoice,
    AccountObjectsClient,
    AccountPayment,
    AccountSubscription,
)
from campaign.gateway.client import StripeGateway
from campaign.gateway.payers import Payer

FREQUENCIES = {"month": "monthly", "year": "yearly"}
"""The subscriptions that can be a gift here, by Stripe's interval."""


class AdoptionRefused(CampaignError):
    """A payment or subscription that cannot be taken in; the message says why and what to do."""


@dataclass(frozen=True)
class PaidInvoice:
    """A paid invoice with the payments that paid it, each as it is now."""

    found: AccountInvoice
    payments: Sequence[AccountPayment]


@dataclass(frozen=True)
class AdoptionFacts:
    """What an id stands for: one payment, one invoice, or a subscription with its paid invoices, oldest first."""

    stripe_id: str
    payer: Payer
    payment: AccountPayment | None = None
    invoices: Sequence[PaidInvoice] = ()
    subscription: AccountSubscription | None = None

    @property
    def payments(self) -> list[AccountPayment]:
        """Every payment of it."""
        own = [self.payment] if self.payment else []
        return own + [one for invoice in self.invoices for one in invoice.payments]


def fetch_facts(gateway: StripeGateway, stripe_id: str) -> AdoptionFacts:
    """Ask Stripe what `stripe_id` is. A payment of an invoice stands for it, and an invoice for its subscription.

    Raises AdoptionRefused for what is no payment, GatewayMissing, GatewayUnavailable or GatewayRefused.
    """
    prefix = stripe_id.partition("_")[0]
    fetch = _FETCH.get(prefix)
    if fetch is None or not stripe_id.isascii() or not stripe_id.isprintable():
        raise AdoptionRefused(
            f"{stripe_id[:80]!r} is no payment or subscription at Stripe. Their IDs begin with pi_, ch_, py_, cs_, in_"
            " or sub_."
        )
    try:
        return fetch(gateway, stripe_id)
    except GatewayMissing as error:
        raise AdoptionRefused(
            f"Stripe has no {stripe_id} in this account and mode. Check the ID, and whether it is of a test or of"
            f" another account. {error}"
        ) from error


def _of_payment(gateway: StripeGateway, stripe_id: str) -> AdoptionFacts:
    invoice = gateway.payments.find_invoice_for_payment(stripe_id)
    if invoice is not None:
        return _of_invoice(gateway, invoice.id)
    payment = gateway.account_objects.retrieve_payment(stripe_id)
    return AdoptionFacts(stripe_id, payment.payer, payment)


def _of_charge(gateway: StripeGateway, stripe_id: str) -> AdoptionFacts:
    payment = gateway.account_objects.find_charges_payment(stripe_id)
    if payment is None:
        raise AdoptionRefused(
            f"{stripe_id} was made by Stripe's old Charges API and has no payment intent: enter it as an offline gift."
        )
    return _of_payment(gateway, payment)


def _of_session(gateway: StripeGateway, stripe_id: str) -> AdoptionFacts:
    session = gateway.account_objects.retrieve_session(stripe_id)
    if session.subscription_id:
        return _of_subscription(gateway, session.subscription_id)
    if session.invoice_id:
        return _of_invoice(gateway, session.invoice_id)
    if session.payment_intent_id:
        return _of_payment(gateway, session.payment_intent_id)
    raise AdoptionRefused(f"{stripe_id} is not paid: nobody has tried to pay on that page.")


def _of_invoice(gateway: StripeGateway, stripe_id: str) -> AdoptionFacts:
    found = gateway.account_objects.retrieve_invoice(stripe_id)
    if found.invoice.subscription_id:
        subscription = gateway.account_objects.retrieve_subscription(found.invoice.subscription_id)
        if frequency_of(subscription):
            return _with_invoices(gateway, subscription)
    paid = _paid(gateway.account_objects, found)
    return AdoptionFacts(stripe_id, _payer_of(paid), invoices=[paid])


def _of_subscription(gateway: StripeGateway, stripe_id: str) -> AdoptionFacts:
    found = gateway.account_objects.retrieve_subscription(stripe_id)
    if not frequency_of(found):
        raise AdoptionRefused(
            f"{stripe_id} is charged neither each month nor each year. Take in its payments one by one."
        )
    return _with_invoices(gateway, found)


def _with_invoices(gateway: StripeGateway, found: AccountSubscription) -> AdoptionFacts:
    invoices = fetch_paid_invoices(gateway, found.fact.id)
    payer = found.payer
    for one in reversed(invoices):
        payer = payer.or_else(_payer_of(one))
    return AdoptionFacts(found.fact.id, payer, invoices=invoices, subscription=found)


def fetch_paid_invoices(gateway: StripeGateway, subscription_id: str) -> list[PaidInvoice]:
    """Return the subscription's invoices that somebody paid, oldest first."""
    listed = gateway.account_objects.list_paid_invoices(subscription_id)
    return [_paid(gateway.account_objects, one) for one in listed if one.invoice.amount_paid > 0]


def frequency_of(found: AccountSubscription) -> str | None:
    """Return the frequency here of a subscription; None if there is none: quarterly, weekly."""
    return FREQUENCIES.get(found.fact.interval or "") if found.every == 1 else None


def _paid(account: AccountObjectsClient, found: AccountInvoice) -> PaidInvoice:
    names = [one.payment_intent_id for one in found.payments if one.payment_intent_id]
    return PaidInvoice(found, [account.retrieve_payment(name) for name in names])


def _payer_of(paid: PaidInvoice) -> Payer:
    payer = paid.found.payer
    for one in paid.payments:
        payer = payer.or_else(one.payer)
    return payer


_FETCH = {
    "pi": _of_payment,
    "ch": _of_charge,
    "py": _of_charge,
    "cs": _of_session,
    "in": _of_invoice,
    "sub": _of_subscription,
}
