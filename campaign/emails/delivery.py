"""The outbox's edge: claim a batch, commit, hand each letter over on one connection, commit each result.

Receipts and whatever else one person waits for; bulk mail goes beside it (`campaign.emails.bulk`) and never before it.
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
from campaign.mailer.render import RenderedEmail, render_email
from campaign.mailer.transport import Transport
from campaign.runtime.context import Installation

BATCH = 50
MAX_TASK_TIME = timedelta(minutes=5)
"""The sweep goes on with the rest; a task that ran longer would be killed in the middle of a letter."""
CHECK_INTERVAL = 0.5
"""Seconds after which, while bulk mail goes out, it is looked again for what must not wait for it."""

log = get_logger(__name__)


def deliver_due(installation: Installation) -> int:
    """Send until nothing is due, or for as long as one task should take; the number tried."""
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
    """Send what is due and not bulk, at most one batch; the number of messages that were tried.

    Where the mail server is slow, what was not begun in time is given back: a letter still claimed when its lease
    ends would be sent by another worker too.
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
    """Render and send one claimed message and keep what happened. A letter that cannot be rendered is tried again."""
    failed: Exception | None = None
    try:
        letter, files = _letter(installation, claim)
        if isinstance(letter, ObsoleteEmail):
            with installation.sessions.begin() as session:
                bulk_claims.drop(session, claim, letter.reason)
            return
        message = build_message(
            letter,
            sender=installation.settings.mail_from,
            recipient=claim.recipient,
            message_id=claim.message_id,
            at=clock.now(),
            headers=QUIET,
            attachments=files,
        )
        transport.send(claim.recipient, message, envelope_sender(installation, claim))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one letter must not hold up the others
        # The words may hold the address: they stand in the row.
        log.warning("mail_not_sent", message=claim.id, kind=claim.kind, error=type(error).__name__)
        failed = error
    with installation.sessions.begin() as session:
        bulk_claims.record_outcome(session, claim, failed, clock.now())


def _letter(
    installation: Installation, claim: outbox.EmailClaim
) -> tuple[RenderedEmail | ObsoleteEmail, Sequence[Attachment]]:
    sender = Sender(installation.settings.organization, installation.address)
    # A sign-in link is made with its letter, and must stand before the letter arrives.
    with installation.sessions.begin() as session:
        context = build_email_context(session, claim, sender)
        if isinstance(context, ObsoleteEmail):
            return context, ()
        files = attachments(session, claim, sender.organization)
    return render_email(claim.kind, context), files
