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
from campaign.core.booking_context import Books
from campaign.core.csv_lists import Refusal
from campaign.core.errors import CampaignError, OfflineGiftInvalid, OfflineGiftKnown
from campaign.models import OfflineGift, TakenBack
from campaign.offline.csv_rows import Row, read_rows
from campaign.offline.donor_match import SOMEBODY_NEW, candidates
from campaign.offline.duplicate_checks import Doubt, describe, doubts, require_unknown
from campaign.offline.entry import Choices, Entered, enter_gift
from campaign.offline.entry_parsing import OfflineEntry, read_entry


@dataclass(frozen=True)
class Planned:
    """A row that can be entered: which doubts there are, and whether its donor is one without email whom we know."""

    line: int
    entry: OfflineEntry
    doubts: tuple[Doubt, ...]
    donor: str

    @property
    def joins(self) -> bool:
        return self.donor != SOMEBODY_NEW

    @property
    def alike(self) -> bool:
        """Whether a gift is here that may be the same."""
        return any(one.key.startswith("like-") for one in self.doubts)

    @property
    def outside(self) -> bool:
        """Whether it will count for no campaign."""
        return any(one.key == "place" for one in self.doubts)


@dataclass
class ListReader:
    """How a list is read: `campaign` is the slug for rows without a code, `zone` the organisation's.

    `own` are the keys of doubts about gifts that this same run has entered: a list knows what it says twice.
    """

    campaign: str
    zone: ZoneInfo
    own: set[str] = field(default_factory=set)

    def rows(self, raw: bytes) -> Iterator[Row | Refusal]:
        """The rows of a file; of two with one reference the second is refused. Raises ListInvalid."""
        seen: dict[str, int] = {}
        for row in read_rows(raw, self.campaign):
            if isinstance(row, Refusal):
                yield row
                continue
            name = " ".join(row.gift.reference.split()).lower()
            first = seen.setdefault(name, row.line)
            if first != row.line:
                words = f"reference {row.gift.reference.strip()} stands on line {first} already"
                yield Refusal(row.line, words)
            else:
                yield row

    def plan(self, session: Session, row: Row, at: datetime) -> Planned | Refusal:
        """What entering `row` would do now."""
        try:
            entry = read_entry(session, row.gift, at, self.zone)
            _require_new(session, entry)
        except OfflineGiftInvalid as error:
            told = [words.rstrip(".") for words in error.faults.values()]
            return Refusal(row.line, "; ".join(told))
        except OfflineGiftKnown as error:
            return Refusal(row.line, str(error).rstrip("."))
        same = next((one for one in candidates(session, entry) if one.same_address), None)
        donor = str(same.id) if same else SOMEBODY_NEW
        found = doubts(session, entry, entry.campaign, at)
        return Planned(
            row.line, entry, tuple(one for one in found if one.key not in self.own), donor
        )

    def enter(
        self, session: Session, planned: Planned, actor: audit_log.Actor, books: Books, at: datetime
    ) -> Entered | Refusal:
        """Enter a row as it was planned, whatever doubts there were; a Refusal where another was faster.

        The reference is looked at again, under the lock of all entries.
        """
        choices = Choices(waived=None, donor=planned.donor)
        try:
            entered = enter_gift(session, planned.entry, choices, actor, books, at)
        except CampaignError as error:
            return Refusal(planned.line, str(error).rstrip("."))
        if isinstance(entered, Entered):
            self.own.add(f"like-{entered.gift.id}")
            return entered
        return Refusal(planned.line, "its donor was changed meanwhile; import the file again")


def _require_new(session: Session, entry: OfflineEntry) -> None:
    """A list that comes again must not bring back what was taken out as a mistake; mended, the row is another."""
    require_unknown(session, entry.reference)
    mistakes = session.scalars(
        select(OfflineGift)
        .where(
            func.lower(OfflineGift.reference) == entry.reference.lower(),
            OfflineGift.taken_back == TakenBack.mistake.value,
        )
        .options(joinedload(OfflineGift.donation))
    )
    for gift in mistakes:
        told = (gift.kind, gift.received_on, gift.postmarked_on, gift.donation.amount)
        if told == (entry.kind.value, entry.received_on, entry.postmarked_on, entry.amount):
            raise OfflineGiftKnown(
                f"Reference {gift.reference} is {describe(gift)}, and was taken back as a mistake on"
                f" {gift.bounced_on}. Mend the row, or enter the gift by hand."
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
