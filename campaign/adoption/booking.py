"""Book what is taken in: donor, donations, ledger entries, receipts, and the refunds and disputes it already has.

All of it in the caller's transaction, and once: what is booked already is left as it is.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from campaign.adoption.facts import AdoptionFacts, AdoptionRefused, PaidInvoice, frequency_of
from campaign.audit.audit_log import Actor, Subject, record
from campaign.core import money
from campaign.core.booking_context import BookingContext
from campaign.core.i18n import supported_locale
from campaign.donations.donation_lookup import (
    find_donation_for_payment,
    lock_invoice_payments,
    lock_payment,
)
from campaign.donations.donations import Gift, find_or_add_donor, lock_donation
from campaign.gateway.account_objects import AccountPayment, AccountSubscription
from campaign.ledger.disputes import DisputeReport, apply_dispute
from campaign.ledger.payments import Payment, record_payment
from campaign.ledger.refund_evidence import apply_charge, apply_refund
from campaign.ledger.subscription_donations import get_or_create_subscription, renewal_donation
from campaign.mailer.kinds import EmailKind
from campaign.models import (
    Campaign,
    Donation,
    DonationState,
    Frequency,
    OutboxMessage,
    OutboxState,
    PaymentLookup,
    ReceiptKind,
    Subscription,
)
from campaign.subscriptions.invoices import apply_invoice_payment, book_invoice
from campaign.subscriptions.subscription_events import copy_taken_in

_OUR_ID = re.compile("don_[0-9a-f]{20}")
_CLOCK_SKEW = timedelta(minutes=1)
"""An event that Stripe made after our question may have an earlier time than our clock showed."""

LARGEST_AMOUNT = 99_999_999
"""What a donation holds, and Stripe charges at most, in minor units."""


@dataclass(frozen=True)
class Request:
    """Who takes what in, for which campaign. `email` overrides Stripe's; `receipts`: whose are emailed (RECEIPTS)."""

    campaign: Campaign
    actor: Actor
    email: str = ""
    receipts: str = "newest"


RECEIPTS = ("newest", "all", "none")
"""Which receipts of one object are emailed: of its newest payment, of all, or of none. All are issued."""

NOT_EMAILED = "the gift was taken in without an email about it"


@dataclass
class Adopted:
    """What was booked, oldest first. `known` counts what was booked before."""

    stripe_id: str
    donations: list[Donation] = field(default_factory=list)
    known: int = 0


@dataclass(frozen=True)
class _Work:
    """One booking: what is booked, for whom, when, and what came of it so far."""

    session: Session
    facts: AdoptionFacts
    wanted: Request
    books: BookingContext
    at: datetime
    found: Adopted

    def times(self, charged_at: datetime) -> tuple[datetime, datetime]:
        """Return when it was charged, and when we learned of it."""
        return charged_at, max(self.at, charged_at)


def book(
    session: Session, facts: AdoptionFacts, wanted: Request, books: BookingContext, at: datetime
) -> Adopted:
    """Book `facts` once. Raises AdoptionRefused if that is not possible; then the caller rolls all of it back."""
    work = _Work(session, facts, wanted, books, at, Adopted(facts.stripe_id))
    _lock(session, facts)
    if facts.subscription is not None:
        _book_subscription(work, facts.subscription)
    elif facts.payment is not None:
        _book_payment(work, facts.payment)
    for one in facts.invoices if facts.subscription is None else ():
        _book_invoice(work, one)
    for donation in work.found.donations:
        session.refresh(donation)
        _record(session, donation, facts, wanted.actor)
    _drop_emails(session, work.found.donations, wanted.receipts)
    return work.found


def _lock(session: Session, facts: AdoptionFacts) -> None:
    """Lock everything as events do: invoices before payments. An event that comes now waits for our commit."""
    if facts.subscription is not None:
        lock_payment(session, facts.stripe_id)
    for name in sorted(one.found.invoice.id for one in facts.invoices):
        lock_payment(session, name)
    names = sorted(one.intent.id for one in facts.payments)
    for name in names:
        lock_payment(session, name)
    # Somebody may have asked about it before, and learned that it is not ours.
    session.execute(delete(PaymentLookup).where(PaymentLookup.payment_intent_id.in_(names)))


def _book_payment(work: _Work, payment: AccountPayment) -> None:
    session, intent = work.session, payment.intent
    if _find_booked(session, payment) is not None:
        work.found.known += 1
        return
    _require_foreign(session, intent.id, payment.metadata)
    _require_paid(payment)
    created = payment.charge.created if payment.charge else intent.created
    charged_at, reported_at = work.times(_within(created, work.wanted.campaign))
    donation = _new_donation(work, (intent.amount_received, intent.currency), charged_at)
    paid = Payment(
        source=intent.id,
        total=intent.amount_received,
        currency=intent.currency,
        charged_at=charged_at,
        paid_at=reported_at,
        payment_intent_id=intent.id,
    )
    record_payment(session, donation, paid, work.books, work.wanted.campaign)
    _book_evidence(session, [payment], work.books)
    work.found.donations.append(donation)


def _book_invoice(work: _Work, one: PaidInvoice) -> None:
    invoice = one.found.invoice
    if _find_invoices_gift(work.session, one) is not None:
        work.found.known += 1
        return
    if invoice.status != "paid" or invoice.amount_paid <= 0:
        raise AdoptionRefused(
            f"{invoice.id} is not paid: its status is {invoice.status or 'unknown'}, and"
            f" {money.format_money(invoice.amount_paid, invoice.currency)} arrived. Take it in once it is paid."
        )
    charged_at = _within(_charged_at(one, work.at), work.wanted.campaign)
    donation = _new_donation(work, (invoice.amount_paid, invoice.currency), charged_at)
    _book_paid_invoice(work, donation, one, charged_at)


def _book_subscription(work: _Work, taken: AccountSubscription) -> None:
    session, name = work.session, taken.fact.id
    if session.scalar(select(Subscription.id).where(Subscription.stripe_id == name)) is not None:
        work.found.known += 1
        return
    _require_foreign(session, name, taken.metadata)
    if not work.facts.invoices:
        raise AdoptionRefused(
            f"{name} has no paid invoice yet (it is {taken.fact.status}). Take it in after its first payment."
        )
    begin, *later = work.facts.invoices
    first, subscription = _begin_subscription(work, taken, begin)
    for one in later:
        known = _find_invoices_gift(session, one)
        if known is not None:
            known.subscription_id = subscription.id
            work.found.known += 1
            continue
        charged_at = _within(_charged_at(one, work.at), work.wanted.campaign)
        renewal = renewal_donation(session, first, subscription, one.found.invoice, charged_at)
        _book_paid_invoice(work, renewal, one, charged_at)
    copy_taken_in(session, subscription, taken.fact, work.at - _CLOCK_SKEW)


def _begin_subscription(
    work: _Work, taken: AccountSubscription, begin: PaidInvoice
) -> tuple[Donation, Subscription]:
    """Return the first gift and the subscription. The gift may be known: imported from another system's history."""
    session, name, frequency = work.session, taken.fact.id, frequency_of(taken) or ""
    known = _find_invoices_gift(session, begin)
    if known is not None:
        work.found.known += 1
        subscription = get_or_create_subscription(session, known, name)
        known.subscription_id = subscription.id
        subscription.frequency = frequency
        return known, subscription
    charged_at = _within(_charged_at(begin, work.at), work.wanted.campaign)
    total = (begin.found.invoice.amount_paid, begin.found.invoice.currency)
    first = _new_donation(work, total, charged_at, frequency)
    subscription = get_or_create_subscription(session, first, name)
    _book_paid_invoice(work, first, begin, charged_at)
    return first, subscription


def _find_booked(session: Session, payment: AccountPayment) -> Donation | None:
    charge_id = payment.charge.id if payment.charge else None
    return find_donation_for_payment(session, payment.intent.id, charge_id=charge_id)


def _find_invoices_gift(session: Session, one: PaidInvoice) -> Donation | None:
    """Return the gift of a paid invoice that is booked already, by the invoice or by what paid it.

    An imported gift learns its invoice here, so that later facts about it find the gift.
    """
    invoice = one.found.invoice
    booked = session.scalar(select(Donation).where(Donation.invoice_id == invoice.id))
    found = (booked or _find_booked(session, each) for each in one.payments)
    donation = booked or next(filter(None, found), None)
    if donation is not None and donation.invoice_id is None:
        donation.invoice_id = invoice.id
        session.flush()
    return donation


def _book_paid_invoice(
    work: _Work, donation: Donation, one: PaidInvoice, charged_at: datetime
) -> None:
    session, invoice, campaign = work.session, one.found.invoice, work.wanted.campaign
    _require_amount(invoice.id, invoice.amount_paid, invoice.currency, campaign)
    for fact in one.found.payments:
        apply_invoice_payment(session, fact, work.books)
    payers = lock_invoice_payments(session, invoice.id)
    times = work.times(charged_at)
    book_invoice(session, donation, invoice, payers, times, work.books, campaign)
    _book_evidence(session, one.payments, work.books)
    work.found.donations.append(donation)


def _charged_at(one: PaidInvoice, at: datetime) -> datetime:
    """Return when the invoice was paid: at its last charge, else when Stripe says."""
    charges = [each.charge.created for each in one.payments if each.charge]
    return max(charges, default=one.found.invoice.paid_at or at)


def _within(moment: datetime, campaign: Campaign) -> datetime:
    """Return `moment`, or the campaign's start within the same second: Stripe's times are whole seconds."""
    starts = campaign.starts_at
    return starts if moment < starts < moment + timedelta(seconds=1) else moment


def _book_evidence(
    session: Session, payments: Sequence[AccountPayment], books: BookingContext
) -> None:
    """Book the refunds, the reversed debit and the disputes that the payments have."""
    for payment in payments:
        charge = payment.charge
        if charge is None:
            continue
        for refund in charge.refunds:
            apply_refund(session, refund, refund.created, books)
        if charge.amount_refunded or charge.returned:
            apply_charge(session, replace(charge, donation_id=None), charge.created, books)
        for dispute in payment.disputes:
            apply_dispute(session, dispute, DisputeReport(), dispute.created, books)


def _require_foreign(session: Session, stripe_id: str, metadata: Mapping[str, str]) -> None:
    """Refuse what belongs to a gift that began here: an event or a reconciliation books it.

    A second payment with the metadata of a paid gift is somebody's second gift, if staff say so.
    """
    named = metadata.get("donation_id") or ""
    began = lock_donation(session, named)
    if began is not None and (began.payment_intent_id is None or stripe_id.startswith("sub_")):
        raise AdoptionRefused(
            f"{stripe_id} belongs to donation {began.public_id}, which began here."
            " `campaign reconcile --apply` books what is missing."
        )
    if began is None and _OUR_ID.fullmatch(named) and _has_campaign(session, metadata):
        raise AdoptionRefused(
            f"{stripe_id} belongs to donation {named}, which began here and is not in this database."
            " `campaign reconcile --apply` creates it again."
        )


def _has_campaign(session: Session, metadata: Mapping[str, str]) -> bool:
    slug = metadata.get("campaign") or ""
    return session.scalar(select(Campaign.id).where(Campaign.slug == slug)) is not None


def _require_paid(payment: AccountPayment) -> None:
    intent = payment.intent
    if intent.status != "succeeded":
        raise AdoptionRefused(
            f"{intent.id} is not paid: its status is {intent.status}. Take it in once the money has arrived."
        )


def _require_amount(name: str, amount: int, currency: str, campaign: Campaign) -> None:
    if currency != campaign.currency:
        raise AdoptionRefused(
            f"{name} is in {currency.upper()}, but {campaign.slug} is in {campaign.currency.upper()}."
            f" Choose a campaign in {currency.upper()}."
        )
    if not 0 < amount <= LARGEST_AMOUNT:
        raise AdoptionRefused(
            f"{name} is for {money.format_money(amount, currency)}, too much for one gift."
        )


def _new_donation(
    work: _Work,
    total: tuple[int, str],
    charged_at: datetime,
    frequency: str = Frequency.one_time.value,
) -> Donation:
    """Return a new donation of the payer, who is found or created by email."""
    session, facts, wanted = work.session, work.facts, work.wanted
    amount, currency = total
    _require_amount(facts.stripe_id, amount, currency, wanted.campaign)
    email = wanted.email or facts.payer.email
    if not email:
        raise AdoptionRefused(
            f"Stripe knows no email address of who paid {facts.stripe_id}. Give it with --email."
        )
    gift = Gift(
        email=email,
        amount=amount,
        frequency=frequency,
        attempt=facts.stripe_id,
        name=facts.payer.name[:200],
        locale=supported_locale(facts.payer.language or "en"),
    )
    donation = Donation(
        campaign_id=wanted.campaign.id,
        donor_id=find_or_add_donor(session, gift),
        attempt=hashlib.sha256(f"adopted\x1f{facts.stripe_id}".encode()).hexdigest(),
        frequency=frequency,
        amount=amount,
        fee_cover=0,
        currency=currency,
        state=DonationState.pending.value,
        email=email,
        name=gift.name,
        locale=gift.locale,
        anonymous=True,
        created_at=charged_at,
    )
    session.add(donation)
    session.flush()
    return donation


def _record(session: Session, donation: Donation, facts: AdoptionFacts, actor: Actor) -> None:
    receipt = donation.receipt
    record(
        session,
        actor,
        "donation.adopted",
        Subject("donation", donation.public_id, donation.campaign_id),
        after={
            "stripe_id": facts.stripe_id,
            "amount": donation.amount,
            "currency": donation.currency,
            "state": donation.state,
            "receipt": receipt.number if receipt else None,
            "donor": donation.donor_id,
        },
    )


def _drop_emails(session: Session, donations: Sequence[Donation], which: str) -> None:
    """Drop the emails of receipts that nobody is to get, before anybody sends them.

    Of each gift only the valid receipt is emailed, and none if the gift was given back before it was taken in.
    """
    wanted = {_valid(one) for one in _emailed(donations, which)}
    session.execute(
        update(OutboxMessage)
        .where(
            OutboxMessage.kind == EmailKind.receipt.value,
            OutboxMessage.receipt_id.in_(
                [each.id for one in donations for each in one.receipts if each.id not in wanted]
            ),
        )
        .values(state=OutboxState.dropped.value, last_error=NOT_EMAILED)
    )


def _valid(donation: Donation) -> int | None:
    receipt = donation.receipt
    return None if receipt is None or receipt.kind == ReceiptKind.void.value else receipt.id


def _emailed(donations: Sequence[Donation], which: str) -> Sequence[Donation]:
    return {"all": donations, "newest": donations[-1:]}.get(which, ())
