"""The donor wall: first names and places of donors who agreed to be shown and whose gift is not fully refunded.

The donation form and the donor page write here, and public pages read here. Staff moderate the wall in
`campaigns.wall_moderation`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.models import (
    Campaign,
    CommentState,
    Donation,
    DonationState,
    LedgerEntry,
    WallEntry,
)

LONGEST_NAME = 40
LONGEST_PLACE = 60
LONGEST_COMMENT = 1000
PAGE = 50

STATES_ON_WALL = (DonationState.paid.value, DonationState.partially_refunded.value)
"""Donation states in which at least part of the gift remains."""


@dataclass(frozen=True)
class PublicWallEntry:
    """One entry on the wall. `comment` is '' unless staff approved it; `key` is the cursor for the next page."""

    first_name: str
    place: str
    comment: str
    key: int


def save_wall_entry(
    session: Session,
    donation: Donation,
    place: str,
    at: datetime,
    *,
    wording: str,
    first_name: str = "",
    comment: str = "",
) -> WallEntry | None:
    """Save the donor's request to be on the wall once `donation` is paid; `donation` must be flushed and have an id.

    `wording` is the text next to the box that the donor ticked. Without `first_name`, the first word of the donation's
    name is used. If the gift is anonymous or has no name, save nothing and return None. `comment` is the public
    comment, not the message to the newsroom; staff must approve it. A later request replaces an earlier one.
    """
    name = _clean(first_name, LONGEST_NAME) or _first(donation.name)
    if donation.anonymous or not name:
        remove_wall_entry(session, donation)
        return None
    words = _clean(comment, LONGEST_COMMENT)
    state = CommentState.waiting if words else CommentState.none
    wish = {
        "first_name": name,
        "place": _clean(place, LONGEST_PLACE),
        "comment": words,
        "comment_state": state.value,
        "wording": wording,
        "consent_at": at,
    }
    values = {"donation_id": donation.id, "campaign_id": donation.campaign_id, **wish}
    session.execute(
        insert(WallEntry)
        .values(values)
        .on_conflict_do_update(
            index_elements=["donation_id"],
            set_=wish,
            # The same form sent again must not put an approved comment back in the review queue.
            where=(WallEntry.first_name != name)
            | (WallEntry.place != wish["place"])
            | (WallEntry.comment != words),
        )
    )
    return session.get_one(WallEntry, donation.id, populate_existing=True)


def remove_wall_entry(session: Session, donation: Donation) -> bool:
    """Remove the donation from the wall, keeping nothing of the request; return whether it was there."""
    return bool(remove_wall_entries(session, [donation.id]))


def remove_wall_entries(session: Session, donation_ids: Sequence[int]) -> int:
    """Remove several donations, by id, from the wall; return how many were there."""
    gone = session.execute(
        delete(WallEntry)
        .where(WallEntry.donation_id.in_(donation_ids))
        .returning(WallEntry.donation_id)
        .execution_options(synchronize_session=False)
    ).all()
    if gone:
        notify_all_pages(session)
    return len(gone)


def list_wall_entries(
    session: Session, campaign: Campaign, *, before: int | None = None, at_most: int = PAGE
) -> list[PublicWallEntry]:
    """List the wall, newest first, after `before` (a `WallLine.key`); empty if the campaign has no wall."""
    if not campaign.wall_shown:
        return []
    query = public_entries_query(campaign.id).order_by(WallEntry.donation_id.desc()).limit(at_most)
    if before is not None:
        query = query.where(WallEntry.donation_id < before)
    return [_shown(entry) for entry in session.scalars(query)]


def public_entries_query(campaign_id: int) -> Select[WallEntry]:
    """Build the query of public entries: not hidden by staff, and the gift is paid and not fully refunded."""
    return (
        select(WallEntry)
        .join(Donation, Donation.id == WallEntry.donation_id)
        .where(
            WallEntry.campaign_id == campaign_id,
            WallEntry.hidden_at.is_(None),
            Donation.state.in_(STATES_ON_WALL),
            Donation.anonymous.is_(False),
            _something_is_left(),
        )
    )


def _something_is_left() -> ColumnElement[bool]:
    """Sum the ledger entries: a gift that was corrected to zero keeps its state."""
    return (
        select(func.coalesce(func.sum(LedgerEntry.amount), 0))
        .where(LedgerEntry.donation_id == Donation.id)
        .scalar_subquery()
        > 0
    )


def notify_all_pages(session: Session) -> None:
    """Notify every web process to render its pages again once this is committed."""
    session.execute(select(func.pg_notify("progress", "")))


def _shown(entry: WallEntry) -> PublicWallEntry:
    approved = entry.comment_state == CommentState.approved
    return PublicWallEntry(
        entry.first_name, entry.place, entry.comment if approved else "", entry.donation_id
    )


def _first(name: str) -> str:
    """Return the first word of a name: `Ana` for `Ana Reyes`. Titles and companies are not recognized."""
    return _clean(name.split(maxsplit=1)[0] if name.split() else "", LONGEST_NAME)


def _clean(text: str, longest: int) -> str:
    """Return one line of printable characters, at most `longest` of them."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return line[:longest].rstrip()
