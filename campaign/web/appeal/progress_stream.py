"""The figure, live: one listener and one snapshot a web process, fanned out to all of its readers.

A reader costs no query: progress is read when PostgreSQL notifies (the ledger's trigger does, in the transaction that
moves the money), and every few seconds for the clock's sake. Under gunicorn's gevent worker threads are green.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import psycopg
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from structlog import get_logger

from campaign.campaigns.campaigns import find_campaign
from campaign.campaigns.extensions import public_extensions
from campaign.campaigns.localized_texts import EMPTY_CONTEXT, PageContext, read_page_context
from campaign.campaigns.progress import Progress, read_progress
from campaign.core import clock
from campaign.core.database import Sessions
from campaign.models import Extension

CHANNEL = "progress"
FRESH = 5.0
"""Seconds after which a snapshot is read again although nobody notified."""
CONTEXT_MAX_AGE = 1.0
"""Seconds for which the wall and the like are kept while gift follows gift."""
PUSH_EVERY = 0.25
"""Seconds between two pushes at most; what happens in between is pushed together."""
KEEP_ALIVE = 15.0
RETRY = 3000
LISTEN_FOR = 0.5
"""Seconds after which the listener looks up from the connection: whether to stop, and what has aged."""

log = get_logger(__name__)


@dataclass(frozen=True)
class Snapshot:
    """One reading: the object for readers, its bytes and its tag. `read_at` is monotonic seconds.

    `extensions`: how the deadline was moved; `around`: what else the page tells, read anew once a second at most.
    """

    progress: Progress
    body: bytes
    etag: str
    read_at: float
    extensions: Sequence[Extension] = ()
    around: PageContext = EMPTY_CONTEXT
    around_at: float = 0.0

    @property
    def event(self) -> bytes:
        """The server-sent event (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
        return b"event: progress\ndata: " + self.body + b"\n\n"


class _Feed:
    """One campaign's snapshot and those who wait for the next push, for which one `Event` is swapped."""

    def __init__(self, slug: str, snapshot: Snapshot) -> None:
        self.slug = slug
        self.snapshot = snapshot
        self.pushed = snapshot.etag
        self.changed = threading.Event()
        self.lock = threading.Lock()

    def push(self) -> None:
        """Wake every reader."""
        self.pushed = self.snapshot.etag
        told, self.changed = self.changed, threading.Event()
        told.set()


class LiveProgress:
    """Progress of every campaign that this process was asked for."""

    def __init__(self, engine: Engine, sessions: Sessions) -> None:
        self._engine = engine
        self._sessions = sessions
        self._feeds: dict[str, _Feed] = {}
        self._stale: set[str] = set()
        self._starting = threading.Lock()
        self._listener: threading.Thread | None = None
        self._listening = False
        self._stopped = threading.Event()
        self.version = 0
        """Counts what was told: whatever was made before the present number may be out of date."""

    def current(self, slug: str) -> Snapshot:
        """The present snapshot; raises NotFound. One reader reads for all; a dead database leaves the last known.

        The snapshot's own `as_of` says how old it is.
        """
        self._start()
        feed = self._feeds.get(slug)
        if feed is None:
            feed = self._feeds.setdefault(slug, _Feed(slug, self._read(slug)))
        self._refresh(feed)
        return feed.snapshot

    def stream(self, slug: str) -> Iterator[bytes]:
        """Server-sent events for one reader: at once, then on every change, with comments in between."""
        self.current(slug)
        feed = self._feeds[slug]
        yield b"retry: %d\n\n" % RETRY
        told = ""
        while not self._stopped.is_set():
            changed = feed.changed
            if feed.snapshot.etag != told:
                told = feed.snapshot.etag
                yield feed.snapshot.event
            elif not changed.wait(KEEP_ALIVE):
                yield b": still here\n\n"

    def close(self) -> None:
        """Stop listening and let every reader go."""
        self._stopped.set()
        for feed in self._feeds.values():
            feed.push()
        if self._listener is not None:
            self._wake_listener()
            self._listener.join(timeout=5)

    def _wake_listener(self) -> None:
        """It need not wait to its end; a database that is down lets it wait."""
        with suppress(SQLAlchemyError), self._sessions.begin() as session:
            session.execute(select(func.pg_notify(CHANNEL, "")))

    def _is_stale(self, feed: _Feed) -> bool:
        aged = time.monotonic() - feed.snapshot.read_at > FRESH
        return aged or not self._listening or feed.slug in self._stale

    def _read(self, slug: str) -> Snapshot:
        read_at = time.monotonic()
        with self._sessions() as session:
            campaign = find_campaign(session, slug)
            progress = read_progress(session, campaign, clock.now())
            moved = public_extensions(session, campaign)
            around, around_at = self._around(slug, session, progress, read_at)
        body, etag = progress.body(), progress.etag()
        return Snapshot(progress, body, etag, read_at, moved, around, around_at)

    def _around(
        self, slug: str, session: Session, progress: Progress, at: float
    ) -> tuple[PageContext, float]:
        feed = self._feeds.get(slug)
        if feed is not None and at - feed.snapshot.around_at < CONTEXT_MAX_AGE:
            return feed.snapshot.around, feed.snapshot.around_at
        return read_page_context(session, progress), at

    def _refresh(self, feed: _Feed) -> None:
        """Read again what is stale; those who come meanwhile wait for this one reading."""
        if not self._is_stale(feed):
            return
        with feed.lock:
            if not self._is_stale(feed):
                return
            self._stale.discard(feed.slug)
            try:
                feed.snapshot = self._read(feed.slug)
            except SQLAlchemyError as error:
                self._stale.add(feed.slug)
                log.warning("progress_not_read", campaign=feed.slug, error=str(error))

    def _start(self) -> None:
        if self._listener is not None:
            return
        with self._starting:
            if self._listener is None:
                self._listener = threading.Thread(target=self._listen, name="progress", daemon=True)
                self._listener.start()

    def _listen(self) -> None:
        """Listen until closed; a lost connection is made again, and readers are served by age meanwhile."""
        while not self._stopped.is_set():
            try:
                self._listen_once()
            except (psycopg.Error, OSError) as error:
                self._listening = False
                log.warning("progress_listener_lost", error=str(error))
                self._stopped.wait(1)

    def _listen_once(self) -> None:
        url = self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            self._mark_all_stale()
            self._listening = True
            next_push = 0.0
            while not self._stopped.is_set():
                wait = next_push - time.monotonic() if self._stale else LISTEN_FOR
                if any(connection.notifies(timeout=max(0.01, wait), stop_after=1)):
                    # At once for who asks; for those who listen, with all that follows in a moment.
                    self._mark_all_stale()
                if time.monotonic() >= next_push:
                    self._push_changes()
                    next_push = time.monotonic() + PUSH_EVERY
        self._listening = False

    def _mark_all_stale(self) -> None:
        self.version += 1
        self._stale.update(self._feeds)

    def _push_changes(self) -> None:
        for feed in list(self._feeds.values()):
            self._refresh(feed)
            if feed.snapshot.etag != feed.pushed:
                feed.push()
