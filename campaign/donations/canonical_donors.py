"""Who is whom: rows of donors that staff found to be one person, of which one row speaks for all."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from campaign.core.errors import NotFound
from campaign.core.input_limits import LARGEST_KEY
from campaign.models import Donor


def find_donor(session: Session, donor_id: int) -> Donor:
    """The row `donor_id`, merged or not; raises NotFound."""
    donor = session.get(Donor, donor_id) if donor_id <= LARGEST_KEY else None
    if donor is None:
        raise NotFound(f"There is no donor {donor_id} here.")
    return donor


def canonical_donor(session: Session, donor: Donor) -> Donor:
    """The row that speaks for the person: `donor` itself unless it was merged."""
    if donor.merged_into_id is None:
        return donor
    return session.get_one(Donor, donor.merged_into_id)


def donor_records(session: Session, donor: Donor) -> Sequence[Donor]:
    """Every row of the person whose speaking row `donor` is, that one first."""
    return session.scalars(
        select(Donor)
        .where(or_(Donor.id == donor.id, Donor.merged_into_id == donor.id))
        .order_by(Donor.merged_into_id.is_not(None), Donor.id)
        .execution_options(populate_existing=True)
    ).all()


def merged_ids(donor_id: ColumnElement[int] | int) -> Select[int]:
    """A query for the ids of the rows for which `donor_id` speaks, itself among them."""
    row = aliased(Donor)
    return select(row.id).where(or_(row.id == donor_id, row.merged_into_id == donor_id))


def canonical_id(donor: type[Donor] = Donor) -> ColumnElement[int]:
    """In a query: the id of the row that speaks for `donor`."""
    return func.coalesce(donor.merged_into_id, donor.id)


def other_records(address: ColumnElement[str]) -> Select[int]:
    """A query for the other rows of the person who has `address`, in lower case; of most people none."""
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
