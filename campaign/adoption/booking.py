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
from campaign.gateway.account_objects import AccountPayment
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
    subscription: Subscription | None = None
    known: int = 0


def book(
    session: Session, facts: AdoptionFacts, wanted: Request, books: BookingContext, at: datetime
) -> Adopted:
    """Book `facts` once. Raises AdoptionRefused if that is not possible; then the caller rolls all of it back."""
    found = Adopted(facts.stripe_id)
    _lock(session, facts)
    if facts.subscription is not None:
        _book_subscription(session, facts, wanted, books, at, found)
    elif facts.invoices:
        _book_invoice(session, facts, wanted, books, at, found)
    else:
        _book_payment(session, facts, wanted, books, at, found)
    for donation in found.donations:
        session.refresh(donation)
        _record(session, donation, facts, wanted.actor)
    _drop_emails(session, found.donations, wanted.receipts)
    return found


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


def _book_payment(
    session: Session,
    facts: AdoptionFacts,
    wanted: Request,
    books: BookingContext,
    at: datetime,
    found: Adopted,
) -> None:
    payment = facts.payment
    assert payment is not None
    if find_donation_for_payment(session, payment.intent.id) is not None:
        found.known += 1
        return
    _require_foreign(session, payment.intent.id, payment.metadata)
    _require_paid(payment)
    amount, currency = payment.intent.amount_received, payment.intent.currency
    created = payment.charge.created if payment.charge else payment.intent.created
    charged_at = _within(created, wanted.campaign)
    donation = _new_donation(session, facts, wanted, (amount, currency), charged_at)
    name = payment.intent.id
    paid = Payment(name, amount, currency, charged_at, max(at, charged_at), name)
    record_payment(session, donation, paid, books, wanted.campaign)
    _book_evidence(session, [payment], books)
    found.donations.append(donation)


def _book_invoice(
    session: Session,
    facts: AdoptionFacts,
    wanted: Request,
    books: BookingContext,
    at: datetime,
    found: Adopted,
) -> None:
    (one,) = facts.invoices
    invoice = one.found.invoice
    if _is_booked(session, invoice.id):
        found.known += 1
        return
    if invoice.status != "paid" or invoice.amount_paid <= 0:
        raise AdoptionRefused(
            f"{invoice.id} is not paid: its status is {invoice.status or 'unknown'}, and"
            f" {money.format_money(invoice.amount_paid, invoice.currency)} arrived. Take it in once it is paid."
        )
    charged_at = _within(_charged_at(one, at), wanted.campaign)
    total = (invoice.amount_paid, invoice.currency)
    donation = _new_donation(session, facts, wanted, total, charged_at)
    times = (charged_at, max(at, charged_at))
    _book_paid_invoice(session, donation, one, wanted, books, times)
    found.donations.append(donation)


def _book_subscription(
    session: Session,
    facts: AdoptionFacts,
    wanted: Request,
    books: BookingContext,
    at: datetime,
    found: Adopted,
) -> None:
    taken = facts.subscription
    assert taken is not None
    found.subscription = session.scalar(
        select(Subscription).where(Subscription.stripe_id == taken.fact.id)
    )
    if found.subscription is not None:
        found.known += 1
        return
    _require_foreign(session, taken.fact.id, taken.metadata)
    if not facts.invoices:
        raise AdoptionRefused(
            f"{taken.fact.id} has no paid invoice yet (it is {taken.fact.status}). Take it in after its first payment."
        )
    first: Donation | None = None
    for one in facts.invoices:
        invoice = one.found.invoice
        charged_at = _within(_charged_at(one, at), wanted.campaign)
        if first is None or found.subscription is None:
            total = (invoice.amount_paid, invoice.currency)
            first = _new_donation(
                session, facts, wanted, total, charged_at, frequency_of(taken) or ""
            )
            found.subscription = get_or_create_subscription(session, first, taken.fact.id)
            donation = first
        else:
            donation = renewal_donation(session, first, found.subscription, invoice, charged_at)
        times = (charged_at, max(at, charged_at))
        _book_paid_invoice(session, donation, one, wanted, books, times)
        found.donations.append(donation)
    assert found.subscription is not None
    copy_taken_in(session, found.subscription, taken.fact, at - _CLOCK_SKEW)


def _book_paid_invoice(
    session: Session,
    donation: Donation,
    one: PaidInvoice,
    wanted: Request,
    books: BookingContext,
    times: tuple[datetime, datetime],
) -> None:
    invoice = one.found.invoice
    _require_amount(invoice.id, invoice.amount_paid, invoice.currency, wanted.campaign)
    for fact in one.found.payments:
        apply_invoice_payment(session, fact, books)
    payers = lock_invoice_payments(session, invoice.id)
    book_invoice(session, donation, invoice, payers, times, books, wanted.campaign)
    _book_evidence(session, one.payments, books)


def _is_booked(session: Session, invoice_id: str) -> bool:
    return session.scalar(select(Donation.id).where(Donation.invoice_id == invoice_id)) is not None


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
    session: Session,
    facts: AdoptionFacts,
    wanted: Request,
    total: tuple[int, str],
    charged_at: datetime,
    frequency: str = Frequency.one_time.value,
) -> Donation:
    """Return a new donation of the payer, who is found or created by email."""
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
