"""Emails about a monthly or yearly gift, queued in the transaction that records what they report."""

from sqlalchemy.orm import Session

from campaign.gateway import Invoice
from campaign.ledger.subscription_donations import first_donation
from campaign.mailer.kinds import EmailKind
from campaign.mailer.queue import NewEmail, queue_email
from campaign.models import Subscription


def queue_renewal_failed(
    session: Session, subscription: Subscription, invoice: Invoice, mail_domain: str
) -> None:
    """Queue one email for each failed attempt to charge an invoice."""
    key = f"{invoice.id}:{invoice.attempts}"
    _queue(session, EmailKind.renewal_failed, key, subscription, mail_domain)


def queue_subscription_ended(
    session: Session, subscription: Subscription, mail_domain: str
) -> None:
    """Queue one email when a monthly or yearly gift is canceled."""
    key = subscription.stripe_id
    _queue(session, EmailKind.subscription_ended, key, subscription, mail_domain)


def _queue(
    session: Session, kind: EmailKind, key: str, subscription: Subscription, mail_domain: str
) -> None:
    email = NewEmail(
        kind=kind,
        subject_key=key,
        recipient=first_donation(session, subscription).email,
        subscription_id=subscription.id,
    )
    queue_email(session, email, mail_domain)
