"""Emails about a monthly or yearly gift, queued in the transaction that records what they report."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from campaign.gateway import Invoice
from campaign.ledger.subscription_donations import first_donation
from campaign.mailer.kinds import EmailKind
from campaign.mailer.queue import NewEmail, queue_email
from campaign.models import OutboxMessage, OutboxState, Subscription


def queue_renewal_failed(
    session: Session,
    subscription: Subscription,
    invoice: Invoice,
    mail_domain: str,
    *,
    to_confirm: bool = False,
) -> None:
    """Queue one email for each failed attempt to charge an invoice.

    `to_confirm`: the bank wants the donor to confirm the payment. Stripe reports such an attempt as failed too, in any
    order; the donor gets one email, which says what the bank wants unless the other one was sent already.
    """
    key = f"{invoice.id}:{invoice.attempts}"
    details = {"confirm": True} if to_confirm else {}
    new = _queue(session, EmailKind.renewal_failed, key, subscription, mail_domain, details)
    if to_confirm and not new:
        session.execute(
            update(OutboxMessage)
            .where(
                OutboxMessage.kind == EmailKind.renewal_failed.value,
                OutboxMessage.subject_key == key,
                OutboxMessage.state == OutboxState.queued.value,
            )
            .values(details=details)
            .execution_options(synchronize_session=False)
        )


def queue_subscription_ended(
    session: Session, subscription: Subscription, mail_domain: str
) -> None:
    """Queue one email when a monthly or yearly gift is canceled."""
    key = subscription.stripe_id
    _queue(session, EmailKind.subscription_ended, key, subscription, mail_domain)


def _queue(
    session: Session,
    kind: EmailKind,
    key: str,
    subscription: Subscription,
    mail_domain: str,
    details: Mapping[str, Any] | None = None,
) -> bool:
    email = NewEmail(
        kind=kind,
        subject_key=key,
        recipient=first_donation(session, subscription).email,
        subscription_id=subscription.id,
        details=details or {},
    )
    return queue_email(session, email, mail_domain)
