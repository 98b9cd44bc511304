"""Take in a payment or subscription: ask Stripe, book it all in one transaction, and book what came in between.

For commands, pages and workers. No database transaction is open during a request to Stripe. Repeating it is harmless.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.adoption.booking import Request, book
from campaign.adoption.facts import (
    AdoptionFacts,
    AdoptionRefused,
    PaidInvoice,
    fetch_facts,
    fetch_paid_invoices,
)
from campaign.audit.audit_log import Actor
from campaign.campaigns.campaigns import find_campaign
from campaign.core import clock
from campaign.core.csv_lists import read_address
from campaign.core.task_queue import OUTBOX
from campaign.ledger.subscription_donations import get_subscription_by_stripe_id
from campaign.models import Donation, LedgerEntry, LedgerKind
from campaign.runtime.context import Installation
from campaign.subscriptions.invoices import apply_invoice, apply_invoice_payment
from campaign.subscriptions.subscription_events import apply_answer, latest_event


@dataclass(frozen=True)
class AdoptionOrder:
    """What staff ask for: the campaign's slug, an email address in place of Stripe's, whose receipts are emailed."""

    slug: str
    email: str = ""
    receipts: str = "newest"


@dataclass(frozen=True)
class TakenIn:
    """A gift that was booked. `counted` is whether it counts for the campaign; `receipt` is its valid one's number."""

    donation: str
    amount: int
    currency: str
    charged_at: datetime
    state: str
    counted: bool
    receipt: str


@dataclass(frozen=True)
class Adoption:
    """The result. `known`: it was booked before; then `gifts` are only those that were missing. `monthly` is the
    subscription's id, if later payments follow by themselves.
    """

    stripe_id: str
    gifts: Sequence[TakenIn]
    known: bool
    monthly: str | None


def take_in(
    installation: Installation, stripe_id: str, order: AdoptionOrder, actor: Actor
) -> Adoption:
    """Take in what `stripe_id` stands for, once.

    Raises AdoptionRefused, NotFound (no such campaign), FactMismatch, GatewayUnavailable or GatewayRefused; then
    nothing is booked.
    """
    email = _read_email(order.email)
    asked_at = clock.now()
    with installation.sessions() as session:
        find_campaign(session, order.slug)
    facts = fetch_facts(installation.gateway, stripe_id.strip())
    _require_mode(installation, facts)
    with installation.sessions.begin() as session:
        campaign = find_campaign(session, order.slug)
        wanted = Request(campaign, actor, email, order.receipts)
        found = book(session, facts, wanted, installation.books, asked_at)
        gifts = [_summary(session, one) for one in found.donations]
        known = found.known > 0
    monthly = facts.subscription.fact.id if facts.subscription else None
    if monthly is not None:
        gifts += _catch_up(installation, monthly, facts.invoices if known else None)
    if gifts:
        installation.notify(OUTBOX)
    return Adoption(facts.stripe_id, gifts, known, monthly)


def _read_email(text: str) -> str:
    if not text:
        return ""
    try:
        return read_address(text.strip())
    except ValueError as error:
        raise AdoptionRefused(f"{error}.") from error


def _require_mode(installation: Installation, facts: AdoptionFacts) -> None:
    """Refuse a test payment in a live installation, and the reverse."""
    modes = [one.livemode for one in facts.payments]
    modes += [one.found.livemode for one in facts.invoices]
    if facts.subscription is not None:
        modes.append(facts.subscription.livemode)
    if any(mode is not installation.settings.livemode for mode in modes):
        own, other = ("live", "test") if installation.settings.livemode else ("test", "live")
        raise AdoptionRefused(
            f"{facts.stripe_id} is of Stripe's {other} mode, and STRIPE_SECRET_KEY is of its {own} mode."
        )


def _catch_up(
    installation: Installation, subscription_id: str, known: Sequence[PaidInvoice] | None
) -> list[TakenIn]:
    """Book the paid invoices that the ledger lacks: their events came before ours was committed, or never.

    Only now does the subscription exist for others, so every later event finds it. `known`: of a subscription that
    was known before, the invoices were just read.
    """
    gateway = installation.gateway
    invoices = known if known is not None else fetch_paid_invoices(gateway, subscription_id)
    found = [gift for one in invoices for gift in _book_missing(installation, one)]
    if known is None:
        answer = gateway.account_objects.retrieve_subscription(subscription_id)
        with installation.sessions.begin() as session:
            row = get_subscription_by_stripe_id(session, subscription_id)
            apply_answer(session, answer.fact, latest_event(row), clock.now(), installation.books)
    return found


def _book_missing(installation: Installation, one: PaidInvoice) -> list[TakenIn]:
    invoice = one.found.invoice
    with installation.sessions() as session:
        if _booked(session, invoice.id) is not None:
            return []
    for fact in one.found.payments:
        with installation.sessions.begin() as session:
            apply_invoice_payment(session, fact, installation.books)
    with installation.sessions.begin() as session:
        moment = invoice.paid_at or clock.now()
        apply_invoice(session, invoice, moment, installation.books)
        donation = _booked(session, invoice.id)
        return [_summary(session, donation)] if donation is not None else []


def _booked(session: Session, invoice_id: str) -> Donation | None:
    return session.scalar(
        select(Donation).where(Donation.invoice_id == invoice_id, Donation.paid_at.is_not(None))
    )


def _summary(session: Session, donation: Donation) -> TakenIn:
    session.refresh(donation)
    counted = session.scalar(
        select(LedgerEntry.campaign_id).where(
            LedgerEntry.donation_id == donation.id, LedgerEntry.kind == LedgerKind.payment.value
        )
    )
    receipt = donation.receipt
    return TakenIn(
        donation=donation.public_id,
        amount=donation.charge,
        currency=donation.currency,
        charged_at=donation.charged_at or donation.created_at,
        state=donation.state,
        counted=counted is not None,
        receipt=receipt.number if receipt else "",
    )
