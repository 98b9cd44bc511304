"""Count visits to the appeal by the code in the address, in memory, and save the counts every few seconds. No cookies.

These are only counts. A killed process loses the last few seconds of them; no money depends on them.
"""

import atexit
import re
import threading
from collections import Counter
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

from campaign.core.database import Sessions
from campaign.models import Campaign, CodeVisit

EVERY = 5.0
"""Seconds between two saves."""
MOST_CODES = 500
"""Codes per campaign and day, so that invented codes cannot fill the table."""
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9/_.-]{0,59}\Z")

log = get_logger(__name__)


class VisitCounter:
    """This process's counts that are not saved yet."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._counts: Counter[tuple[int, str, date]] = Counter()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._writer: threading.Thread | None = None

    def count(self, campaign: Campaign, code: str, at: datetime) -> None:
        """Count a visit with `code`; ignore text that does not look like a code."""
        if not _CODE.match(code):
            return
        day = at.astimezone(campaign.zone).date()
        with self._lock:
            if len(self._counts) < MOST_CODES * 4:
                self._counts[campaign.id, code, day] += 1
            if self._writer is None and not self._stopped.is_set():
                self._writer = threading.Thread(target=self._write, name="visits", daemon=True)
                self._writer.start()
                atexit.register(self.close)

    def flush(self) -> None:
        """Save the counts; if that fails, keep them for the next save."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        if not counts:
            return
        try:
            self._add(counts)
        except SQLAlchemyError as error:
            with self._lock:
                self._counts += counts
            log.warning("visits_not_saved", error=str(error))

    def close(self) -> None:
        """Save the remaining counts and stop."""
        self._stopped.set()
        if self._writer is not None:
            self._writer.join(timeout=5)
        self.flush()

    def _write(self) -> None:
        while not self._stopped.wait(EVERY):
            self.flush()

    def _add(self, counts: Counter[tuple[int, str, date]]) -> None:
        with self._sessions.begin() as session:
            for (campaign_id, day), codes in _grouped(counts).items():
                known = set(
                    session.scalars(
                        select(CodeVisit.code).where(
                            CodeVisit.campaign_id == campaign_id, CodeVisit.day == day
                        )
                    )
                )
                room = MOST_CODES - len(known)
                # Sorted, so that two processes lock rows in the same order and cannot deadlock.
                for code in sorted(codes):
                    if code not in known:
                        if room <= 0:
                            continue
                        room -= 1
                    row = insert(CodeVisit).values(
                        campaign_id=campaign_id, code=code, day=day, visits=codes[code]
                    )
                    session.execute(
                        row.on_conflict_do_update(
                            index_elements=[CodeVisit.campaign_id, CodeVisit.code, CodeVisit.day],
                            set_={"visits": CodeVisit.visits + row.excluded.visits},
                        )
                    )


def _grouped(counts: Counter[tuple[int, str, date]]) -> dict[tuple[int, date], dict[str, int]]:
    found: dict[tuple[int, date], dict[str, int]] = {}
    for (campaign_id, code, day), number in sorted(counts.items()):
        found.setdefault((campaign_id, day), {})[code] = number
    return found
