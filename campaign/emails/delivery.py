"""Deliver the outbox: claim a batch, commit, send each email over one connection and commit each result.

This sends receipts and other emails to one person. Campaign emails are sent alongside (`campaign.emails.bulk`) and
never delay them.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta

from structlog import get_logger

from campaign.core import clock
from campaign.core.errors import MailDelayed, MailTooLarge
from campaign.core.task_queue import OUTBOX
from campaign.emails import bulk_claims
from campaign.emails.attachments import attachments
from campaign.emails.batch_renderer import envelope_sender
from campaign.emails.bulk import BulkRun
from campaign.emails.contexts import ObsoleteEmail, Sender, build_email_context
from campaign.mailer import circuit_breaker, outbox
from campaign.mailer.headers import QUIET
from campaign.mailer.message import Attachment, build_message
from campaign.mailer.providers.headers import provider_headers
from campaign.mailer.render import RenderedEmail, render_email
from campaign.mailer.transport import Transport
from campaign.models import MailLane
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
    with installation.sessions.begin() as session:
        bulk_claims.forget_refused(session)
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

    If the mail server is slow or refuses everybody, release the messages that were not started. A message that is still
    claimed when its lease ends would be sent by another worker too.
    """
    begun = clock.now()
    claims = _claim(installation, begun)
    with installation.transport() as transport:
        for tried, claim in enumerate(claims):
            if clock.now() - begun > outbox.TIME_FOR_A_BATCH:
                _release(installation, claims[tried:])
                return tried
            stop = deliver(installation, transport, claim)
            if transport.unreachable is not None:
                _postpone(installation, claims[tried + 1 :], transport.unreachable)
                return len(claims)
            if stop:
                _release(installation, claims[tried + 1 :])
                return tried + 1
    return len(claims)


def _claim(installation: Installation, at: datetime) -> Sequence[outbox.EmailClaim]:
    with installation.sessions.begin() as session:
        for refused in circuit_breaker.end_old_rows(session, at):
            bulk_claims.forget(session, refused)
        turn = circuit_breaker.take_turn(session, MailLane.single, at)
        claims = outbox.claim_messages(session, at, BATCH) if turn.allowed else ()
        if claims:
            turn.use(session, at)
        return claims


def _postpone(
    installation: Installation, claims: Sequence[outbox.EmailClaim], error: MailDelayed
) -> None:
    """Postpone the rest of a batch: a server that cannot be reached is not asked again for each."""
    with installation.sessions.begin() as session:
        for claim in claims:
            bulk_claims.record_outcome(session, claim, error, clock.now())


def _release(installation: Installation, claims: Sequence[outbox.EmailClaim]) -> None:
    with installation.sessions.begin() as session:
        outbox.release(session, claims, clock.now())


def deliver(installation: Installation, transport: Transport, claim: outbox.EmailClaim) -> bool:
    """Render and send one claimed message and record the outcome. An email that cannot be rendered is retried.

    Return whether the mail server refuses everybody.
    """
    failed: Exception | None = None
    try:
        if not _send(installation, transport, claim):
            return False
    except Exception as error:  # noqa: BLE001 - a fault in one email must not hold up the others
        # The error text may contain the address, so it is kept in the row and not logged.
        log.warning("mail_not_sent", message=claim.id, kind=claim.kind, error=type(error).__name__)
        failed = error
    with installation.sessions.begin() as session:
        return bulk_claims.record_outcome(
            session, claim, failed, clock.now(), connection=transport.connection
        )


def _send(installation: Installation, transport: Transport, claim: outbox.EmailClaim) -> bool:
    """Send the email; return False if it is obsolete and was dropped.

    If it is too large for the mail server, send it once more without its attachments and say where they are.
    """
    email, files = _render(installation, claim)
    if isinstance(email, ObsoleteEmail):
        with installation.sessions.begin() as session:
            bulk_claims.drop(session, claim, email.reason)
        return False
    try:
        _hand_over(installation, transport, claim, email, files)
    except MailTooLarge:
        if not files:
            raise
        log.warning("mail_sent_without_attachment", message=claim.id, kind=claim.kind)
        email, _ = _render(installation, claim, attached=False)
        if isinstance(email, RenderedEmail):
            _hand_over(installation, transport, claim, email, ())
    return True


def _hand_over(
    installation: Installation,
    transport: Transport,
    claim: outbox.EmailClaim,
    email: RenderedEmail,
    files: Sequence[Attachment],
) -> None:
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


def _render(
    installation: Installation, claim: outbox.EmailClaim, *, attached: bool = True
) -> tuple[RenderedEmail | ObsoleteEmail, Sequence[Attachment]]:
    sender = Sender(installation.settings.organization, installation.address)
    # A sign-in link is created with its email and must be committed before the email arrives.
    with installation.sessions.begin() as session:
        context = build_email_context(session, claim, sender)
        if isinstance(context, ObsoleteEmail):
            return context, ()
        files = attachments(session, claim, sender.organization) if attached else ()
    return render_email(claim.kind, {**context, "attached": attached}), files
