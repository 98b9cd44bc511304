"""Subscribers: people who agreed to campaign emails. Import, list and remove them; used by commands and pages."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.core.mailboxes import lookup_form
from campaign.models import Subscriber, Suppression

CHUNK = 1000
"""Rows held in memory, or saved by one statement, at once."""

COLUMNS = ("email", "name", "locale", "timezone", "consent_source", "consent_at", "consent_wording")
LONGEST = {"email": 254, "name": 200, "consent_source": 200, "consent_wording": 2000}
"""The most characters of each text."""


@dataclass(frozen=True)
class Consent:
    """One person's consent: `email` as written, `timezone` an IANA name or None, `consent_at` in UTC."""

    email: str
    name: str
    locale: str
    timezone: str | None
    consent_source: str
    consent_wording: str
    consent_at: datetime


@dataclass(frozen=True)
class ImportCounts:
    """The result of an import: new people, known people, and how many of all of them are suppressed."""

    added: int = 0
    known: int = 0
    suppressed: int = 0

    def __add__(self, other: "ImportCounts") -> "ImportCounts":
        return ImportCounts(
            self.added + other.added,
            self.known + other.known,
            self.suppressed + other.suppressed,
        )


def add_subscribers(session: Session, people: Sequence[Consent]) -> ImportCounts:
    """Save new subscribers; known ones keep their first consent. Addresses are compared ignoring case.

    A suppressed address is saved too but stays suppressed: the list shows that they agreed once, not again.
    """
    if not people:
        return ImportCounts()
    # In a fixed order, so that two concurrent imports cannot deadlock.
    rows = [asdict(one) for one in sorted(people, key=lambda one: one.email.lower())]
    stored = insert(Subscriber).on_conflict_do_nothing().returning(Subscriber.id)
    added = len(session.scalars(stored, rows).all())
    addresses = [one.email.lower() for one in people]
    barred = select(func.count(Suppression.email.distinct())).where(
        Suppression.email.in_(addresses), Suppression.campaign_id.is_(None)
    )
    return ImportCounts(added, len(people) - added, session.scalars(barred).one())


def list_subscribers(session: Session) -> Iterator[dict[str, object]]:
    """Stream all subscribers with the columns COLUMNS, oldest first."""
    columns = [getattr(Subscriber, name) for name in COLUMNS]
    query = select(*columns).order_by(Subscriber.id).execution_options(yield_per=CHUNK)
    for row in session.execute(query).mappings():
        yield dict(row)


def remove_subscriber(session: Session, email: str) -> bool:
    """Delete the subscriber with this address; return whether there was one. Nothing else changes."""
    gone = session.execute(
        delete(Subscriber)
        .where(func.lower(Subscriber.email) == lookup_form(email))
        .returning(Subscriber.id)
    )
    return gone.one_or_none() is not None
