"""A list of offline gifts: what each row would do, and doing it row by row.

Each row is one transaction of its own (whoever calls commits after each), so an interruption loses none and repeats
none: a reference is entered once.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from campaign.audit import audit_log
from campaign.core.booking_context import BookingContext
from campaign.core.csv_lists import RejectedLine
from campaign.core.errors import CampaignError, OfflineGiftInvalid, OfflineGiftKnown
from campaign.models import OfflineGift, ReversalReason
from campaign.offline.csv_rows import Row, read_rows
from campaign.offline.donor_match import NEW_DONOR, find_candidates
from campaign.offline.duplicate_checks import (
    EntryWarning,
    describe,
    entry_warnings,
    require_new_reference,
)
from campaign.offline.entry import Choices, EntryResult, record_offline_gift
from campaign.offline.entry_parsing import OfflineEntry, read_entry


@dataclass(frozen=True)
class PlannedRow:
    """A row that can be entered: which doubts there are, and whether its donor is one without email whom we know."""

    line: int
    entry: OfflineEntry
    entry_warnings: tuple[EntryWarning, ...]
    donor: str

    @property
    def joins(self) -> bool:
        return self.donor != NEW_DONOR

    @property
    def alike(self) -> bool:
        """Whether a gift is here that may be the same."""
        return any(one.key.startswith("like-") for one in self.entry_warnings)

    @property
    def outside(self) -> bool:
        """Whether it will count for no campaign."""
        return any(one.key == "place" for one in self.entry_warnings)


@dataclass
class ListReader:
    """How a list is read: `campaign` is the slug for rows without a code, `zone` the organisation's.

    `own` are the keys of doubts about gifts that this same run has entered: a list knows what it says twice.
    """

    campaign: str
    zone: ZoneInfo
    own: set[str] = field(default_factory=set)

    def rows(self, raw: bytes) -> Iterator[Row | RejectedLine]:
        """The rows of a file; of two with one reference the second is refused. Raises ListInvalid."""
        seen: dict[str, int] = {}
        for row in read_rows(raw, self.campaign):
            if isinstance(row, RejectedLine):
                yield row
                continue
            name = " ".join(row.gift.reference.split()).lower()
            first = seen.setdefault(name, row.line)
            if first != row.line:
                words = f"reference {row.gift.reference.strip()} stands on line {first} already"
                yield RejectedLine(row.line, words)
            else:
                yield row

    def plan(self, session: Session, row: Row, at: datetime) -> PlannedRow | RejectedLine:
        """What entering `row` would do now."""
        try:
            entry = read_entry(session, row.gift, at, self.zone)
            _require_new(session, entry)
        except OfflineGiftInvalid as error:
            told = [words.rstrip(".") for words in error.faults.values()]
            return RejectedLine(row.line, "; ".join(told))
        except OfflineGiftKnown as error:
            return RejectedLine(row.line, str(error).rstrip("."))
        same = next((one for one in find_candidates(session, entry) if one.same_address), None)
        donor = str(same.id) if same else NEW_DONOR
        found = entry_warnings(session, entry, entry.campaign, at)
        return PlannedRow(
            row.line, entry, tuple(one for one in found if one.key not in self.own), donor
        )

    def enter(
        self,
        session: Session,
        planned: PlannedRow,
        actor: audit_log.Actor,
        books: BookingContext,
        at: datetime,
    ) -> EntryResult | RejectedLine:
        """Enter a row as it was planned, whatever doubts there were; a Refusal where another was faster.

        The reference is looked at again, under the lock of all entries.
        """
        choices = Choices(waived=None, donor=planned.donor)
        try:
            entered = record_offline_gift(session, planned.entry, choices, actor, books, at)
        except CampaignError as error:
            return RejectedLine(planned.line, str(error).rstrip("."))
        if isinstance(entered, EntryResult):
            self.own.add(f"like-{entered.gift.id}")
            return entered
        return RejectedLine(planned.line, "its donor was changed meanwhile; import the file again")


def _require_new(session: Session, entry: OfflineEntry) -> None:
    """A list that comes again must not bring back what was taken out as a mistake; mended, the row is another."""
    require_new_reference(session, entry.reference)
    mistakes = session.scalars(
        select(OfflineGift)
        .where(
            func.lower(OfflineGift.reference) == entry.reference.lower(),
            OfflineGift.reversal_reason == ReversalReason.mistake.value,
        )
        .options(joinedload(OfflineGift.donation))
    )
    for gift in mistakes:
        told = (gift.kind, gift.received_on, gift.postmarked_on, gift.donation.amount)
        if told == (entry.kind.value, entry.received_on, entry.postmarked_on, entry.amount):
            raise OfflineGiftKnown(
                f"Reference {gift.reference} is {describe(gift)}, and was taken back as a mistake on"
                f" {gift.reversed_on}. Mend the row, or enter the gift by hand."
            )


def record_import(
    session: Session, actor: audit_log.Actor, raw: bytes, *, entered: int, refused: int
) -> None:
    """Keep in the audit log which file was imported, by its digest, and what came of it."""
    digest = hashlib.sha256(raw).hexdigest()
    audit_log.record(
        session,
        actor,
        "offline_gifts.imported",
        audit_log.Subject("offline_list", digest[:16]),
        after={"sha256": digest, "entered": entered, "refused": refused},
    )
