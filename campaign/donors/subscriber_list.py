"""The list of subscribers: a search, a giving segment and a status, newest first, page by page, or all as an export."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, cast, exists, false, func, select, true
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from campaign.core.input_limits import one_line
from campaign.donors.keyset_paging import Cursor, Keys, Listing, read_keys
from campaign.donors.search_query import LONGEST, Condition, Entity, Search, prefix_query
from campaign.models import Subscriber, Suppression
from campaign.outreach.giving_segments import GivingSegment, in_segment
from campaign.outreach.subscribers import COLUMNS

EXPORT_COLUMNS = (*COLUMNS, "suppressed", "giving")
"""The columns of `subscribers import`, the reason why the address gets no campaign emails, and how the person gives."""

CHUNK = 1000
"""Rows of an export held in memory at once."""


class SubscriberStatus(StrEnum):
    """Whether campaign emails may go to a subscriber at all. A suppression for one campaign does not count."""

    reachable = "reachable"
    suppressed = "suppressed"


@dataclass(frozen=True)
class SubscriberFilters:
    """What to list: words or an address (`text`), a segment, a status. None and '' do not filter."""

    text: str = ""
    segment: GivingSegment | None = None
    status: SubscriberStatus | None = None

    def near(self, one: Entity) -> ColumnElement[bool]:
        """Return the segment, which an index in the order of the list supports."""
        return in_segment(self.segment, one.giving) if self.segment else true()

    def rest(self, one: Entity) -> ColumnElement[bool]:
        """Return the condition of the status."""
        return _has_status(self.status, func.lower(one.email))


@dataclass(frozen=True)
class SubscriberRow:
    """One subscriber in the list. `giving` is a `Giving`; `suppressed` is the reason for all campaigns, or ''."""

    id: int
    email: str
    name: str
    locale: str
    consent_source: str
    consent_at: datetime
    giving: str
    suppressed: str


def find_subscribers(
    session: Session, filters: SubscriberFilters, cursor: Cursor
) -> tuple[Sequence[SubscriberRow], Keys]:
    """Return a page of the subscribers that match, and the keys of the neighboring pages."""
    text = _text_condition(session, filters.text)
    search = None
    if text is not None or filters.status:
        # A status is like a common or a rare word: neither the newest rows first nor an index alone is always fast.
        search = Search(text or (lambda _one: true()), words=True)
    listing = Listing(Subscriber, ("id",), filters.near, filters.rest)
    keys = read_keys(session, listing, search, cursor)
    return _rows(session, keys.ids), keys


def export_subscribers(
    session: Session, filters: SubscriberFilters
) -> Iterator[dict[str, str | datetime | None]]:
    """Stream all subscribers that match with the columns EXPORT_COLUMNS, oldest first."""
    condition = _text_condition(session, filters.text) or (lambda _one: true())
    address = func.lower(Subscriber.email)
    query = (
        select(
            *(getattr(Subscriber, name) for name in COLUMNS),
            _suppressed(address).label("suppressed"),
            Subscriber.giving,
        )
        .where(filters.near(Subscriber), filters.rest(Subscriber), condition(Subscriber))
        .order_by(Subscriber.id)
        .execution_options(yield_per=CHUNK)
    )
    for row in session.execute(query).mappings():
        yield dict(row)


def _text_condition(session: Session, text: str) -> Condition | None:
    """Return the condition of the search box: a whole address, or the beginnings of words of name and address."""
    text = one_line(text, LONGEST)
    if not text:
        return None
    known = "@" in text and session.scalar(
        select(exists().where(func.lower(Subscriber.email) == text.lower()))
    )
    if known:
        return lambda one: func.lower(one.email) == text.lower()
    words = prefix_query(session, text)
    return lambda one: and_(
        true() if words else false(),
        *(one.words.op("@@", is_comparison=True)(cast(query, TSQUERY)) for query in words),
    )


def _has_status(
    status: SubscriberStatus | None, address: ColumnElement[str]
) -> ColumnElement[bool]:
    if status is None:
        return true()
    suppressed = (
        exists()
        .where(Suppression.email == address, Suppression.campaign_id.is_(None))
        .correlate_except(Suppression)
    )
    return suppressed if status is SubscriberStatus.suppressed else ~suppressed


def _suppressed(address: ColumnElement[str]) -> ColumnElement[str]:
    """Return the reason why no campaign emails go to `address`, or ''."""
    reason = select(Suppression.reason).where(
        Suppression.email == address, Suppression.campaign_id.is_(None)
    )
    return func.coalesce(reason.correlate_except(Suppression).scalar_subquery(), "")


def _rows(session: Session, ids: Sequence[int]) -> Sequence[SubscriberRow]:
    found = session.execute(
        select(
            Subscriber.id,
            Subscriber.email,
            Subscriber.name,
            Subscriber.locale,
            Subscriber.consent_source,
            Subscriber.consent_at,
            Subscriber.giving,
            _suppressed(func.lower(Subscriber.email)),
        )
        .where(Subscriber.id.in_(ids))
        .order_by(Subscriber.id.desc())
    )
    return [SubscriberRow(*row) for row in found]
