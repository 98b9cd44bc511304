"""Adopt recurring gifts that live in this Stripe account: their paid invoices become past gifts, later ones follow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import select

from campaign.adoption.facts import (
    AdoptionFacts,
    AdoptionRefused,
    PaidInvoice,
    fetch_facts,
    frequency_of,
)
from campaign.adoption.flow import AdoptionOrder, take_in
from campaign.audit.audit_log import Actor
from campaign.campaigns.campaigns import find_campaign
from campaign.core import clock
from campaign.core.i18n import supported_locale
from campaign.gateway.account_objects import AccountSubscription
from campaign.gateway.client import StripeGateway
from campaign.models import Subscription
from campaign.moving.archive import archive_slug, get_archive
from campaign.moving.gift_rows import PastGiftRow
from campaign.moving.monthly_rows import MonthlyRow
from campaign.moving.past_gifts import GiftPlan, store_past_gifts
from campaign.runtime.context import Installation

SYSTEM = "stripe"
_RUNNING = frozenset(("active", "trialing", "past_due", "unpaid", "paused"))


@dataclass
class AccountIndex:
    """The running subscriptions of the account, to find a file's rows among them."""

    by_id: dict[str, AccountSubscription] = field(default_factory=dict)
    _customers: dict[str, list[str]] = field(default_factory=dict)
    _metadata: dict[str, list[str]] = field(default_factory=dict)
    _emails: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, gateway: StripeGateway) -> "AccountIndex":
        """List the account's subscriptions once. Raises GatewayUnavailable or GatewayRefused."""
        index = cls()
        for one in gateway.account_objects.list_subscriptions(None, None):
            if one.fact.status in _RUNNING and frequency_of(one):
                index._add(one)
        return index

    def _add(self, one: AccountSubscription) -> None:
        name = one.fact.id
        self.by_id[name] = one
        if one.fact.customer_id:
            self._customers.setdefault(one.fact.customer_id, []).append(name)
        if one.payer.email:
            self._emails.setdefault(one.payer.email.lower(), []).append(name)
        for value in set(one.metadata.values()):
            self._metadata.setdefault(value, []).append(name)

    def find(self, row: MonthlyRow) -> Sequence[str]:
        """Return the subscriptions of a row: by its id, its customer, its id in the metadata, or all of its words."""
        if row.subscription in self.by_id:
            return [row.subscription]
        if row.customer in self._customers:
            return self._customers[row.customer]
        named = self._metadata.get(row.external_id, ())
        if len(named) == 1:
            return list(named)
        alike = [name for name in self._emails.get(row.email.lower(), ()) if self._is(name, row)]
        return alike if len(alike) == 1 else ()

    def _is(self, name: str, row: MonthlyRow) -> bool:
        found = self.by_id[name]
        words = (found.fact.total, found.fact.currency, frequency_of(found))
        return words == (row.amount, row.currency, row.frequency)


def is_adopted(installation: Installation, stripe_id: str) -> bool:
    """Whether the subscription is known here."""
    with installation.sessions() as session:
        known = select(Subscription.id).where(Subscription.stripe_id == stripe_id)
        return session.scalar(known) is not None


def adopt_monthly(installation: Installation, stripe_id: str, slug: str, actor: Actor) -> int:
    """Adopt one subscription, once; return how many of its paid invoices became past gifts.

    They were receipted elsewhere, so they get no receipts and nobody is mailed. Later invoices are gifts of ours, for
    the campaign `slug` if one is named, otherwise for the archive of their currency, like the past ones.
    Raises AdoptionRefused, CampaignError or GatewayUnavailable; repeated, it goes on where it ended.
    """
    facts = fetch_facts(installation.gateway, stripe_id)
    if facts.subscription is None or not facts.invoices:
        raise AdoptionRefused(
            f"{stripe_id} has no paid invoice yet. Import it again after its first payment."
        )
    currency = facts.invoices[0].found.invoice.currency
    if slug:
        _require_currency(installation, slug, currency)
    rows = list(_past_rows(facts))
    plan = GiftPlan(SYSTEM, installation.settings.organization.timezone)
    with installation.sessions.begin() as session:
        stored = store_past_gifts(session, rows, plan, installation.books)
        added = stored.added + stored.joined
        # Stripe itself says that these are payments of this gift, whatever they look like.
        alike = {one.line for one in stored.refused}
        if alike:
            kept = [row for row in rows if row.line in alike]
            plan = replace(plan, alike=True)
            added += store_past_gifts(session, kept, plan, installation.books).added
        get_archive(session, currency, plan.timezone)
    take_in(
        installation, stripe_id, AdoptionOrder(slug or archive_slug(currency), "", "none"), actor
    )
    if slug:
        _count_for(installation, stripe_id, slug)
    return added


def _require_currency(installation: Installation, slug: str, currency: str) -> None:
    with installation.sessions() as session:
        wanted = find_campaign(session, slug).currency
    if wanted != currency:
        raise AdoptionRefused(
            f"The gift is in {currency.upper()}, but {slug} is in {wanted.upper()}."
            f" Choose a campaign in {currency.upper()}."
        )


def _count_for(installation: Installation, stripe_id: str, slug: str) -> None:
    """Let later payments count for the campaign: the past ones began the gift in the archive."""
    with installation.sessions.begin() as session:
        found = select(Subscription).where(Subscription.stripe_id == stripe_id).with_for_update()
        session.scalars(found).one().campaign_id = find_campaign(session, slug).id


def _past_rows(facts: AdoptionFacts) -> Iterator[PastGiftRow]:
    frequency = frequency_of(facts.subscription) if facts.subscription else None
    for number, one in enumerate(facts.invoices, start=1):
        invoice = one.found.invoice
        if len(one.payments) != 1:
            # Paid in parts, or outside Stripe: `campaign adopt` books those as they are.
            continue
        payment = one.payments[0]
        charge = payment.charge
        yield PastGiftRow(
            line=number,
            external_id=payment.intent.id,
            given_at=_paid_at(one),
            amount=invoice.amount_paid,
            cover=0,
            fee=0,
            currency=invoice.currency,
            refunded=charge.amount_refunded if charge else 0,
            email=facts.payer.email,
            name=facts.payer.name[:200],
            locale=supported_locale(facts.payer.language or "en"),
            frequency=frequency or "monthly",
            plan_ref=facts.stripe_id,
            installment=number,
            method="stripe",
            payment_intent=payment.intent.id,
            charge=charge.id if charge else "",
            invoice=invoice.id,
        )


def _paid_at(one: PaidInvoice) -> datetime:
    charges = [each.charge.created for each in one.payments if each.charge]
    return max(charges, default=one.found.invoice.paid_at or clock.now())
