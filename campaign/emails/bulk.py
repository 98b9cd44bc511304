"""Bulk mail's edge: as many connections as there are free slots, and on each, letter after letter, begun at most once.

`campaign.emails.delivery` starts it, and goes on sending receipts meanwhile.
"""

import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.core import clock
from campaign.core.database import Sessions, make_sessions
from campaign.core.errors import CampaignError, MailDelayed, MailUnknown
from campaign.emails import bulk_claims
from campaign.emails.batch_renderer import BatchRenderer, envelope_sender
from campaign.emails.contexts import ObsoleteEmail
from campaign.emails.rate_limit import SendRate, slot
from campaign.mailer import outbox
from campaign.mailer.outbox import EmailClaim
from campaign.mailer.transport import Transport
from campaign.models import OutboxMessage
from campaign.outreach.eligibility import WINDOWS
from campaign.runtime.context import Installation

BATCH = 50
MAX_RUN_TIME = timedelta(seconds=15)
"""Then the task ends and asks for another, so that what else waits for a worker has its turn."""
MAX_THREADS = 8
"""In one process: each holds two connections to the database, and more would not send faster."""
MESSAGES_PER_CONNECTION = 10
"""For fewer messages each, no further connection is opened."""
CLAIM_AHEAD = 10.0
"""Seconds: where a rate is set, no more is claimed than goes out in this time."""

log = get_logger(__name__)


class BulkRun:
    """Threads that send bulk mail, one a slot, until nothing is due or the time is over. A context manager.

    Leaving the block waits for them; an error of theirs is raised then.
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
        """Whether all threads have ended, within `seconds`."""
        return not wait(self._futures, seconds).not_done

    @property
    def more(self) -> bool:
        """Something may be left: the time was over, not the work."""
        return self.tried > 0 and time.monotonic() >= self._ends


def _wanted_connections(installation: Installation) -> int:
    """None where nothing is due; else no more than are worth their while."""
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
    """Batch by batch over one connection, where a slot is free, until `ends` (monotonic); the number tried."""
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
    """The number that was tried or settled; 0 where nothing is due, or the mail server cannot be reached."""
    size = min(BATCH, max(1, int(CLAIM_AHEAD / pace.interval))) if pace.interval else BATCH
    begun = clock.now()
    # One connection for all of it: taking one from the pool for each letter costs a look whether it still lives.
    with installation.engine.connect() as connection:
        sessions = make_sessions(connection)
        sessions.configure(info={WINDOWS: {}})
        with sessions.begin() as session:
            batch = bulk_claims.claim_bulk(session, begun, size)
        if batch.claims and not _reached(sessions, transport, batch.claims):
            return 0
        post = BulkSender(installation, sessions, transport, pace)
        for tried, claim in enumerate(batch.claims):
            late = clock.now() - begun > outbox.TIME_FOR_A_BATCH
            if late or (tried and time.monotonic() >= ends):
                post.settle()
                with sessions.begin() as session:
                    outbox.release(session, batch.claims[tried:], clock.now())
                return tried + batch.settled
            post.deliver(claim)
        post.settle()
    return len(batch.claims) + batch.settled


def _reached(sessions: Sessions, transport: Transport, claims: list[EmailClaim]) -> bool:
    """No letter is begun before there is a connection; without one the whole batch waits."""
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
    """Letters handed over one after the other. What became of one is kept with the beginning of the next."""

    def __init__(
        self, installation: Installation, sessions: Sessions, transport: Transport, pace: SendRate
    ) -> None:
        self._installation = installation
        self._sessions = sessions
        self._transport = transport
        self._pace = pace
        self._letters = BatchRenderer(installation)
        self._ended: tuple[EmailClaim, Exception | None] | None = None

    def deliver(self, claim: EmailClaim) -> None:
        """The letter is made, looked at once more, begun, and handed over."""
        try:
            message = self._letters.message(claim)
            if self._pace.waits:
                self.settle()
            self._pace.wait()
            begun = self._begin(claim, message)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one letter must not hold up the others
            self.settle()
            self._ended = claim, error
            self.settle()
            return
        if begun and isinstance(message, bytes):
            self._ended = claim, self._hand_over(claim, message)

    def settle(self) -> None:
        """Keep what became of the last letter."""
        with self._sessions.begin() as session:
            self._keep(session)
        self._ended = None

    def _begin(self, claim: EmailClaim, message: bytes | ObsoleteEmail) -> bool:
        with self._sessions.begin() as session:
            self._keep(session)
            if isinstance(message, ObsoleteEmail):
                bulk_claims.drop(session, claim, message.reason)
                begun = False
            else:
                begun = bulk_claims.begin_bulk(session, claim, clock.now())
        self._ended = None
        return begun

    def _keep(self, session: Session) -> None:
        if self._ended is None:
            return
        claim, error = self._ended
        if error is not None:
            # The words may hold the address: they stand in the row.
            log.warning(
                "mail_not_sent", message=claim.id, kind=claim.kind, error=type(error).__name__
            )
        bulk_claims.record_outcome(session, claim, error, clock.now())

    def _hand_over(self, claim: EmailClaim, message: bytes) -> Exception | None:
        """What went wrong, if anything did. It is begun: all that is not certain is MailUnknown."""
        try:
            bounces = envelope_sender(self._installation, claim)
            self._transport.send(claim.recipient, message, bounces)
        except CampaignError as error:
            return error
        except Exception as error:  # noqa: BLE001 - nobody can say that it did not arrive
            return MailUnknown(repr(error))
        return None
