"""Moderate the donor wall: approve comments and hide entries. Every decision is in the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.audit.audit_log import Actor, Subject
from campaign.campaigns.donor_wall import STATES_ON_WALL, notify_all_pages
from campaign.core.errors import NotFound
from campaign.models import Campaign, CommentState, Donation, WallEntry

PAGE = 50


class Decision(StrEnum):
    """approve and refuse apply to the comment only; hide and show apply to the whole entry."""

    approve = "approve"
    refuse = "refuse"
    hide = "hide"
    show = "show"


@dataclass(frozen=True)
class ModeratedEntry:
    """An entry on the wall as staff see it, whether or not readers see it."""

    entry: WallEntry
    donation: Donation
    campaign: Campaign

    @property
    def gift_counts(self) -> bool:
        return self.donation.state in STATES_ON_WALL


def list_entries(
    session: Session, *, waiting: bool, before: int | None = None, at_most: int = PAGE
) -> Sequence[ModeratedEntry]:
    """List entries, newest first: only comments of paid gifts that need a decision (`waiting`), or all entries."""
    query = (
        select(WallEntry, Donation, Campaign)
        .join(Donation, Donation.id == WallEntry.donation_id)
        .join(Campaign, Campaign.id == WallEntry.campaign_id)
        .order_by(WallEntry.donation_id.desc())
        .limit(at_most)
    )
    if waiting:
        query = query.where(
            WallEntry.comment_state == CommentState.waiting.value,
            WallEntry.hidden_at.is_(None),
            Donation.state.in_(STATES_ON_WALL),
        )
    if before is not None:
        query = query.where(WallEntry.donation_id < before)
    return [ModeratedEntry(*row) for row in session.execute(query)]


def decide(
    session: Session,
    donation_id: int,
    decision: Decision,
    comment: str,
    actor: Actor,
    at: datetime,
) -> WallEntry:
    """Apply a decision to this donation's entry; `comment` is the one staff read. A repeat changes nothing.

    Raises NotFound if the donor has since removed the entry or changed the comment.
    """
    entry = session.get(WallEntry, donation_id, with_for_update=True, populate_existing=True)
    if entry is None or entry.comment != comment:
        raise NotFound("The donor has changed or removed this entry. Please check it again.")
    before = _facts(entry)
    if decision in {Decision.approve, Decision.refuse} and entry.comment:
        state = CommentState.approved if decision == Decision.approve else CommentState.hidden
        entry.comment_state = state.value
    elif decision == Decision.hide:
        entry.hidden_at = entry.hidden_at or at
    elif decision == Decision.show:
        entry.hidden_at = None
    session.flush()
    if _facts(entry) != before:
        donation = session.get_one(Donation, donation_id)
        audit_log.record(
            session,
            actor,
            "wall.decided",
            Subject("donation", donation.public_id, entry.campaign_id),
            before=before,
            after=_facts(entry),
        )
        notify_all_pages(session)
    return entry


def _facts(entry: WallEntry) -> dict[str, str | bool]:
    """Return the values for the audit log, without the comment, which must not be kept that long."""
    return {"comment_state": entry.comment_state, "hidden": entry.hidden_at is not None}
