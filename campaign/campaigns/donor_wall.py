"""The donor wall: a donor's first name and place, with their consent, while their gift is paid and stands.

The form and the donor's own page write here, pages read here; what staff decide is in `campaigns.wall_moderation`.
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
"""Of such a gift something is there."""


@dataclass(frozen=True)
class PublicWallEntry:
    """One line of the wall. `comment` only where staff have approved it; `key` is where the next page goes on."""

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
    """Keep the donor's wish to stand on the wall once `donation` (flushed, it has its number) is paid.

    `wording` is what stood beside the box that was ticked. Without `first_name` the first of the donation's own is
    taken; of an anonymous gift, and one without a name, nothing is kept: None. `comment` is what may be read by
    everybody, not what was written to the newsroom; it waits for staff. Asked again, the last wish counts.
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
            # The same form again must not send an approved comment back to staff.
            where=(WallEntry.first_name != name)
            | (WallEntry.place != wish["place"])
            | (WallEntry.comment != words),
        )
    )
    return session.get_one(WallEntry, donation.id, populate_existing=True)


def remove_wall_entry(session: Session, donation: Donation) -> bool:
    """The donor wishes to be on the wall no longer; whether they were. Nothing of the wish is kept."""
    return bool(remove_wall_entries(session, [donation.id]))


def remove_wall_entries(session: Session, donation_ids: Sequence[int]) -> int:
    """The same for several donations, by their numbers; how many were on the wall."""
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
    """The newest first, from the line after `before` (a `WallLine.key`) on; empty where the campaign has no wall."""
    if not campaign.wall_shown:
        return []
    query = public_entries_query(campaign.id).order_by(WallEntry.donation_id.desc()).limit(at_most)
    if before is not None:
        query = query.where(WallEntry.donation_id < before)
    return [_shown(entry) for entry in session.scalars(query)]


def public_entries_query(campaign_id: int) -> Select[WallEntry]:
    """A query of what everybody may read: not taken off by staff, and the gift is paid and stands."""
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
    """A gift that was corrected to nothing keeps its state; its movements tell."""
    return (
        select(func.coalesce(func.sum(LedgerEntry.amount), 0))
        .where(LedgerEntry.donation_id == Donation.id)
        .scalar_subquery()
        > 0
    )


def notify_all_pages(session: Session) -> None:
    """Let every web process make its pages anew once this is committed."""
    session.execute(select(func.pg_notify("progress", "")))


def _shown(entry: WallEntry) -> PublicWallEntry:
    approved = entry.comment_state == CommentState.approved
    return PublicWallEntry(
        entry.first_name, entry.place, entry.comment if approved else "", entry.donation_id
    )


def _first(name: str) -> str:
    """`Ana` of `Ana Reyes`; a title or a company has no first name that we could know, so it is as typed."""
    return _clean(name.split(maxsplit=1)[0] if name.split() else "", LONGEST_NAME)


def _clean(text: str, longest: int) -> str:
    """One line of letters that can be seen, and no longer than there is room."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return line[:longest].rstrip()
