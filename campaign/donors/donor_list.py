"""The list of donors with their totals: a search, newest first, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from campaign.donors.keyset_paging import Cursor, Keys, Listing, read_keys
from campaign.donors.search_query import read_donor_search
from campaign.models import Donation, Donor, LedgerEntry, LedgerKind


@dataclass(frozen=True)
class DonorRow:
    """One row of the list. `given` is the net amount of this record's own gifts, in minor units by currency."""

    id: int
    name: str
    email: str
    address: str
    merged_into_id: int | None
    erased: bool
    gifts: int
    given: dict[str, int]


def find_donors(session: Session, text: str, cursor: Cursor) -> tuple[Sequence[DonorRow], Keys]:
    """Return a page of the donors that match `text`; without a text, of all that are not merged into another."""
    search = read_donor_search(session, text)
    listing = Listing(Donor, ("id",))
    if search is None:
        listing = Listing(Donor, ("id",), near=lambda one: one.merged_into_id.is_(None))
    keys = read_keys(session, listing, search, cursor)
    return _rows(session, keys.ids), keys


def _rows(session: Session, ids: Sequence[int]) -> Sequence[DonorRow]:
    donors = session.scalars(select(Donor).where(Donor.id.in_(ids)).order_by(Donor.id.desc())).all()
    given = _totals(session, ids)
    return [
        DonorRow(
            donor.id,
            donor.name,
            donor.email,
            donor.address,
            donor.merged_into_id,
            donor.erased_at is not None,
            sum(gifts for gifts, _ in given.get(donor.id, {}).values()),
            {currency: left for currency, (_, left) in given.get(donor.id, {}).items()},
        )
        for donor in donors
    ]


def _totals(session: Session, ids: Sequence[int]) -> dict[int, dict[str, tuple[int, int]]]:
    """Return by donor and currency the number of paid gifts and their net amount including covered fees."""
    payments = func.sum(case((LedgerEntry.kind == LedgerKind.payment.value, 1), else_=0))
    rows = session.execute(
        select(
            Donation.donor_id,
            LedgerEntry.currency,
            payments,
            func.sum(LedgerEntry.amount + LedgerEntry.fee_cover),
        )
        .join(Donation, Donation.id == LedgerEntry.donation_id)
        .where(Donation.donor_id.in_(ids), LedgerEntry.kind != LedgerKind.correction.value)
        .group_by(Donation.donor_id, LedgerEntry.currency)
    )
    found: dict[int, dict[str, tuple[int, int]]] = {}
    for donor_id, currency, gifts, left in rows:
        found.setdefault(donor_id, {})[currency] = (int(gifts), int(left))
    return found
