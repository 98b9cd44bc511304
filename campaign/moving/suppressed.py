"""Import addresses that get no campaign emails: of people who left another system's list, or that stopped working."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.core.csv_lists import RejectedLine
from campaign.core.errors import ListInvalid
from campaign.models import Campaign, Suppression, SuppressionReason
from campaign.moving.columns import ImportField
from campaign.moving.importing import ImportKind, ImportPlan, ReadEntry, SavedEntries
from campaign.moving.list_states import STATE_FIELDS, ListState, read_state, says_state, why
from campaign.moving.people_presets import SUPPRESSIONS
from campaign.moving.tables import TableRow
from campaign.moving.values import read_emails, read_text

ADDED, KNOWN, STILL_THERE = "added", "already present", "who have not left there"
_LONGEST_DETAIL = 1000


@dataclass(frozen=True)
class LeftAddress:
    """An address to suppress: for all campaigns, or for the one with that slug."""

    email: str
    reason: SuppressionReason
    detail: str = ""
    campaign: str = ""


class SuppressionsImport(ImportKind[tuple[LeftAddress, ...]]):
    """Addresses that get no campaign emails. A cell with several suppresses them all."""

    name = "suppressions"
    action = "suppressions.imported"
    fields = (
        ImportField(
            "email",
            "the address",
            required=True,
            also=("email address", "e-mail", "mail", "recipient"),
        ),
        ImportField("campaign", "the campaign's slug, or empty for all"),
        ImportField("reason", "unsubscribed, bounced, complained, refused or imported"),
        ImportField("detail", "a note", also=("notes", "comment")),
        *STATE_FIELDS,
    )
    presets = SUPPRESSIONS
    counted = (ADDED, KNOWN, STILL_THERE)
    single = "email"

    def check(self, plan: ImportPlan) -> None:
        """Refuse a mailing tool's list of its subscribers: it would silence all of them."""
        if not plan.preset.strict and not says_state(plan.columns):
            raise ListInvalid(
                f"This is {plan.preset.system}'s list of people who are subscribed: it has no column that says who"
                " left. Import it with `campaign import people`, and here the list of those who unsubscribed."
            )

    def read(self, row: TableRow, plan: ImportPlan) -> ReadEntry[tuple[LeftAddress, ...]]:
        """Return the addresses of the row, or that they have not left."""
        columns, cells = plan.columns, row.cells
        emails = read_emails(columns.get(cells, "email"))
        if not emails:
            raise ValueError("no email")
        state = read_state(columns, cells)
        # A plain list of addresses has no word for it: all of them are meant.
        meant = state is ListState.unknown and plan.preset.strict
        if not state.reason and not meant:
            return ReadEntry(row.line, None, left_out=STILL_THERE)
        reason = _reason(columns.get(cells, "reason")) or state.reason or SuppressionReason.imported
        detail = read_text(columns.get(cells, "detail"), 100_000)[:_LONGEST_DETAIL]
        detail = detail or ("" if plan.preset.strict else why(columns, cells, plan.preset.system))
        campaign = columns.get(cells, "campaign")
        left = tuple(LeftAddress(email, reason, detail, campaign) for email in emails)
        return ReadEntry(row.line, left, f"{' '.join(emails)} {campaign}".strip(), repeated=KNOWN)

    def save(
        self,
        session: Session,
        entries: Sequence[ReadEntry[tuple[LeftAddress, ...]]],
        *,
        dry_run: bool,
    ) -> SavedEntries:
        """Add the addresses, each once; a row with an unknown campaign is refused."""
        slugs = {left.campaign for one in entries for left in one.entry or () if left.campaign}
        known = {"", *session.scalars(select(Campaign.slug).where(Campaign.slug.in_(slugs)))}
        good = list[LeftAddress]()
        refused = []
        for one in entries:
            left = one.entry or ()
            # All addresses of a row have its campaign.
            if left and left[0].campaign not in known:
                refused.append(RejectedLine(one.line, f"there is no campaign {left[0].campaign!r}"))
            else:
                good += left
        new, before = suppress_all(session, good, dry_run=dry_run)
        return SavedEntries(Counter({ADDED: new, KNOWN: before}), refused)


def _reason(text: str) -> SuppressionReason | None:
    try:
        return SuppressionReason(text.strip().lower()) if text.strip() else None
    except ValueError:
        known = ", ".join(one.value for one in SuppressionReason)
        raise ValueError(f"{text!r} is not a valid reason; use {known}") from None


def suppress_all(
    session: Session, left: Sequence[LeftAddress], *, dry_run: bool
) -> tuple[int, int]:
    """Suppress each address; return how many are new and how many were before. The first reason is kept."""
    if not left:
        return 0, 0
    unique = {(one.email.lower(), one.campaign): one for one in reversed(left)}
    slugs = {one.campaign for one in left}
    found = select(Campaign.slug, Campaign.id).where(Campaign.slug.in_(slugs))
    ids: dict[str, int | None] = {row.slug: row.id for row in session.execute(found)}
    keys = {(email, ids.get(slug)): one for (email, slug), one in unique.items()}
    new = _missing(session, list(keys))
    if new and not dry_run:
        # In a fixed order, so that two imports at once cannot deadlock.
        rows = [
            {"email": email, "campaign_id": number, "reason": keys[email, number].reason.value,
             "detail": keys[email, number].detail}
            for email, number in sorted(new, key=lambda key: (key[0], key[1] or 0))
        ]  # fmt: skip
        stored = insert(Suppression).on_conflict_do_nothing().returning(Suppression.id)
        added = len(session.scalars(stored, rows).all())
    else:
        added = len(new)
    return added, len(left) - added


def _missing(
    session: Session, keys: Sequence[tuple[str, int | None]]
) -> list[tuple[str, int | None]]:
    emails = {email for email, _ in keys}
    present = {
        (email, number)
        for email, number in session.execute(
            select(Suppression.email, Suppression.campaign_id).where(Suppression.email.in_(emails))
        )
    }
    return [key for key in keys if key not in present]


def count_suppressed(session: Session, addresses: Sequence[str]) -> int:
    """Return how many of these lower-case addresses are suppressed for all campaigns."""
    barred = select(func.count(Suppression.email.distinct())).where(
        Suppression.email.in_(addresses), Suppression.campaign_id.is_(None)
    )
    return session.scalars(barred).one()
