"""Search the audit log by actor, action, object, campaign and time, newest first, with keyset pagination."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from campaign.audit.details import readable_details
from campaign.models import AuditEntry, Campaign

PAGE = 50
CHUNK = 1000

_Query = Select[AuditEntry, str | None, str | None]


@dataclass(frozen=True)
class AuditFilters:
    """The filters of a search; '' and None do not filter. `action` is a full name, or a noun with a dot (`donation.`).

    `since` and `until` are the half-open interval [since, until).
    """

    actor: str = ""
    action: str = ""
    subject_kind: str = ""
    subject_key: str = ""
    campaign: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Change:
    """One changed value, before and after, as text; '' for no value."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class AuditRow:
    """An entry with its changes. `campaign` is a slug, or ''."""

    entry: AuditEntry
    campaign: str
    changes: Sequence[Change]


@dataclass(frozen=True)
class AuditPage:
    """A page of entries, newest first. `newer` and `older` are the keys of the neighboring pages, or None."""

    lines: Sequence[AuditRow]
    newer: int | None
    older: int | None


def read_page(
    session: Session,
    filters: AuditFilters,
    *,
    before: int | None = None,
    after: int | None = None,
    limit: int = PAGE,
) -> AuditPage:
    """Return a page of entries: older than `before`, newer than `after`, or the newest."""
    query = _ordered(_filtered(filters), before, after)
    rows = session.execute(query.limit(limit + 1)).all()
    more, rows = len(rows) > limit, rows[:limit]
    if after is not None:
        rows, has_newer, has_older = rows[::-1], more, True
    else:
        has_newer, has_older = before is not None, more
    lines = [_line(*row) for row in rows]
    return AuditPage(
        lines,
        newer=lines[0].entry.id if lines and has_newer else None,
        older=lines[-1].entry.id if lines and has_older else None,
    )


def _ordered(query: _Query, before: int | None, after: int | None) -> _Query:
    """Order ascending after `after`, else descending before `before` or from the newest."""
    if after is not None:
        return query.where(AuditEntry.id > after).order_by(AuditEntry.id)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return query.order_by(AuditEntry.id.desc())


def audit_rows(session: Session, filters: AuditFilters) -> Iterator[dict[str, Any]]:
    """Yield every matching entry as a flat row with the keys COLUMNS, oldest first.

    `before` and `after` are as recorded, with amounts in minor units; `details` is what people read.
    """
    query = _filtered(filters).order_by(AuditEntry.id).execution_options(yield_per=CHUNK)
    for entry, slug, currency in session.execute(query):
        yield {
            "id": entry.id,
            "at": entry.at,
            "actor": entry.actor,
            "action": entry.action,
            "subject_kind": entry.subject_kind,
            "subject_key": entry.subject_key,
            "campaign": slug or "",
            "before": entry.before,
            "after": entry.after,
            "details": _details(entry, currency),
        }


def _details(entry: AuditEntry, currency: str | None) -> str:
    """Return what changed on one line: `state: paid → refunded; amount: $25 USD`."""
    return "; ".join(
        f"{one.name.replace('_', ' ')}: "
        + (f"{one.before} → {one.after or 'none'}" if one.before else one.after)
        for one in changes(entry.before, entry.after, currency)
    )


COLUMNS = (
    "id",
    "at",
    "actor",
    "action",
    "subject_kind",
    "subject_key",
    "campaign",
    "before",
    "after",
    "details",
)


def known_actions(session: Session) -> Sequence[str]:
    """Return every action in the log, by name. Skips through the index from name to name, so a long log is cheap."""
    first = (
        select(AuditEntry.action).order_by(AuditEntry.action).limit(1).cte("known", recursive=True)
    )
    following = (
        select(AuditEntry.action)
        .where(AuditEntry.action > first.c.action)
        .order_by(AuditEntry.action)
        .limit(1)
        .scalar_subquery()
    )
    known = first.union_all(select(following).where(first.c.action.is_not(None)))
    return session.scalars(select(known.c.action).where(known.c.action.is_not(None))).all()


def _filtered(filters: AuditFilters) -> _Query:
    query = select(AuditEntry, Campaign.slug, Campaign.currency).outerjoin(
        Campaign, Campaign.id == AuditEntry.campaign_id
    )
    exact = (
        (AuditEntry.actor, filters.actor),
        (AuditEntry.subject_kind, filters.subject_kind),
        (AuditEntry.subject_key, filters.subject_key),
        (Campaign.slug, filters.campaign),
    )
    for column, wanted in exact:
        if wanted:
            query = query.where(column == wanted)
    if filters.action.endswith("."):
        query = query.where(AuditEntry.action.startswith(filters.action, autoescape=True))
    elif filters.action:
        query = query.where(AuditEntry.action == filters.action)
    if filters.since is not None:
        query = query.where(AuditEntry.at >= filters.since)
    if filters.until is not None:
        query = query.where(AuditEntry.at < filters.until)
    return query


def _line(entry: AuditEntry, slug: str | None, currency: str | None) -> AuditRow:
    return AuditRow(entry, slug or "", changes(entry.before, entry.after, currency))


def changes(
    before: dict[str, Any], after: dict[str, Any], currency: str | None = None
) -> Sequence[Change]:
    """Return the values that differ, in the order recorded. A value on one side only is '' on the other.

    Amounts are in the entry's own currency, else in `currency`.
    """
    texts = readable_details(before, after, currency)
    return [
        Change(name, texts[0].get(name, ""), texts[1].get(name, ""))
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]
