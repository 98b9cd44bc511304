"""Settle a discrepancy that is right as it is, with a reason: it is no longer reported as open.

Its id is derived from both sides, so a discrepancy whose amount changes is another one, and open again.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor, Subject, record
from campaign.core.errors import NotFound, SettleRefused
from campaign.core.input_limits import one_line
from campaign.core.upsert import insert_once
from campaign.models import ReconciliationRun, SettledDiscrepancy

MAX_REASON = 500
"""Characters of a reason."""

_ID = re.compile(r"dif_[0-9a-f]{16}")


@dataclass(frozen=True)
class ReportedDiscrepancy:
    """A discrepancy as the newest run that found it reported it, and who settled it, if anybody did."""

    id: str
    donation: str
    sentence: str
    repaired: bool
    run_id: int
    settled: SettledDiscrepancy | None


def find_reported(session: Session, discrepancy_id: str) -> ReportedDiscrepancy:
    """Return what the newest run that found the discrepancy reported; raises NotFound."""
    run = None
    if _ID.fullmatch(discrepancy_id):
        run = session.scalar(
            select(ReconciliationRun)
            .where(ReconciliationRun.discrepancies.contains([{"id": discrepancy_id}]))
            .order_by(ReconciliationRun.id.desc())
            .limit(1)
        )
    if run is None:
        raise NotFound(
            f"No run has reported a discrepancy {discrepancy_id!r}. `campaign reconcile` prints the ids."
        )
    found = next(one for one in run.discrepancies if one.get("id") == discrepancy_id)
    return ReportedDiscrepancy(
        discrepancy_id,
        found["donation"],
        found["sentence"],
        found["repaired"],
        run.id,
        session.get(SettledDiscrepancy, discrepancy_id),
    )


def settle_discrepancy(
    session: Session, discrepancy_id: str, reason: str, actor: Actor, at: datetime
) -> SettledDiscrepancy:
    """Settle the discrepancy that a run reported under this id, and log it. Raises SettleRefused or NotFound."""
    found = find_reported(session, discrepancy_id)
    if found.settled is not None:
        raise _settled_already(found.settled)
    if found.repaired:
        raise SettleRefused(
            f"{discrepancy_id} was repaired by run {found.run_id}; there is nothing to settle."
        )
    settled = {
        "discrepancy_id": discrepancy_id,
        "donation": found.donation,
        "sentence": found.sentence,
        "reason": _read_reason(reason),
        "settled_by": actor.name,
        "settled_at": at,
    }
    new = insert_once(session, SettledDiscrepancy, settled, key="discrepancy_id")
    kept = session.get_one(SettledDiscrepancy, discrepancy_id, populate_existing=True)
    if not new:
        raise _settled_already(kept)
    after = {"discrepancy": kept.sentence, "reason": kept.reason}
    record(
        session,
        actor,
        "discrepancy.settled",
        Subject("discrepancy", discrepancy_id),
        after=after,
    )
    return kept


def _read_reason(reason: str) -> str:
    if len(reason) > MAX_REASON:
        raise SettleRefused(f"The reason has {len(reason)} characters; at most {MAX_REASON} fit.")
    line = one_line(reason, MAX_REASON)
    if not line:
        raise SettleRefused("Give a reason why the discrepancy is right as it is.")
    return line


def _settled_already(known: SettledDiscrepancy) -> SettleRefused:
    return SettleRefused(
        f"{known.discrepancy_id} was settled by {known.settled_by} on {known.settled_at:%Y-%m-%d}: {known.reason}"
    )


def settled_by_id(session: Session, ids: Sequence[str]) -> dict[str, SettledDiscrepancy]:
    """Return which of these discrepancies are settled, by id."""
    if not ids:
        return {}
    query = select(SettledDiscrepancy).where(SettledDiscrepancy.discrepancy_id.in_(ids))
    return {one.discrepancy_id: one for one in session.scalars(query)}


def list_settled(session: Session) -> Sequence[SettledDiscrepancy]:
    """Return every settled discrepancy, oldest first."""
    query = select(SettledDiscrepancy).order_by(
        SettledDiscrepancy.settled_at, SettledDiscrepancy.discrepancy_id
    )
    return session.scalars(query).all()
