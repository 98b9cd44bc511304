"""Merged donors: records that staff merged as one person, and the canonical donor that the merge kept."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from campaign.core.errors import NotFound
from campaign.core.input_limits import LARGEST_KEY
from campaign.models import Donor


def find_donor(session: Session, donor_id: int) -> Donor:
    """Return the donor record `donor_id`, merged or not; raises NotFound."""
    donor = session.get(Donor, donor_id) if donor_id <= LARGEST_KEY else None
    if donor is None:
        raise NotFound(f"There is no donor {donor_id}.")
    return donor


def canonical_donor(session: Session, donor: Donor) -> Donor:
    """Return the canonical donor: `donor` itself unless it was merged."""
    if donor.merged_into_id is None:
        return donor
    return session.get_one(Donor, donor.merged_into_id)


def donor_records(session: Session, donor: Donor) -> Sequence[Donor]:
    """List all records of the canonical donor `donor`, with `donor` first."""
    return session.scalars(
        select(Donor)
        .where(or_(Donor.id == donor.id, Donor.merged_into_id == donor.id))
        .order_by(Donor.merged_into_id.is_not(None), Donor.id)
        .execution_options(populate_existing=True)
    ).all()


def merged_ids(donor_id: ColumnElement[int] | int) -> Select[int]:
    """Return a query for the ids of `donor_id` and of all records merged into it."""
    row = aliased(Donor)
    return select(row.id).where(or_(row.id == donor_id, row.merged_into_id == donor_id))


def canonical_id(donor: type[Donor] = Donor) -> ColumnElement[int]:
    """Return an SQL expression for the id of the canonical donor of `donor`."""
    return func.coalesce(donor.merged_into_id, donor.id)


def other_records(address: ColumnElement[str]) -> Select[int]:
    """Return a query for the other records of the donor with `address` (lowercase); usually there are none."""
    known, other = aliased(Donor), aliased(Donor)
    merged = or_(
        other.id == known.merged_into_id,
        other.merged_into_id == known.id,
        other.merged_into_id == known.merged_into_id,
    )
    return (
        select(other.id)
        .join(known, and_(merged, other.id != known.id))
        .where(known.email != "", func.lower(known.email) == address)
    )
