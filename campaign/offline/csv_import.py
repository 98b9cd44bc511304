"""Import a list of offline gifts: plan what each row would do, then enter it row by row.

The caller commits after each row, so an interruption loses no row and repeats none: each reference is entered once.
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
    """A row that can be entered, with its warnings. `donor` is the id of an existing donor, or SOMEBODY_NEW."""

    line: int
    entry: OfflineEntry
    entry_warnings: tuple[EntryWarning, ...]
    donor: str

    @property
    def joins(self) -> bool:
        """Whether the gift goes to a known donor without email."""
        return self.donor != NEW_DONOR

    @property
    def alike(self) -> bool:
        """Whether it may be a duplicate of an existing gift."""
        return any(one.key.startswith("like-") for one in self.entry_warnings)

    @property
    def outside(self) -> bool:
        """Whether it will not count for any campaign."""
        return any(one.key == "place" for one in self.entry_warnings)


@dataclass
class ListReader:
    """How to read a list. `campaign` is the slug for rows without a code, `zone` the organization's time zone.

    `own` are the warning keys of gifts entered by this run: similar rows within one list are not duplicates.
    """

    campaign: str
    zone: ZoneInfo
    own: set[str] = field(default_factory=set)

    def rows(self, raw: bytes) -> Iterator[Row | RejectedLine]:
        """Yield the rows of a file. If two have the same reference, the second is rejected. Raises ListInvalid."""
        seen: dict[str, int] = {}
        for row in read_rows(raw, self.campaign):
            if isinstance(row, RejectedLine):
                yield row
                continue
            name = " ".join(row.gift.reference.split()).lower()
            first = seen.setdefault(name, row.line)
            if first != row.line:
                words = f"reference {row.gift.reference.strip()} is already on line {first}"
                yield RejectedLine(row.line, words)
            else:
                yield row

    def plan(self, session: Session, row: Row, at: datetime) -> PlannedRow | RejectedLine:
        """Return what entering `row` would do now, or why it is rejected."""
        try:
            entry = read_entry(session, row.gift, at, self.zone)
            _require_not_entered(session, entry)
        except OfflineGiftInvalid as error:
            faults = [words.rstrip(".") for words in error.faults.values()]
            return RejectedLine(row.line, "; ".join(faults))
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
        """Enter a row as planned, ignoring its warnings. Return a Refusal if it can no longer be entered.

        The reference is checked again under the lock that all entries take.
        """
        choices = Choices(waived=None, donor=planned.donor)
        try:
            entered = record_offline_gift(session, planned.entry, choices, actor, books, at)
        except CampaignError as error:
            return RejectedLine(planned.line, str(error).rstrip("."))
        if isinstance(entered, EntryResult):
            self.own.add(f"like-{entered.gift.id}")
            return entered
        return RejectedLine(
            planned.line, "its donor has changed in the meantime; import the file again"
        )


def _require_not_entered(session: Session, entry: OfflineEntry) -> None:
    """Raise OfflineGiftKnown if the reference exists, or if the same row was entered before and reversed as a mistake.

    Importing a list again must not restore gifts that were removed as mistakes. A corrected row is accepted.
    """
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
        values = (gift.kind, gift.received_on, gift.postmarked_on, gift.donation.amount)
        if values == (entry.kind.value, entry.received_on, entry.postmarked_on, entry.amount):
            raise OfflineGiftKnown(
                f"Reference {gift.reference} is {describe(gift)}, and was reversed as a mistake on"
                f" {gift.reversed_on}. Correct the row, or enter the gift by hand."
            )


def record_import(
    session: Session, actor: audit_log.Actor, raw: bytes, *, entered: int, refused: int
) -> None:
    """Record the import in the audit log: the file's SHA-256 digest and the number of rows entered and rejected."""
    digest = hashlib.sha256(raw).hexdigest()
    audit_log.record(
        session,
        actor,
        "offline_gifts.imported",
        audit_log.Subject("offline_list", digest[:16]),
        after={"sha256": digest, "entered": entered, "refused": refused},
    )
