"""Deliver the outbox: claim a batch, commit, send each email over one connection and commit each result.

This sends receipts and other emails to one person. Campaign emails are sent alongside (`campaign.emails.bulk`) and
never delay them.
"""

import time
from collections.abc import Sequence
from datetime import timedelta

from structlog import get_logger

from campaign.core import clock
from campaign.core.task_queue import OUTBOX
from campaign.emails import bulk_claims
from campaign.emails.attachments import attachments
from campaign.emails.batch_renderer import envelope_sender
from campaign.emails.bulk import BulkRun
from campaign.emails.contexts import ObsoleteEmail, Sender, build_email_context
from campaign.mailer import outbox
from campaign.mailer.headers import QUIET
from campaign.mailer.message import Attachment, build_message
from campaign.mailer.providers.headers import provider_headers
from campaign.mailer.render import RenderedEmail, render_email
from campaign.mailer.transport import Transport
from campaign.runtime.context import Installation

BATCH = 50
MAX_TASK_TIME = timedelta(minutes=5)
"""The sweep continues with the rest. A longer task could be killed while it sends an email."""
CHECK_INTERVAL = 0.5
"""Seconds between checks for other emails while campaign emails are being sent."""

log = get_logger(__name__)


def deliver_due(installation: Installation) -> int:
    """Send until nothing is due or the task's time is up; return the number tried."""
    tried = _deliver_batches(installation)
    with BulkRun(installation) as bulk:
        while not bulk.ended(CHECK_INTERVAL):
            tried += _deliver_batches(installation)
    if bulk.more:
        installation.notify(OUTBOX)
    return tried + bulk.tried


def _deliver_batches(installation: Installation) -> int:
    ends, tried = time.monotonic() + MAX_TASK_TIME.total_seconds(), 0
    while time.monotonic() < ends and (batch := deliver_batch(installation)):
        tried += batch
    return tried


def deliver_batch(installation: Installation) -> int:
    """Send at most one batch of due emails that are not bulk; return the number tried.

    If the mail server is slow, release the messages that were not started in time. A message that is still claimed
    when its lease ends would be sent by another worker too.
    """
    begun = clock.now()
    with installation.sessions.begin() as session:
        claims = outbox.claim_messages(session, begun, BATCH)
    with installation.transport() as transport:
        for tried, claim in enumerate(claims):
            if clock.now() - begun > outbox.TIME_FOR_A_BATCH:
                with installation.sessions.begin() as session:
                    outbox.release(session, claims[tried:], clock.now())
                return tried
            deliver(installation, transport, claim)
    return len(claims)


def deliver(installation: Installation, transport: Transport, claim: outbox.EmailClaim) -> None:
    """Render and send one claimed message and record the outcome. An email that cannot be rendered is retried."""
    failed: Exception | None = None
    try:
        email, files = _render(installation, claim)
        if isinstance(email, ObsoleteEmail):
            with installation.sessions.begin() as session:
                bulk_claims.drop(session, claim, email.reason)
            return
        message = build_message(
            email,
            sender=installation.settings.mail_from,
            recipient=claim.recipient,
            message_id=claim.message_id,
            at=clock.now(),
            headers={
                **QUIET,
                **provider_headers(installation.settings.mail.providers, claim.token, bulk=False),
            },
            attachments=files,
        )
        transport.send(claim.recipient, message, envelope_sender(installation, claim))
    except Exception as error:  # noqa: BLE001 - a fault in one email must not hold up the others
        # The error text may contain the address, so it is kept in the row and not logged.
        log.warning("mail_not_sent", message=claim.id, kind=claim.kind, error=type(error).__name__)
        failed = error
    with installation.sessions.begin() as session:
        bulk_claims.record_outcome(session, claim, failed, clock.now())


def _render(
    installation: Installation, claim: outbox.EmailClaim
) -> tuple[RenderedEmail | ObsoleteEmail, Sequence[Attachment]]:
    sender = Sender(installation.settings.organization, installation.address)
    # A sign-in link is created with its email and must be committed before the email arrives.
    with installation.sessions.begin() as session:
        context = build_email_context(session, claim, sender)
        if isinstance(context, ObsoleteEmail):
            return context, ()
        files = attachments(session, claim, sender.organization)
    return render_email(claim.kind, context), files
