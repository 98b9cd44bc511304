"""The list of suppressed addresses ("Do not email"): filters, newest first, page by page, and counts by reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session

from campaign.donors.keyset_paging import Cursor, Keys, Listing, read_keys
from campaign.donors.search_query import Entity
from campaign.models import Campaign, Subscriber, Suppression, SuppressionReason


@dataclass(frozen=True)
class SuppressionFilters:
    """What to list; None and '' do not filter. `campaign_id` 0: entries for all campaigns. `since` is inclusive."""

    address: str = ""
    reason: SuppressionReason | None = None
    since: datetime | None = None
    campaign_id: int | None = None

    def near(self, one: Entity) -> ColumnElement[bool]:
        """Return the reason, which an index in the order of the list supports."""
        return one.reason == self.reason.value if self.reason else true()

    def rest(self, one: Entity) -> ColumnElement[bool]:
        """Return all other conditions."""
        return and_(
            true(),
            _is(one, self.address) if self.address else true(),
            one.created_at >= self.since if self.since else true(),
            _of_campaign(one, self.campaign_id),
        )


@dataclass(frozen=True)
class SuppressionEntry:
    """One entry. `campaign` is the title, or '' for all campaigns; `subscriber_id` is that of the address, if any."""

    id: int
    email: str
    reason: str
    detail: str
    created_at: datetime
    campaign: str
    subscriber_id: int | None


def find_suppressions(
    session: Session, filters: SuppressionFilters, cursor: Cursor
) -> tuple[Sequence[SuppressionEntry], Keys]:
    """Return a page of the entries that match, and the keys of the neighboring pages."""
    listing = Listing(Suppression, ("id",), near=filters.near, rest=filters.rest)
    keys = read_keys(session, listing, None, cursor)
    return load_suppressions(session, keys.ids), keys


def load_suppressions(session: Session, ids: Sequence[int]) -> Sequence[SuppressionEntry]:
    """Return these entries, newest first."""
    rows = session.execute(
        select(
            Suppression.id,
            Suppression.email,
            Suppression.reason,
            Suppression.detail,
            Suppression.created_at,
            func.coalesce(Campaign.title, "").label("campaign"),
            Subscriber.id.label("subscriber_id"),
        )
        .outerjoin(Campaign, Campaign.id == Suppression.campaign_id)
        .outerjoin(Subscriber, func.lower(Subscriber.email) == Suppression.email)
        .where(Suppression.id.in_(ids))
        .order_by(Suppression.id.desc())
    )
    return [SuppressionEntry(**row._asdict()) for row in rows]


def count_by_reason(session: Session) -> Mapping[SuppressionReason, int]:
    """Return the number of entries of each reason."""
    counted = select(Suppression.reason, func.count().label("number"))
    rows = session.execute(counted.group_by(Suppression.reason))
    found: dict[str, int] = {row.reason: row.number for row in rows}
    return {one: found.get(one.value, 0) for one in SuppressionReason}


def _is(one: Entity, address: str) -> ColumnElement[bool]:
    """Match a whole address. Each of the two unique indexes has only a part of the entries."""
    whole = address.strip().lower()
    return or_(
        and_(one.email == whole, one.campaign_id.is_(None)),
        and_(one.email == whole, one.campaign_id.is_not(None)),
    )


def _of_campaign(one: Entity, campaign_id: int | None) -> ColumnElement[bool]:
    if campaign_id is None:
        return true()
    condition: ColumnElement[bool] = one.campaign_id == (campaign_id or None)
    return condition
