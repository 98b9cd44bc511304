"""Record an offline gift: donation, ledger entry, receipt and audit entry in one transaction.

For the staff form, the import page and the command. The caller reads the entry with `entry_parsing`.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.core.booking_context import BookingContext
from campaign.core.locks import AdvisoryLock, lock_until_commit
from campaign.donations.gift_dates import GiftPlacement, place_offline_gift
from campaign.models import (
    Campaign,
    DepositBatch,
    Donation,
    DonationState,
    Donor,
    Frequency,
    LedgerEntry,
    LedgerKind,
    OfflineGift,
    OfflineKind,
)
from campaign.models.base import new_token
from campaign.offline.deposits import lock_open_batch
from campaign.offline.donor_match import Candidate, find_candidates, find_or_create_donor
from campaign.offline.duplicate_checks import EntryWarning, entry_warnings, require_new_reference
from campaign.offline.entry_parsing import OfflineEntry
from campaign.receipts.receipts import issue_receipt


@dataclass(frozen=True)
class Choices:
    """What the person entering the gift has chosen: the waived warnings (None: all), the donor and the deposit batch.

    `token` identifies the form: submitting it again returns the same gift.
    """

    waived: Collection[str] | None = ()
    donor: str = ""
    batch_id: int | None = None
    token: str | None = None


@dataclass(frozen=True)
class EntryResult:
    """The recorded gift. `new` is False if the same form was submitted before; `joined`: the donor already existed;
    `why_not` says why it does not count for a campaign, '' if it does.
    """

    gift: OfflineGift
    new: bool
    joined: bool = False
    why_not: str = ""


@dataclass(frozen=True)
class UnresolvedEntry:
    """Nothing was recorded: `entry_warnings` are the warnings not waived, `candidates` the donors to choose from."""

    entry_warnings: Sequence[EntryWarning]
    candidates: Sequence[Candidate]


def record_offline_gift(
    session: Session,
    entry: OfflineEntry,
    choices: Choices,
    actor: audit_log.Actor,
    books: BookingContext,
    at: datetime,
) -> EntryResult | UnresolvedEntry:
    """Record `entry` once. Raises OfflineGiftKnown for an existing reference, DepositRefused for a closed batch.

    A lock until commit serializes entries, so that if two people enter the same check, the second one is warned.
    """
    lock_until_commit(session, AdvisoryLock.OFFLINE_ENTRY)
    before = _find_by_token(session, choices.token)
    if before is not None:
        return EntryResult(before, new=False)
    entry = replace(entry, reference=entry.reference or _generate_reference(entry, choices.token))
    require_new_reference(session, entry.reference)
    campaign = _lock_campaign(session, entry.campaign)
    entry = replace(entry, campaign=campaign)
    open_doubts = [
        one
        for one in entry_warnings(session, entry, campaign, at)
        if choices.waived is not None and one.key not in choices.waived
    ]
    giver = None if open_doubts else find_or_create_donor(session, entry, choices.donor)
    if giver is None:
        return UnresolvedEntry(
            open_doubts, find_candidates(session, entry) if not choices.donor else ()
        )
    batch = lock_open_batch(session, choices.batch_id, entry) if choices.batch_id else None
    place = place_offline_gift(campaign, entry.day, at)
    gift = _store(session, entry, giver.donor, batch, (actor, choices.token), (place, at))
    _post_payment(session, gift, place)
    issue_receipt(session, gift.donation, books, at, gift)
    _record(session, gift, place, actor)
    return EntryResult(gift, new=True, joined=giver.joined, why_not=place.why_not)


def _find_by_token(session: Session, token: str | None) -> OfflineGift | None:
    if not token:
        return None
    return session.scalar(select(OfflineGift).where(OfflineGift.entry_token == token))


def _generate_reference(entry: OfflineEntry, token: str | None) -> str:
    """Return a reference such as `cash 2026-12-31 4F7A1C9D` for a gift without one; the same form gets the same one."""
    digest = hashlib.sha256((token or new_token()).encode()).hexdigest()[:8].upper()
    kind = "grant" if entry.kind == OfflineKind.donor_advised_fund else entry.kind.value
    return f"{kind} {entry.received_on} {digest}"


def _lock_campaign(session: Session, campaign: Campaign) -> Campaign:
    """Read the campaign again and lock it, so that its result is not finalized before our commit."""
    return session.scalars(
        select(Campaign)
        .where(Campaign.id == campaign.id)
        .with_for_update(read=True, key_share=True)
        .execution_options(populate_existing=True)
    ).one()


def _store(
    session: Session,
    entry: OfflineEntry,
    donor: Donor,
    batch: DepositBatch | None,
    who: tuple[audit_log.Actor, str | None],
    when: tuple[GiftPlacement, datetime],
) -> OfflineGift:
    """Store the donation and the offline gift. They are anonymous: mailing a check is no consent to be named."""
    (actor, token), (place, at) = who, when
    donation = Donation(
        campaign=entry.campaign,
        donor=donor,
        attempt=f"offline:{entry.reference}",
        frequency=Frequency.one_time.value,
        amount=entry.amount,
        currency=entry.campaign.currency,
        state=DonationState.paid.value,
        email=entry.email or donor.email,
        name=entry.name or donor.name,
        locale=donor.locale or "en",
        anonymous=True,
        code=entry.code,
        charged_at=place.charged_at,
        paid_at=at,
    )
    gift = OfflineGift(
        donation=donation,
        kind=entry.kind.value,
        reference=entry.reference,
        received_on=entry.received_on,
        postmarked_on=entry.postmarked_on,
        description=entry.description,
        batch=batch,
        entered_by=actor.name,
        entry_token=token,
    )
    session.add_all([donation, gift])
    session.flush()
    return gift


def _post_payment(session: Session, gift: OfflineGift, place: GiftPlacement) -> None:
    donation = gift.donation
    entry = LedgerEntry(
        campaign_id=donation.campaign_id if place.counts else None,
        donation_id=donation.id,
        kind=LedgerKind.payment.value,
        amount=donation.amount,
        currency=donation.currency,
        occurred_at=place.charged_at,
        source=_source(session, gift.reference),
    )
    session.add(entry)
    session.flush()


def _source(session: Session, reference: str) -> str:
    """Return `offline:<reference>`, with a number if the reference was used before for a gift entered by mistake."""
    source, number = f"offline:{reference}", 1
    while session.scalar(
        select(exists().where(LedgerEntry.kind == "payment", LedgerEntry.source == source))
    ):
        number += 1
        source = f"offline:{reference}:{number}"
    return source


def _record(
    session: Session, gift: OfflineGift, place: GiftPlacement, actor: audit_log.Actor
) -> None:
    donation = gift.donation
    audit_log.record(
        session,
        actor,
        "offline_gift.entered",
        audit_log.Subject("donation", donation.public_id, donation.campaign_id),
        after={
            "reference": gift.reference,
            "kind": gift.kind,
            "amount": donation.amount,
            "currency": donation.currency,
            "received_on": str(gift.received_on),
            "postmarked_on": str(gift.postmarked_on) if gift.postmarked_on else None,
            "code": donation.code,
            "donor": donation.donor_id,
            "batch": gift.batch.name if gift.batch else None,
            "counted": place.counts,
        },
    )
