"""Lists for the API, one page at a time, newest first.

Keyset pagination: a page continues from the keys of the previous page's last row, so every page is as fast as the
first.
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
    """Rows of a list; `next_cursor` gets the next page, None at the end."""

    rows: list[Any]
    next_cursor: str | None


@dataclass(frozen=True)
class RowFilters:
    """Filters, each None if not set: `since` is inclusive, `until` is exclusive; `donor` is an id."""

    campaign: str | None = None
    state: str | None = None
    donor: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    cursor: str | None = None
    limit: int = 50


def read_campaigns(session: Session, wanted: RowFilters) -> Page:
    """Return a page of campaigns."""
    return _page(session, select(Campaign), (Campaign.id,), wanted)


def read_donations(session: Session, wanted: RowFilters) -> Page:
    """Return a page of donations, by when they were created."""
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
    """Return one donation by its public id, or None."""
    return session.scalar(_donations().where(Donation.public_id == public_id))


def _donations() -> Select[Donation]:
    return select(Donation).options(
        joinedload(Donation.campaign),
        joinedload(Donation.subscription),
        selectinload(Donation.receipts),
    )


def read_donors(session: Session, wanted: RowFilters) -> Page:
    """Return a page of donors, except merged and erased ones."""
    statement = select(Donor).where(Donor.merged_into_id.is_(None), Donor.erased_at.is_(None))
    return _page(session, _within(statement, Donor.created_at, wanted), (Donor.id,), wanted)


def read_ledger(session: Session, wanted: RowFilters) -> Page:
    """Return a page of (ledger entry, the campaign's slug or None, the donation's public id)."""
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
    """Return a page of receipts, including corrected and void ones."""
    statement = select(Receipt).options(joinedload(Receipt.donation))
    statement = _within(statement, Receipt.issued_at, wanted)
    return _page(session, statement, (Receipt.id,), wanted)


def read_subscriptions(session: Session, wanted: RowFilters) -> Page:
    """Return a page of monthly and yearly gifts."""
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
    """`whole`: the rows are tuples whose first element has the keys."""
    if wanted.cursor is not None:
        statement = statement.where(
            tuple_(*keys) < tuple_(*_decode_cursor(wanted.cursor, len(keys)))
        )
    ordered = statement.order_by(*(key.desc() for key in keys)).limit(wanted.limit + 1)
    rows: list[Any] = list(session.execute(ordered) if whole else session.scalars(ordered))
    if len(rows) <= wanted.limit:
        return Page(rows, None)
    last = rows[wanted.limit - 1][0] if whole else rows[wanted.limit - 1]
    return Page(rows[: wanted.limit], _encode_cursor([getattr(last, key.key) for key in keys]))


def _encode_cursor(values: list[Any]) -> str:
    plain = [one.isoformat() if isinstance(one, datetime) else one for one in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def _decode_cursor(cursor: str, number: int) -> list[Any]:
    """Return the keys in a cursor: an id, after a datetime if there are two. Raises FieldsInvalid."""
    try:
        keys = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        *moments, last = keys
        if len(keys) != number or not isinstance(last, int) or not 0 <= last < 2**63:
            raise ValueError(cursor)
        decoded = [datetime.fromisoformat(one) for one in moments]
        if any(one.tzinfo is None for one in decoded):
            raise ValueError(cursor)
        return [*decoded, last]
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        fault = "Use `next_cursor` of the previous page as the cursor."
        raise FieldsInvalid({"cursor": fault}) from error
