"""Merge two donor records of one person. One record becomes canonical, nothing is moved, and the merge can be undone.

Reads follow the pointer to the canonical record (`donations.canonical_donors`). Merges are undone in reverse order: if
the canonical record was itself merged later, that merge is undone first.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.core.errors import MergeRefused
from campaign.core.input_limits import LARGEST_KEY
from campaign.models import Donor, DonorMerge
from campaign.receipts.statements import queue_dropped_again


@dataclass(frozen=True)
class MergeResult:
    """The canonical record `kept` and the record `merged` into it. `new` is False if they were already merged."""

    kept: Donor
    merged: Donor
    new: bool


def merge_donors(
    session: Session, kept_id: int, merged_id: int, actor: audit_log.Actor
) -> MergeResult:
    """Merge `merged_id`, with all records merged into it, into `kept_id`. Repeating it changes nothing.

    Raises MergeRefused if either does not exist, was erased or is itself merged, or if both are the same.
    """
    rows = _lock(session, kept_id, merged_id)
    kept, merged = rows.get(kept_id), rows.get(merged_id)
    if kept is None or merged is None:
        raise MergeRefused("One of the two donors does not exist.")
    if merged.merged_into_id == kept.id:
        return MergeResult(kept, merged, new=False)
    _require_mergeable(kept, merged)
    repointed = [row for row in rows.values() if row.merged_into_id == merged.id]
    for row in repointed:
        row.merged_into_id = kept.id
    session.flush()
    merged.merged_into_id = kept.id
    carried = {"repointed": sorted(row.id for row in repointed)}
    session.add(
        DonorMerge(kept_id=kept.id, merged_id=merged.id, carried=carried, merged_by=actor.name)
    )
    session.flush()
    _record(session, actor, "donor.merged", kept, merged)
    return MergeResult(kept, merged, new=True)


def _require_mergeable(kept: Donor, merged: Donor) -> None:
    if kept.id == merged.id:
        raise MergeRefused("You cannot merge a donor with itself.")
    if kept.erased_at or merged.erased_at:
        raise MergeRefused("One of the two donors was erased and cannot be merged.")
    for row in (kept, merged):
        if row.merged_into_id is not None:
            raise MergeRefused(
                f"Donor {row.id} was merged into donor {row.merged_into_id}. Use that one, or undo that merge first."
            )


def undo_merge(session: Session, merge_id: int, actor: audit_log.Actor, at: datetime) -> DonorMerge:
    """Separate the two donors again. Repeating it changes nothing. Raises MergeRefused if a later merge must be undone
    first, or if the donor was erased.
    """
    merge = session.get(DonorMerge, merge_id) if merge_id <= LARGEST_KEY else None
    if merge is None:
        raise MergeRefused(f"There is no merge {merge_id}.")
    rows = _lock(session, merge.kept_id, merge.merged_id)
    session.refresh(merge)
    if merge.undone_at is not None:
        return merge
    kept, merged = rows[merge.kept_id], rows[merge.merged_id]
    _require_undoable(kept, merged)
    merged.merged_into_id = None
    session.flush()
    carried = [rows[key] for key in merge.carried.get("repointed", []) if key in rows]
    for row in carried:
        if row.merged_into_id == kept.id:
            row.merged_into_id = merged.id
    merge.undone_by, merge.undone_at = actor.name, at
    queue_dropped_again(session, [merged.id, *(row.id for row in carried)], at)
    session.flush()
    _record(session, actor, "donor.merge_undone", kept, merged)
    return merge


def _require_undoable(kept: Donor, merged: Donor) -> None:
    if kept.merged_into_id is not None or merged.merged_into_id != kept.id:
        raise MergeRefused(
            f"Donor {kept.id} was merged into another donor later; undo that merge first."
        )
    if kept.erased_at is not None:
        raise MergeRefused("This donor was erased; the merge can no longer be undone.")


def _lock(session: Session, *ids: int) -> dict[int, Donor]:
    """Lock these records and all that point to them, always in the same order, to avoid deadlocks.

    The records are read again after the lock, since they may have changed while waiting for it.
    """
    concerned = select(Donor).where(or_(Donor.id.in_(ids), Donor.merged_into_id.in_(ids)))
    session.execute(
        select(Donor.id).where(Donor.id.in_(ids)).order_by(Donor.id).with_for_update(key_share=True)
    ).all()
    found = session.scalars(
        concerned.order_by(Donor.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in found}


def _record(
    session: Session, actor: audit_log.Actor, action: str, kept: Donor, merged: Donor
) -> None:
    """Record the action under both donors, so that it appears in the activity of each."""
    ids = {"kept": kept.id, "merged": merged.id}
    for row in (kept, merged):
        audit_log.record(session, actor, action, audit_log.Subject("donor", str(row.id)), after=ids)


def undoable_merges(session: Session, donor: Donor) -> dict[int, DonorMerge]:
    """Return the merges into `donor` that can be undone now, by the merged record's id."""
    found = session.scalars(
        select(DonorMerge)
        .where(DonorMerge.kept_id == donor.id, DonorMerge.undone_at.is_(None))
        .order_by(DonorMerge.id)
    )
    return {merge.merged_id: merge for merge in found}
