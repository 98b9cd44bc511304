"""Find the donor of an offline gift: by email, or among donors without email, from whom staff choose."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.models import Donation, Donor
from campaign.offline.entry_parsing import OfflineEntry

NEW_DONOR = "new"
"""The choice to create a new donor instead of using a candidate."""


class Candidate(NamedTuple):
    """A donor without email and with the same name. `same_address`: the address matches too."""

    id: int
    name: str
    address: str
    gifts: int
    same_address: bool


@dataclass(frozen=True)
class DonorMatch:
    """The donor of a gift. `joined`: an existing donor."""

    donor: Donor
    joined: bool


def find_candidates(session: Session, entry: OfflineEntry) -> Sequence[Candidate]:
    """Return donors without email who have the entry's name, same address first. Empty for an entry with email.

    Merged records are skipped: their canonical donor is found on its own.
    """
    if entry.email or not entry.name:
        return ()
    gifts = select(func.count()).where(Donation.donor_id == Donor.id).scalar_subquery()
    found = session.execute(
        select(Donor.id, Donor.name, Donor.address, gifts)
        .where(
            Donor.email == "",
            func.lower(Donor.name) == entry.name.lower(),
            Donor.merged_into_id.is_(None),
        )
        .order_by(Donor.id.desc())
        .limit(20)
    ).all()
    shown = [
        Candidate(
            key, name, address, count, _normalized(address) == _normalized(entry.address) != ""
        )
        for key, name, address, count in found
    ]
    return sorted(shown, key=lambda one: not one.same_address)


def _normalized(text: str) -> str:
    """Return an address without punctuation and spaces, which people write differently."""
    return "".join(one for one in text.casefold() if one.isalnum())


def find_or_create_donor(session: Session, entry: OfflineEntry, chosen: str) -> DonorMatch | None:
    """Return the donor of `entry`, creating one if needed; None if there are candidates and none was chosen.

    `chosen` is the id of a candidate, NEW_DONOR or ''. A gift without a name gets a new donor each time.
    """
    if entry.email:
        return _by_email(session, entry)
    known = find_candidates(session, entry)
    picked = next((one for one in known if str(one.id) == chosen), None)
    if picked is not None:
        donor = session.get_one(Donor, picked.id)
        _fill_in_missing(donor, entry)
        return DonorMatch(donor, joined=True)
    if known and chosen != NEW_DONOR:
        return None
    donor = Donor(email="", name=entry.name, address=entry.address)
    session.add(donor)
    session.flush()
    return DonorMatch(donor, joined=False)


def _by_email(session: Session, entry: OfflineEntry) -> DonorMatch:
    """Return the donor with the entry's email. A unique index keeps two gifts at once from creating two donors."""
    same = func.lower(Donor.email) == func.lower(entry.email)
    joined = bool(session.scalar(select(exists().where(same))))
    session.execute(
        insert(Donor)
        .values(email=entry.email, name=entry.name, address=entry.address)
        .on_conflict_do_nothing()
    )
    donor = session.scalars(select(Donor).where(same)).one()
    _fill_in_missing(donor, entry)
    return DonorMatch(donor, joined=joined)


def _fill_in_missing(donor: Donor, entry: OfflineEntry) -> None:
    """Fill in a missing name or address. Existing values are only corrected on the donor's page."""
    donor.name = donor.name or entry.name
    donor.address = donor.address or entry.address
