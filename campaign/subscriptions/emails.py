"""The emails about a monthly or yearly gift, put into the outbox with the fact that they tell of."""

import hashlib

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.gateway import Invoice
from campaign.ledger.subscription_donations import first_donation
from campaign.models import OutboxMessage, OutboxState, Subscription

RENEWAL_FAILED = "renewal_failed"
SUBSCRIPTION_ENDED = "subscription_ended"


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
