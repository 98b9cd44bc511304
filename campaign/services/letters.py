"""The letters: what each kind tells, from which rows, and when there is nothing to tell any more.

The outbox's edge asks for a letter when its turn comes, so it always says how things stand then.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign import money
from campaign.config import Organization
from campaign.gateway import Invoice
from campaign.models import (
    Donation,
    Frequency,
    OutboxMessage,
    OutboxState,
    Receipt,
    Subscription,
    SubscriptionState,
)
from campaign.services.outbox import RECEIPT, Claim
from campaign.services.receipts import receipt_context
from campaign.services.subscriptions import first_donation

RENEWAL_FAILED = "renewal_failed"
SUBSCRIPTION_ENDED = "subscription_ended"

EVERY = {Frequency.monthly.value: "month", Frequency.yearly.value: "year"}

PAYMENT_FAILED = "payment_failed"
"""The reason that Stripe gives when it has tried long enough:
https://docs.stripe.com/api/subscriptions/object#subscription_object-cancellation_details-reason"""


@dataclass(frozen=True)
class Sender:
    """Whose letters these are, and how a path becomes a public address."""

    organization: Organization
    address: Callable[[str], str]


@dataclass(frozen=True)
class Pointless:
    """Why a letter need not be sent any more."""

    reason: str


def queue_renewal_failed(
    session: Session, subscription: Subscription, invoice: Invoice, mail_domain: str
) -> None:
    """One letter for each failed try to charge an invoice."""
    key = f"{invoice.id}:{invoice.attempts}"
    _queue(session, RENEWAL_FAILED, key, subscription, mail_domain)


def queue_ended(session: Session, subscription: Subscription, mail_domain: str) -> None:
    """One letter for the end of a monthly gift."""
    _queue(session, SUBSCRIPTION_ENDED, subscription.stripe_id, subscription, mail_domain)


def _queue(
    session: Session, kind: str, key: str, subscription: Subscription, mail_domain: str
) -> None:
    """The Message-ID follows from what the letter is about, and tells it to nobody."""
    digest = hashlib.sha256(f"{kind}\x1f{key}\x1f{subscription.token}".encode()).hexdigest()[:24]
    session.execute(
        insert(OutboxMessage)
        .values(
            kind=kind,
            subject_key=key,
            subscription_id=subscription.id,
            recipient=first_donation(session, subscription).email,
            message_id=f"<{kind.replace('_', '-')}-{digest}@{mail_domain}>",
            state=OutboxState.queued.value,
        )
        .on_conflict_do_nothing(index_elements=["kind", "subject_key"])
    )


def letter_context(session: Session, claim: Claim, sender: Sender) -> dict[str, Any] | Pointless:
    """What the template of the claimed message's kind is filled with; or that it has become pointless."""
    shared = {"organization": sender.organization, "locale": "en"}
    if claim.kind == RECEIPT:
        return shared | _receipt(session, claim, sender)
    subscription = session.get_one(Subscription, claim.subscription_id)
    pointless = _pointless(session, claim, subscription)
    return Pointless(pointless) if pointless else shared | _gift(session, subscription, sender)


def _receipt(session: Session, claim: Claim, sender: Sender) -> dict[str, Any]:
    receipt = session.get_one(Receipt, claim.receipt_id)
    subscription = receipt.donation.subscription
    return {
        "receipt": receipt_context(receipt),
        "receipt_url": sender.address(f"/receipts/{receipt.token}"),
        "donation_frequency": receipt.donation.frequency,
        "subscription_url": _page(subscription, sender) if subscription else "",
    }


def _page(subscription: Subscription, sender: Sender) -> str:
    return sender.address(f"/subscriptions/{subscription.token}")


def _pointless(session: Session, claim: Claim, subscription: Subscription) -> str:
    """Why the letter has nothing to tell any more; empty where it has."""
    if claim.kind == SUBSCRIPTION_ENDED:
        given = exists().where(
            Donation.subscription_id == subscription.id, Donation.paid_at.is_not(None)
        )
        return "" if session.scalar(select(given)) else "nothing was ever given"
    invoice_id, _, attempt = claim.subject_key.rpartition(":")
    if subscription.state == SubscriptionState.ended:
        return "the monthly gift has ended"
    if subscription.failed_invoice_id != invoice_id:
        return "the renewal has been paid, or is no longer asked for"
    if _later_try(session, invoice_id, int(attempt)):
        return "a later try failed too, and has its own letter"
    return ""


def _later_try(session: Session, invoice_id: str, attempt: int) -> bool:
    keys = session.scalars(
        select(OutboxMessage.subject_key).where(
            OutboxMessage.kind == RENEWAL_FAILED,
            OutboxMessage.subject_key.startswith(f"{invoice_id}:", autoescape=True),
        )
    )
    return any(int(key.rpartition(":")[2]) > attempt for key in keys)


def _gift(session: Session, subscription: Subscription, sender: Sender) -> dict[str, Any]:
    zone = ZoneInfo(sender.organization.timezone)
    given_up = subscription.end_reason == PAYMENT_FAILED
    return {
        "donor_name": first_donation(session, subscription).name,
        "amount_text": money.format_money(subscription.charge, subscription.currency),
        "every": EVERY[subscription.frequency],
        "frequency": subscription.frequency,
        "failed_date_text": _written(subscription.failed_at, zone),
        "ended_date_text": _written(subscription.ended_at, zone),
        "given_up": given_up,
        "mend_url": subscription.mend_url or "",
        "subscription_url": _page(subscription, sender),
        "give_url": sender.address("/"),
    }


def _written(moment: datetime | None, zone: ZoneInfo) -> str:
    if moment is None:
        return ""
    return str(format_date(moment.astimezone(zone).date(), "long", locale="en"))
