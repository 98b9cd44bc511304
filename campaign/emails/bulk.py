"""Send campaign emails over as many connections as there are free slots. Each email is sent at most once.

`campaign.emails.delivery` starts this and keeps sending receipts in the meantime.
"""

import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.core import clock
from campaign.core.database import Sessions, make_sessions
from campaign.core.errors import CampaignError, MailDelayed, MailUnknown
from campaign.emails import bulk_claims
from campaign.emails.batch_renderer import BatchRenderer, envelope_sender
from campaign.emails.bulk_claims import BulkBatch, SendTerms
from campaign.emails.contexts import ObsoleteEmail
from campaign.emails.rate_limit import SendRate, slot
from campaign.mailer import circuit_breaker, outbox
from campaign.mailer.outbox import EmailClaim
from campaign.mailer.transport import Transport
from campaign.models import MailLane, OutboxMessage
from campaign.outreach.eligibility import WINDOWS
from campaign.runtime.context import Installation

BATCH = 50
MAX_RUN_TIME = timedelta(seconds=15)
"""After this the task ends and queues another, so that other tasks get a worker."""
MAX_THREADS = 8
"""Per process. Each thread holds two database connections, and more threads would not send faster."""
MESSAGES_PER_CONNECTION = 10
"""Open another connection only if each one has at least this many messages."""
CLAIM_AHEAD = 10.0
"""Seconds. With a rate limit, claim no more than can be sent in this time."""

log = get_logger(__name__)


class BulkRun:
    """A context manager for threads that send campaign emails, one per slot, until nothing is due or time is up.

    Leaving the block waits for the threads and raises any error they had.
    """

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._ends = time.monotonic() + MAX_RUN_TIME.total_seconds()
        self._threads = ThreadPoolExecutor(MAX_THREADS, "bulk")
        self._futures: list[Future[int]] = []
        self.tried = 0

    def __enter__(self) -> "BulkRun":
        for _ in range(_wanted_connections(self._installation)):
            self._futures.append(self._threads.submit(deliver_bulk, self._installation, self._ends))
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()
        self.tried = sum(future.result() for future in self._futures)

    def ended(self, seconds: float) -> bool:
        """Wait up to `seconds` and return whether all threads have ended."""
        return not wait(self._futures, seconds).not_done

    @property
    def more(self) -> bool:
        """Whether emails may remain because time ran out."""
        return self.tried > 0 and time.monotonic() >= self._ends


def _wanted_connections(installation: Installation) -> int:
    """Return how many connections to open: 0 if nothing is due, otherwise as many as the queue justifies."""
    most = min(MAX_THREADS, installation.settings.mail.connections)
    some = (
        select(OutboxMessage.id)
        .where(outbox.due(clock.now(), bulk=True))
        .limit(most * MESSAGES_PER_CONNECTION)
    )
    with installation.sessions() as session:
        found = session.scalar(select(func.count()).select_from(some.subquery())) or 0
    return min(most, -(-found // MESSAGES_PER_CONNECTION))


def deliver_bulk(installation: Installation, ends: float) -> int:
    """If a slot is free, send batches over one connection until `ends` (monotonic time); return the number tried."""
    tried = 0
    with slot(installation.engine, installation.settings.mail.connections) as free:
        if not free:
            return 0
        pace = SendRate(installation.settings.mail)
        with installation.transport() as transport:
            while time.monotonic() < ends:
                found = _deliver_batch(installation, transport, pace, ends)
                tried += found
                if not found:
                    break
        pace.rest()
    return tried


def _deliver_batch(
    installation: Installation, transport: Transport, pace: SendRate, ends: float
) -> int:
    """Return the number tried or closed; 0 if nothing is due or the mail server sends nothing."""
    size = min(BATCH, max(1, int(CLAIM_AHEAD / pace.interval))) if pace.interval else BATCH
    begun = clock.now()
    # One connection for the whole batch: each checkout from the pool would test the connection again.
    with installation.engine.connect() as connection:
        sessions = make_sessions(connection)
        sessions.configure(info={WINDOWS: {}})
        batch = _claim(sessions, begun, size)
        if batch.claims and not _reached(sessions, transport, batch.claims):
            return 0
        post = BulkSender(installation, sessions, transport, pace)
        for tried, claim in enumerate(batch.claims):
            late = clock.now() - begun > outbox.TIME_FOR_A_BATCH
            over = late or (tried > 0 and time.monotonic() >= ends)
            if over:
                post.settle()
            if over or not post.deliver(claim):
                with sessions.begin() as session:
                    outbox.release(session, batch.claims[tried:], clock.now())
                return tried + batch.settled
        post.settle()
    return len(batch.claims) + batch.settled


def _claim(sessions: Sessions, at: datetime, size: int) -> BulkBatch:
    """Claim a batch, unless the mail server refuses everybody and its next try is not due yet."""
    with sessions.begin() as session:
        turn = circuit_breaker.take_turn(session, MailLane.bulk, at)
        if not turn.allowed:
            return BulkBatch([], 0)
        batch = bulk_claims.claim_bulk(session, at, size)
        if batch.claims:
            turn.use(session, at)
        return batch


def _reached(sessions: Sessions, transport: Transport, claims: list[EmailClaim]) -> bool:
    """Return whether the mail server can be reached; if not, postpone the whole batch."""
    try:
        transport.open()
    except MailDelayed as error:
        log.warning("mail_server_unreachable", error=str(error))
        with sessions.begin() as session:
            for claim in claims:
                bulk_claims.record_outcome(session, claim, error, clock.now())
        return False
    return True


class BulkSender:
    """Sends emails one after the other. The outcome of each is saved together with the start of the next."""

    def __init__(
        self, installation: Installation, sessions: Sessions, transport: Transport, pace: SendRate
    ) -> None:
        self._installation = installation
        self._sessions = sessions
        self._transport = transport
        self._pace = pace
        self._renderer = BatchRenderer(installation)
        self._ended: tuple[EmailClaim, Exception | None, str] | None = None
        self._stopped = False
        self._cap = installation.settings.mail.email_cap

    def deliver(self, claim: EmailClaim) -> bool:
        """Render the email, check again that it is wanted, mark it as started and send it.

        Return False, and leave the email as it is, if the mail server refused the last one like everybody's.
        """
        try:
            message = self._renderer.message(claim)
            if self._pace.waits:
                self.settle()
            self._pace.wait()
            begun = self._begin(claim, message)
        except Exception as error:  # noqa: BLE001 - a fault in one email must not hold up the others
            self.settle()
            self._ended = claim, error, self._transport.connection
            self.settle()
            return True
        if begun and isinstance(message, bytes):
            found = self._hand_over(claim, message)
            self._ended = claim, found, self._transport.connection
        return not self._stopped

    def settle(self) -> None:
        """Save the outcome of the last email."""
        with self._sessions.begin() as session:
            self._keep(session)
        self._ended = None

    def _begin(self, claim: EmailClaim, message: bytes | ObsoleteEmail) -> bool:
        with self._sessions.begin() as session:
            self._keep(session)
            if self._stopped:
                begun = False
            elif isinstance(message, ObsoleteEmail):
                bulk_claims.drop(session, claim, message.reason)
                begun = False
            else:
                terms = SendTerms(self._cap, self._renderer.deadline(claim))
                begun = bulk_claims.begin_bulk(session, claim, clock.now(), terms)
        self._ended = None
        return begun

    def _keep(self, session: Session) -> None:
        if self._ended is None:
            return
        claim, error, connection = self._ended
        if error is not None:
            # The error text may contain the address, so it is kept in the row and not logged.
            log.warning(
                "mail_not_sent", message=claim.id, kind=claim.kind, error=type(error).__name__
            )
        self._stopped = bulk_claims.record_outcome(
            session, claim, error, clock.now(), connection=connection
        )

    def _hand_over(self, claim: EmailClaim, message: bytes) -> Exception | None:
        """Send the message and return the error, if any. Any uncertain outcome is a MailUnknown."""
        try:
            bounces = envelope_sender(self._installation, claim)
            self._transport.send(claim.recipient, message, bounces)
        except CampaignError as error:
            return error
        except Exception as error:  # noqa: BLE001 - it may have arrived
            return MailUnknown(repr(error))
        return None
