"""Whose an offline gift is: found by email, or shown to whoever enters it among the donors who have none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.models import Donation, Donor
from campaign.offline.entry_parsing import OfflineEntry

NEW_DONOR = "new"
"""The choice of who enters a gift: none of those who were shown."""


class Candidate(NamedTuple):
    """A donor without email who bears the same name. `same_address` means that the addresses agree too."""

    id: int
    name: str
    address: str
    gifts: int
    same_address: bool


@dataclass(frozen=True)
class DonorMatch:
    """Whose a gift is. `joined`: a donor whom we knew."""

    donor: Donor
    joined: bool


def find_candidates(session: Session, entry: OfflineEntry) -> Sequence[Candidate]:
    """Donors without email who have the entry's name, those at the same address first; nobody for one with email.

    Rows that were merged into others are passed over: the row that speaks for them is found by itself.
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
        Candidate(key, name, address, count, _plain(address) == _plain(entry.address) != "")
        for key, name, address, count in found
    ]
    return sorted(shown, key=lambda one: not one.same_address)


def _plain(text: str) -> str:
    """An address without its punctuation and spaces: two people write it in two ways."""
    return "".join(one for one in text.casefold() if one.isalnum())


def find_or_create_donor(session: Session, entry: OfflineEntry, chosen: str) -> DonorMatch | None:
    """The donor of `entry`; None where donors without email have the same name and nobody was chosen.

    `chosen` is the id of one of `find_candidates`, SOMEBODY_NEW or ''. Who left no name is a new donor each time.
    """
    if entry.email:
        return _by_email(session, entry)
    known = find_candidates(session, entry)
    picked = next((one for one in known if str(one.id) == chosen), None)
    if picked is not None:
        donor = session.get_one(Donor, picked.id)
        _complete(donor, entry)
        return DonorMatch(donor, joined=True)
    if known and chosen != NEW_DONOR:
        return None
    donor = Donor(email="", name=entry.name, address=entry.address)
    session.add(donor)
    session.flush()
    return DonorMatch(donor, joined=False)


def _by_email(session: Session, entry: OfflineEntry) -> DonorMatch:
    """Two gifts of a new address at once agree on one row by its unique index."""
    same = func.lower(Donor.email) == func.lower(entry.email)
    joined = bool(session.scalar(select(exists().where(same))))
    session.execute(
        insert(Donor)
        .values(email=entry.email, name=entry.name, address=entry.address)
        .on_conflict_do_nothing()
    )
    donor = session.scalars(select(Donor).where(same)).one()
    _complete(donor, entry)
    return DonorMatch(donor, joined=joined)


def _complete(donor: Donor, entry: OfflineEntry) -> None:
    """What was not known is known now; what stands is corrected on the donor's own page."""
    donor.name = donor.name or entry.name
    donor.address = donor.address or entry.address
