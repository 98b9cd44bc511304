"""Gifts that Stripe names by our metadata and this database lacks: begun after the backup that was restored.

Everything that Stripe knows is read first, then the donation is created again with its own ids, and booked by the
functions that events use. For workers and commands; no database transaction is open during a request to Stripe.
"""

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qs

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from campaign.campaigns.campaigns import find_campaign
from campaign.core import clock
from campaign.core.errors import FactMismatch, NotFound
from campaign.core.i18n import get_language
from campaign.core.outside_text import read_our_url
from campaign.donations.recreated import LostGift, names_donation, recreate_donation
from campaign.gateway import Invoice, PaymentFact
from campaign.gateway.client import StripeGateway
from campaign.gateway.gift_origins import GiftOrigin
from campaign.gateway.payers import Payer
from campaign.models import Donation, Frequency, InboxEvent, InboxState, Subscription
from campaign.reconciliation.payment_lookup import PaymentOwner
from campaign.runtime.context import Installation

_PAGE = re.compile(r"/donations/([A-Za-z0-9_-]{16,64})/?")
_FREQUENCIES = {"month": Frequency.monthly, "year": Frequency.yearly}
_UNAPPLIED = (InboxState.failed, InboxState.held, InboxState.given_up, InboxState.ignored)

Parts = tuple[int, int]
"""The gift and the covered fees, in minor units."""


@dataclass(frozen=True)
class LostOwner:
    """The donation that a payment names: `public_id`, of the gift that began it, and the slug of its campaign."""

    public_id: str
    campaign: str


def find_lost_owner(session: Session, owner: PaymentOwner) -> LostOwner | None:
    """Return the donation that a payment names by our metadata, if this database lacks it; else None."""
    named = _named(owner)
    if named is None:
        return None
    known = [Donation.public_id == named.public_id]
    if owner.invoice is not None:
        known.append(Donation.invoice_id == owner.invoice.id)
        known.append(
            Donation.subscription_id.in_(
                select(Subscription.id).where(
                    Subscription.stripe_id == owner.invoice.subscription_id
                )
            )
        )
    found = session.scalar(select(Donation.id).where(or_(*known)).limit(1))
    return named if found is None else None


def _named(owner: PaymentOwner) -> LostOwner | None:
    if owner.invoice is not None:
        names = owner.invoice.donation_id, owner.invoice.campaign
    elif owner.payment is not None:
        names = owner.payment.intent.donation_id, owner.payment.intent.campaign
    else:
        return None
    return LostOwner(str(names[0]), str(names[1])) if names_donation(*names) else None


def recreate_gift(installation: Installation, owner: PaymentOwner) -> PaymentOwner | None:
    """Create the donation again that a payment names; return the payment to book before this one, if there is one.

    That is the first payment of a monthly gift when `owner` paid a renewal. Raises FactMismatch if the campaign is
    missing too, and what the gateway raises.
    """
    named = _named(owner)
    if named is None or owner.payment is None:
        return None
    with installation.sessions() as session:
        if find_lost_owner(session, owner) is None:
            return None
        _require_campaign(session, named)
    lost, first = _read_gift(installation.gateway, named, owner.payment, owner.invoice)
    with installation.sessions.begin() as session:
        recreate_donation(session, find_campaign(session, named.campaign), lost)
        _apply_events_again(session, named.public_id)
    return first


def _require_campaign(session: Session, named: LostOwner) -> None:
    try:
        find_campaign(session, named.campaign)
    except NotFound:
        raise FactMismatch(
            f"donation {named.public_id} belongs to campaign {named.campaign!r}, which is not in this database:"
            " create the campaign under this name first"
        ) from None


def _read_gift(
    gateway: StripeGateway, named: LostOwner, payment: PaymentFact, invoice: Invoice | None
) -> tuple[LostGift, PaymentOwner | None]:
    if invoice is None or invoice.subscription_id is None:
        origin = gateway.payments.find_origin(payment_intent=payment.intent.id)
        parts = _split(
            payment.intent.amount_received, (payment.intent.gift, payment.intent.fee_cover)
        )
        payer = _payer(gateway, origin, payment.intent.id)
        return _lost_gift(named, payment, origin, payer, Frequency.one_time, parts), None
    subscription = gateway.subscriptions.retrieve(invoice.subscription_id)
    origin = gateway.payments.find_origin(subscription=invoice.subscription_id)
    first = invoice if invoice.first else _first_invoice(gateway, origin, invoice)
    parts = _split(first.amount_paid, (first.gift, first.fee_cover))
    payer = _payer(gateway, origin, payment.intent.id)
    frequency = _FREQUENCIES.get(subscription.interval or "", Frequency.monthly)
    lost = _lost_gift(named, payment, origin, payer, frequency, parts)
    if first.id == invoice.id:
        return lost, None
    parts_paid = gateway.payments.list_invoice_payments(first.id)
    paid_by = next((one.payment_intent_id for one in parts_paid if one.payment_intent_id), None)
    paid = gateway.payments.retrieve_payment(paid_by) if paid_by else None
    return lost, PaymentOwner(paid, first)


def _first_invoice(gateway: StripeGateway, origin: GiftOrigin | None, invoice: Invoice) -> Invoice:
    """Return the invoice that began the subscription; without a session, the one given counts as the first."""
    name = origin.session.invoice_id if origin else None
    return gateway.payments.retrieve_invoice(name) if name else replace(invoice, first=True)


def _split(total: int, noted: tuple[int | None, int | None]) -> Parts:
    gift, fee_cover = noted
    if gift and fee_cover is not None and gift + fee_cover == total:
        return gift, fee_cover
    return total, 0


def _payer(gateway: StripeGateway, origin: GiftOrigin | None, payment_intent_id: str) -> Payer:
    """Return who gave. The form's address comes first; the name is the one typed on Stripe's page."""
    typed = origin.payer if origin else Payer()
    if typed.email and typed.name:
        return typed
    known = gateway.payments.retrieve_payer(payment_intent_id)
    return typed.or_else(known)


def _lost_gift(
    named: LostOwner,
    payment: PaymentFact,
    origin: GiftOrigin | None,
    payer: Payer,
    frequency: Frequency,
    parts: Parts,
) -> LostGift:
    page = _PAGE.fullmatch(read_our_url(origin.return_url).path) if origin else None
    form = parse_qs(read_our_url(origin.cancel_url).query) if origin else {}
    language = form.get("lang", [origin.locale if origin else ""])[0]
    return LostGift(
        public_id=named.public_id,
        frequency=frequency.value,
        amount=parts[0],
        fee_cover=parts[1],
        currency=payment.intent.currency,
        created_at=origin.created if origin else payment.intent.created,
        email=payer.email,
        name=payer.name,
        locale=get_language(language).locale,
        code=form.get("code", [""])[0],
        token=page[1] if page else "",
        session_id=origin.session.id if origin else None,
    )


def _apply_events_again(session: Session, public_id: str) -> None:
    """Let the events that named this donation before it was here be applied now."""
    body = func.position(func.convert_to(public_id, "UTF8").op("IN")(InboxEvent.body))
    session.execute(
        update(InboxEvent)
        .where(InboxEvent.state.in_([one.value for one in _UNAPPLIED]), body > 0)
        .values(
            state=InboxState.received.value,
            attempts=0,
            next_attempt_at=clock.now(),
            last_error=None,
        )
        .execution_options(synchronize_session=False)
    )
