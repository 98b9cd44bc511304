"""Live progress: one listener and one snapshot per campaign in each web process, shared by all of its readers.

A reader costs no query: progress is read when PostgreSQL notifies (the ledger's trigger does, in the transaction that
moves the money), and every few seconds because time passes. Under gunicorn's gevent worker, threads are greenlets.
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

from campaign.campaigns.campaigns import find_public_campaign
from campaign.campaigns.extensions import public_extensions
from campaign.campaigns.localized_texts import EMPTY_CONTEXT, PageContext, read_page_context
from campaign.campaigns.progress import Progress, read_progress
from campaign.core import clock
from campaign.core.database import Sessions
from campaign.models import Extension

CHANNEL = "progress"
FRESH = 5.0
"""Seconds after which a snapshot is read again even without a notification."""
CONTEXT_MAX_AGE = 1.0
"""Seconds for which the donor wall and similar content is cached while many gifts arrive."""
PUSH_EVERY = 0.25
"""Minimum seconds between two pushes; changes in between are pushed together."""
KEEP_ALIVE = 15.0
RETRY = 3000
LISTEN_FOR = 0.5
"""Seconds after which the listener stops waiting, to check whether to stop and which snapshots are old."""

log = get_logger(__name__)


@dataclass(frozen=True)
class Snapshot:
    """A campaign's progress as read once, with its JSON bytes and ETag. `read_at` is in monotonic seconds.

    `extensions`: changes of the deadline. `around`: what else the page shows, read at most once a second.
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
        """Return the server-sent event (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
        return b"event: progress\ndata: " + self.body + b"\n\n"


class _Feed:
    """One campaign's snapshot, and the `Event` its readers wait on; each push replaces the event."""

    def __init__(self, slug: str, snapshot: Snapshot) -> None:
        self.slug = slug
        self.snapshot = snapshot
        self.pushed = snapshot.etag
        self.changed = threading.Event()
        self.lock = threading.Lock()

    def push(self) -> None:
        """Wake all waiting readers."""
        self.pushed = self.snapshot.etag
        previous, self.changed = self.changed, threading.Event()
        previous.set()


class LiveProgress:
    """The progress of every campaign that this process has been asked for."""

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
        """Counts notifications: anything rendered under an older number may be out of date."""

    def current(self, slug: str) -> Snapshot:
        """Return the current snapshot; raises NotFound.

        One request reads it for all. If the database fails, the last known snapshot stays; its `as_of` shows its age.
        """
        self._start()
        feed = self._feeds.get(slug)
        if feed is None:
            feed = self._feeds.setdefault(slug, _Feed(slug, self._read(slug)))
        self._refresh(feed)
        return feed.snapshot

    def stream(self, slug: str) -> Iterator[bytes]:
        """Yield server-sent events for one reader: one at once, one on every change, and keep-alive comments."""
        self.current(slug)
        feed = self._feeds[slug]
        yield b"retry: %d\n\n" % RETRY
        sent = ""
        while not self._stopped.is_set():
            changed = feed.changed
            if feed.snapshot.etag != sent:
                sent = feed.snapshot.etag
                yield feed.snapshot.event
            elif not changed.wait(KEEP_ALIVE):
                yield b": still here\n\n"

    def close(self) -> None:
        """Stop listening and end every reader's stream."""
        self._stopped.set()
        for feed in self._feeds.values():
            feed.push()
        if self._listener is not None:
            self._wake_listener()
            self._listener.join(timeout=5)

    def _wake_listener(self) -> None:
        """Notify the listener so that it stops at once; if the database is down, it stops after its timeout."""
        with suppress(SQLAlchemyError), self._sessions.begin() as session:
            session.execute(select(func.pg_notify(CHANNEL, "")))

    def _is_stale(self, feed: _Feed) -> bool:
        aged = time.monotonic() - feed.snapshot.read_at > FRESH
        return aged or not self._listening or feed.slug in self._stale

    def _read(self, slug: str) -> Snapshot:
        read_at = time.monotonic()
        with self._sessions() as session:
            campaign = find_public_campaign(session, slug)
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
        """Read a stale snapshot again; other requests wait for this one read."""
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
        """Listen until closed, reconnecting when the connection is lost; until then, each request reads again."""
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
                    # Requests see the change at once; streams get it with the next push.
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
