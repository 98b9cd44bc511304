"""Remove people from rows that nobody needs any more. `retention` says how long each kind is kept, and why.

Each function handles at most BATCH rows and returns how many it changed; the job runs again soon.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from campaign.mailer.redaction import redact_emails
from campaign.models import (
    DeliveryState,
    Donation,
    DonationState,
    Donor,
    DonorLink,
    DonorMerge,
    DonorSession,
    ErasureRequest,
    FileImport,
    FileImportPart,
    FileImportState,
    GiftElsewhere,
    InboxEvent,
    InboxState,
    LedgerEntry,
    Note,
    OutboxMessage,
    OutboxState,
    StripeRequest,
    Subscription,
    WebhookDelivery,
)
from campaign.privacy.erasure import blank_gifts
from campaign.privacy.event_redaction import redact_events
from campaign.privacy.personal_data_export import DataSubject

BATCH = 2000

EVENTS = timedelta(days=90)
REQUESTS = timedelta(days=90)
DELIVERIES = timedelta(days=90)
ABANDONED = timedelta(days=90)
EMAILS = timedelta(days=3 * 365)
UPLOADS = timedelta(days=2)

_UNPAID = (
    DonationState.pending.value,
    DonationState.declined.value,
    DonationState.expired.value,
    DonationState.failed.value,
)
_WITHOUT_SYNC = {"synchronize_session": False}


def redact_old_events(session: Session, at: datetime) -> int:
    """Remove names and addresses from Stripe's events that were finished EVENTS ago. Payment data stays."""
    ids = session.scalars(
        select(InboxEvent.id)
        .where(
            InboxEvent.redacted_at.is_(None),
            InboxEvent.finished_at < at - EVENTS,
            InboxEvent.state.in_([InboxState.done.value, InboxState.ignored.value]),
        )
        .order_by(InboxEvent.finished_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    redact_events(session, ids)
    session.execute(
        update(InboxEvent)
        .where(InboxEvent.id.in_(ids))
        .values(redacted_at=at)
        .execution_options(**_WITHOUT_SYNC)
    )
    return len(ids)


def redact_old_requests(session: Session, at: datetime) -> int:
    """Remove the address from requests to Stripe of REQUESTS ago: their keys expired long before."""
    named = StripeRequest.parameters.has_key("customer_email")
    ids = select(StripeRequest.id).where(named, StripeRequest.created_at < at - REQUESTS)
    done = session.execute(
        update(StripeRequest)
        .where(StripeRequest.id.in_(ids.limit(BATCH)))
        .values(parameters=StripeRequest.parameters.op("-")("customer_email"))
        .returning(StripeRequest.id)
        .execution_options(**_WITHOUT_SYNC)
    )
    return len(done.all())


def purge_deliveries(session: Session, at: datetime) -> int:
    """Delete deliveries to webhooks that ended, and of which nothing was heard for DELIVERIES."""
    ended = WebhookDelivery.state.in_([DeliveryState.delivered.value, DeliveryState.failed.value])
    ids = (
        select(WebhookDelivery.id)
        .where(ended, WebhookDelivery.occurred_at < at - DELIVERIES)
        .order_by(WebhookDelivery.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    gone = session.execute(
        delete(WebhookDelivery)
        .where(WebhookDelivery.id.in_(ids))
        .returning(WebhookDelivery.id)
        .execution_options(**_WITHOUT_SYNC)
    )
    return len(gone.all())


def redact_old_emails(session: Session, at: datetime) -> int:
    """Remove the recipients of emails that were sent, or given up, EMAILS ago."""
    waiting = [OutboxState.queued.value, OutboxState.sending.value]
    ids = session.scalars(
        select(OutboxMessage.id)
        .where(
            OutboxMessage.created_at < at - EMAILS,
            OutboxMessage.recipient != "",
            OutboxMessage.state.not_in(waiting),
        )
        .order_by(OutboxMessage.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    return redact_emails(session, OutboxMessage.id.in_(ids), "its time was over")


def forget_abandoned_gifts(session: Session, at: datetime) -> int:
    """Remove the person from gifts that were begun ABANDONED ago and never paid; return how many.

    A donor who did nothing else is removed with them.
    """
    gifts = session.scalars(
        select(Donation)
        .where(
            Donation.state.in_(_UNPAID),
            Donation.created_at < at - ABANDONED,
            Donation.email != "",
            ~exists().where(LedgerEntry.donation_id == Donation.id),
            or_(Donation.session_expires_at.is_(None), Donation.session_expires_at < at),
        )
        .order_by(Donation.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    ).all()
    if gifts:
        blank_gifts(session, DataSubject([], [], gifts))
        _forget_donors(session, sorted({one.donor_id for one in gifts}), at)
    return len(gifts)


def _forget_donors(session: Session, ids: list[int], at: datetime) -> None:
    def none_of(column: InstrumentedAttribute[Any], *more: ColumnElement[bool]) -> Any:
        return ~exists().where(column == Donor.id, *more)

    session.execute(
        update(Donor)
        .where(
            Donor.id.in_(ids),
            Donor.erased_at.is_(None),
            Donor.merged_into_id.is_(None),
            Donor.created_at < at - ABANDONED,
            none_of(Donation.donor_id, Donation.email != ""),
            none_of(Donation.donor_id, Donation.state.not_in(_UNPAID)),
            *(
                none_of(column)
                for column in (
                    Subscription.donor_id,
                    Note.donor_id,
                    DonorLink.donor_id,
                    DonorSession.donor_id,
                    ErasureRequest.donor_id,
                    GiftElsewhere.donor_id,
                    DonorMerge.kept_id,
                    DonorMerge.merged_id,
                )
            ),
        )
        .values(email="", name="", address="", erased_at=at)
        .execution_options(**_WITHOUT_SYNC)
    )


def purge_uploads(session: Session, at: datetime) -> int:
    """Delete uploaded files that the job `import-files` left for UPLOADS, as when it does not run."""
    working = [FileImportState.checking.value, FileImportState.importing.value]
    last = func.coalesce(FileImport.lease_until, FileImport.created_at)
    ids = session.scalars(
        select(FileImport.id)
        .where(
            FileImport.created_at < at - UPLOADS,
            or_(FileImport.state.not_in(working), last < at - UPLOADS),
        )
        .with_for_update(skip_locked=True)
    ).all()
    for table, key in (
        (FileImportPart, FileImportPart.file_import_id),
        (FileImport, FileImport.id),
    ):
        session.execute(delete(table).where(key.in_(ids)).execution_options(**_WITHOUT_SYNC))
    return len(ids)
