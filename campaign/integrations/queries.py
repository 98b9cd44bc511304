"""Lists that other programs read, a page at a time, the newest first.

A page is found by the keys of the last row of the one before, so that each is as fast as the first.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session, joinedload, selectinload

from campaign.core.errors import FieldsInvalid
from campaign.models import Campaign, Donation, Donor, LedgerEntry, Receipt, Subscription

LARGEST_PAGE = 200


@dataclass(frozen=True)
class Page:
    """Rows of a list; `next_cursor` continues it, None at its end."""

    rows: list[Any]
    next_cursor: str | None


@dataclass(frozen=True)
class RowFilters:
    """Filters, each None where nothing is asked: `since` is included, `until` is not; `donor` is an id."""

    campaign: str | None = None
    state: str | None = None
    donor: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    cursor: str | None = None
    limit: int = 50


def read_campaigns(session: Session, wanted: RowFilters) -> Page:
    """Every campaign."""
    return _page(session, select(Campaign), (Campaign.id,), wanted)


def read_donations(session: Session, wanted: RowFilters) -> Page:
    """Donations by the moment at which they were begun."""
    statement = _donations()
    if wanted.campaign is not None:
        statement = statement.where(Donation.campaign_id == _campaign_id(wanted.campaign))
    if wanted.state is not None:
        statement = statement.where(Donation.state == wanted.state)
    if wanted.donor is not None:
        statement = statement.where(Donation.donor_id == wanted.donor)
    statement = _within(statement, Donation.created_at, wanted)
    return _page(session, statement, (Donation.created_at, Donation.id), wanted)


def read_donation(session: Session, public_id: str) -> Donation | None:
    """One donation by its public id."""
    return session.scalar(_donations().where(Donation.public_id == public_id))


def _donations() -> Select[Donation]:
    return select(Donation).options(
        joinedload(Donation.campaign),
        joinedload(Donation.subscription),
        selectinload(Donation.receipts),
    )


def read_donors(session: Session, wanted: RowFilters) -> Page:
    """Donors who were neither merged into another nor erased."""
    statement = select(Donor).where(Donor.merged_into_id.is_(None), Donor.erased_at.is_(None))
    return _page(session, _within(statement, Donor.created_at, wanted), (Donor.id,), wanted)


def read_ledger(session: Session, wanted: RowFilters) -> Page:
    """(entry, the campaign's slug or None, the donation's public id) of each movement of money."""
    statement = (
        select(LedgerEntry, Campaign.slug, Donation.public_id)
        .join(Donation, Donation.id == LedgerEntry.donation_id)
        .outerjoin(Campaign, Campaign.id == LedgerEntry.campaign_id)
    )
    if wanted.campaign is not None:
        statement = statement.where(LedgerEntry.campaign_id == _campaign_id(wanted.campaign))
    statement = _within(statement, LedgerEntry.occurred_at, wanted)
    return _page(session, statement, (LedgerEntry.id,), wanted, whole=True)


def read_receipts(session: Session, wanted: RowFilters) -> Page:
    """Receipts, corrected and void ones among them."""
    statement = select(Receipt).options(joinedload(Receipt.donation))
    statement = _within(statement, Receipt.issued_at, wanted)
    return _page(session, statement, (Receipt.id,), wanted)


def read_subscriptions(session: Session, wanted: RowFilters) -> Page:
    """Monthly and yearly gifts."""
    statement = select(Subscription).options(joinedload(Subscription.campaign))
    if wanted.state is not None:
        statement = statement.where(Subscription.state == wanted.state)
    if wanted.donor is not None:
        statement = statement.where(Subscription.donor_id == wanted.donor)
    return _page(session, statement, (Subscription.id,), wanted)


def _campaign_id(slug: str) -> Any:
    return select(Campaign.id).where(Campaign.slug == slug).scalar_subquery()


def _within(statement: Any, moment: Any, wanted: RowFilters) -> Any:
    if wanted.since is not None:
        statement = statement.where(moment >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(moment < wanted.until)
    return statement


def _page(
    session: Session,
    statement: Any,
    keys: tuple[Any, ...],
    wanted: RowFilters,
    *,
    whole: bool = False,
) -> Page:
    """`whole`: the rows are tuples, of which the first holds the keys."""
    if wanted.cursor is not None:
        statement = statement.where(tuple_(*keys) < tuple_(*_opened(wanted.cursor, len(keys))))
    ordered = statement.order_by(*(key.desc() for key in keys)).limit(wanted.limit + 1)
    rows: list[Any] = list(session.execute(ordered) if whole else session.scalars(ordered))
    if len(rows) <= wanted.limit:
        return Page(rows, None)
    last = rows[wanted.limit - 1][0] if whole else rows[wanted.limit - 1]
    return Page(rows[: wanted.limit], _sealed([getattr(last, key.key) for key in keys]))


def _sealed(values: list[Any]) -> str:
    told = [one.isoformat() if isinstance(one, datetime) else one for one in values]
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")


def _opened(cursor: str, number: int) -> list[Any]:
    """The keys in a cursor: an id last, a moment before it where there are two. Raises FieldsInvalid."""
    try:
        told = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        *moments, last = told
        if len(told) != number or not isinstance(last, int) or not 0 <= last < 2**63:
            raise ValueError(cursor)
        opened = [datetime.fromisoformat(one) for one in moments]
        if any(one.tzinfo is None for one in opened):
            raise ValueError(cursor)
        return [*opened, last]
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        fault = "Take the cursor from `next_cursor` of the page before."
        raise FieldsInvalid({"cursor": fault}) from error
