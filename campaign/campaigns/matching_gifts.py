"""Add and end matching gifts, in which a sponsor adds to what readers give. Each change is in the audit log.

The ledger's trigger counts what was given in a window. Adding or ending a matching gift locks the campaign's row, for
which every new entry waits, and then fills its shards from the ledger, so no entry is missed or counted twice. With a
million gifts that takes two to four seconds, and booking waits that long.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, text, true
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.audit.audit_log import Actor, Subject
from campaign.campaigns import form_parsing
from campaign.campaigns.edit import notify_campaign_pages
from campaign.campaigns.form_parsing import FieldReader
from campaign.core import clock, money
from campaign.core.errors import FieldsInvalid, NotFound
from campaign.core.outside_text import read_whole
from campaign.models import Campaign, MatchingGift, MatchingShard

LARGEST_RATIO = 1000
_LOCK_TIMEOUT = "1min"

# All entries of a gift count by the time of its payment, as in the ledger's trigger.
_FILL = text("""
    INSERT INTO matching_shard (matching_id, shard, given)
    SELECT gift.id, (entry.donation_id % 16)::smallint, sum(entry.amount)
    FROM matching_gift AS gift
    JOIN ledger_entry AS payment ON payment.kind = 'payment'
        AND payment.occurred_at >= gift.starts_at AND payment.occurred_at < least(gift.ends_at, gift.ended_at)
    JOIN ledger_entry AS entry ON entry.donation_id = payment.donation_id AND entry.campaign_id = gift.campaign_id
    WHERE gift.id = :id AND entry.amount <> 0
    GROUP BY 1, 2
""")


@dataclass(frozen=True)
class MatchingGiftFields:
    """A matching gift as typed: the pool in major units, the percentage of each gift, the window in local time.

    An empty `starts` means the campaign's start, an empty `ends` its deadline.
    """

    sponsor: str
    pool: str
    ratio: str = "100"
    starts: str = ""
    ends: str = ""


def add_matching_gift(
    session: Session, campaign: Campaign, promise: MatchingGiftFields, actor: Actor, at: datetime
) -> MatchingGift:
    """Save the matching gift and count what was already given in its window; a repeat returns the same one.

    Raises FieldsInvalid.
    """
    campaign = _locked(session, campaign)
    wanted = _read(campaign, promise, actor, at)
    existing = session.scalar(
        select(MatchingGift).where(
            MatchingGift.campaign_id == campaign.id,
            MatchingGift.sponsor == wanted.sponsor,
            MatchingGift.pool == wanted.pool,
            MatchingGift.ratio_percent == wanted.ratio_percent,
            MatchingGift.starts_at == wanted.starts_at,
            MatchingGift.ends_at == wanted.ends_at,
            MatchingGift.ended_at.is_(None),
        )
    )
    if existing is not None:
        return existing
    session.add(wanted)
    session.flush()
    session.execute(_FILL, {"id": wanted.id})
    _record(session, campaign, wanted, actor, "matching_gift.added", after=_facts(wanted))
    return wanted


def end_matching_gift(
    session: Session, campaign: Campaign, matching_id: int, actor: Actor
) -> MatchingGift:
    """End a matching gift now: later gifts are not matched, earlier ones stay matched. A repeat changes nothing."""
    campaign = _locked(session, campaign)
    gift = session.get(MatchingGift, matching_id, populate_existing=True)
    if gift is None or gift.campaign_id != campaign.id:
        raise NotFound(f"{campaign.slug} has no matching gift {matching_id}.")
    # Read the clock after taking the lock: gifts booked while we waited were charged before this time.
    moment = clock.now()
    if gift.ended_at is not None or gift.ends_at <= moment:
        return gift
    gift.ended_at = moment
    session.flush()
    session.execute(delete(MatchingShard).where(MatchingShard.matching_id == gift.id))
    session.execute(_FILL, {"id": gift.id})
    ends = {"ends_at": gift.ends_at.isoformat()}, {"ended_at": moment.isoformat()}
    _record(session, campaign, gift, actor, "matching_gift.ended", before=ends[0], after=ends[1])
    return gift


def _locked(session: Session, campaign: Campaign) -> Campaign:
    """Lock the campaign's row until the commit; every new ledger entry waits for it."""
    session.execute(
        select(
            func.set_config("lock_timeout", _LOCK_TIMEOUT, true()),
            func.set_config("statement_timeout", _LOCK_TIMEOUT, true()),
        )
    )
    return session.get_one(Campaign, campaign.id, populate_existing=True, with_for_update=True)


def _record(
    session: Session,
    campaign: Campaign,
    gift: MatchingGift,
    actor: Actor,
    action: str,
    *,
    after: Mapping[str, object],
    before: Mapping[str, object] | None = None,
) -> None:
    subject = Subject("matching_gift", str(gift.id), campaign.id)
    audit_log.record(session, actor, action, subject, before=before, after=after)
    notify_campaign_pages(session, campaign)


def _facts(gift: MatchingGift) -> dict[str, object]:
    return {
        "sponsor": gift.sponsor,
        "pool": gift.pool,
        "ratio_percent": gift.ratio_percent,
        "starts_at": gift.starts_at.isoformat(),
        "ends_at": gift.ends_at.isoformat(),
    }


def _read(
    campaign: Campaign, promise: MatchingGiftFields, actor: Actor, at: datetime
) -> MatchingGift:
    reader = FieldReader()
    longest = form_parsing.LONGEST_SPONSOR
    sponsor = reader.read(
        "sponsor",
        lambda: form_parsing.one_line(promise.sponsor, longest, "the sponsor’s public name"),
    )
    pool = reader.read("pool", lambda: money.parse_amount(promise.pool, campaign.currency))
    ratio = reader.read("ratio", lambda: _ratio(promise.ratio))
    starts, ends = _window(reader, campaign, promise, at)
    reader.check()
    return MatchingGift(
        campaign_id=campaign.id,
        sponsor=sponsor,
        pool=pool,
        ratio_percent=ratio,
        starts_at=starts,
        ends_at=ends,
        created_by=actor.name,
        created_at=at,
    )


def _ratio(text: str) -> int:
    ratio = read_whole(text.strip().removesuffix("%").strip(), LARGEST_RATIO)
    if not ratio:
        raise FieldsInvalid(
            {"ratio": f"Enter a whole percentage from 1 to {LARGEST_RATIO}. 100 doubles each gift."}
        )
    return ratio


def _window(
    reader: FieldReader, campaign: Campaign, promise: MatchingGiftFields, at: datetime
) -> tuple[datetime, datetime]:
    """Parse the window, which must be within the campaign's and must not be over yet."""
    zone, starts, ends = campaign.zone, campaign.starts_at, campaign.deadline
    if promise.starts.strip():
        starts = reader.read("starts", lambda: clock.parse_start(promise.starts, zone)) or starts
    if promise.ends.strip():
        ends = reader.read("ends", lambda: clock.parse_deadline(promise.ends, zone)) or ends
    reader.require(
        "starts",
        campaign.starts_at <= starts < campaign.deadline,
        "The window must be within the campaign, which begins"
        f" {form_parsing.local_text(campaign.starts_at, zone)}.",
    )
    reader.require(
        "ends",
        ends <= campaign.deadline,
        f"The window must be within the campaign, which ends {form_parsing.local_text(campaign.deadline, zone)}.",
    )
    reader.require("ends", ends > starts, "The window must end after it begins.")
    reader.require("ends", ends > at, "The window must end in the future.")
    return starts, ends
