"""Who is written to in bulk, who is not, and when not: for the queue, and again when a letter is about to be sent.

The conditions are the same SQL in both places. Quiet hours are reckoned here alone, for both.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Text,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session

from campaign.campaigns import schedule
from campaign.core import clock
from campaign.core.errors import DeadlineInvalid
from campaign.donations.canonical_donors import other_records
from campaign.mailer.kinds import EmailKind
from campaign.models import (
    Campaign,
    CampaignStep,
    Donation,
    DonationState,
    Donor,
    Reminder,
    Suppression,
)

if TYPE_CHECKING:
    from campaign.mailer.outbox import EmailClaim

Id = int | ColumnElement[int]

WINDOWS = "windows"
"""The key in a session's `info` under which a sender keeps the windows for the seconds that a batch takes."""

PAUSED_RETRY = timedelta(minutes=15)
"""After how long an appeal of a paused campaign is looked at again."""

QUIET_FROM = 21
QUIET_UNTIL = 9
"""Hours on the reader's wall clock: from 21:00 to 09:00 nothing is sent in bulk."""


REMAINING_STATES = (
    DonationState.processing.value,
    DonationState.paid.value,
    DonationState.partially_refunded.value,
)
"""A gift that is promised or of which something is left: its donor is thanked at the end."""


def has_given(address: ColumnElement[str], campaign_id: Id) -> ColumnElement[bool]:
    """Whether someone of this address, in lower case, has given to the campaign: promised, or ever paid."""
    given = or_(Donation.state == DonationState.processing.value, Donation.paid_at.is_not(None))
    return _donated(address, campaign_id, given)


def has_given_from_other_address(
    address: ColumnElement[str], campaign_id: Id
) -> ColumnElement[bool]:
    """Whether the person of this address gave to the campaign under another address of theirs."""
    return (
        exists()
        .where(
            Donation.donor_id.in_(other_records(address)),
            Donation.campaign_id == campaign_id,
            or_(Donation.state == DonationState.processing.value, Donation.paid_at.is_not(None)),
        )
        .correlate_except(Donation)
    )


def has_remaining_gift(address: ColumnElement[str], campaign_id: Id) -> ColumnElement[bool]:
    """Whether something is left of what someone of this address, in lower case, gave to the campaign."""
    return _donated(address, campaign_id, Donation.state.in_(REMAINING_STATES))


def _donated(
    address: ColumnElement[str], campaign_id: Id, which: ColumnElement[bool]
) -> ColumnElement[bool]:
    its_donor = and_(Donor.email != "", func.lower(Donor.email) == address)
    its_gift = and_(Donation.donor_id == Donor.id, Donation.campaign_id == campaign_id)
    return exists().where(its_donor, its_gift, which).correlate_except(Donor, Donation)


def suppressed(address: ColumnElement[str], campaign_id: Id) -> ColumnElement[bool]:
    """Whether this address, in lower case, gets no appeals: none at all, or none of this campaign."""
    return (
        exists()
        .where(
            Suppression.email == address,
            or_(Suppression.campaign_id.is_(None), Suppression.campaign_id == campaign_id),
        )
        .correlate_except(Suppression)
    )


def ineligibility_reason(session: Session, claim: "EmailClaim", at: datetime) -> str:
    """Why a letter in bulk must not go out at `at`: a sentence for staff, or '' if it may.

    Asked in the moment of sending, so whoever gave or unsubscribed since it was queued is left out.
    """
    if claim.campaign_id is None:
        return ""
    campaign = session.get(Campaign, claim.campaign_id, populate_existing=True)
    if campaign is None:
        return "The campaign does not exist any more."
    # The session itself would let go of it at once, and `postponed_until` read it again.
    session.info["campaign"] = campaign
    return _person_unwanted(session, claim) or _letter_unwanted(session, claim, campaign, at)


_RECIPIENT = func.lower(bindparam("recipient", type_=Text()))
_CAMPAIGN = bindparam("campaign", type_=BigInteger())
# Made once: to make them anew for every letter takes as long as to ask the database.
_STILL_ASKED = select(
    suppressed(_RECIPIENT, _CAMPAIGN),
    or_(has_given(_RECIPIENT, _CAMPAIGN), has_given_from_other_address(_RECIPIENT, _CAMPAIGN)),
)
_STILL_THANKED = select(
    suppressed(_RECIPIENT, _CAMPAIGN), has_remaining_gift(_RECIPIENT, _CAMPAIGN)
)


def _person_unwanted(session: Session, claim: "EmailClaim") -> str:
    is_suppressed, has_given = session.execute(
        _STILL_THANKED if claim.kind == EmailKind.thank_you else _STILL_ASKED,
        {"recipient": claim.recipient, "campaign": claim.campaign_id},
    ).one()
    if not claim.recipient:
        return "The address has been forgotten."
    if is_suppressed:
        return "They get no more appeals: the address is on the suppression list."
    if claim.kind == EmailKind.thank_you:
        return "" if has_given else "Nothing is left of their gift."
    return "They have given to this campaign meanwhile." if has_given else ""


def _letter_unwanted(
    session: Session, claim: "EmailClaim", campaign: Campaign, at: datetime
) -> str:
    if claim.kind == EmailKind.reminder:
        if at >= campaign.deadline:
            return "The campaign is over."
        kept = session.get(Reminder, int(claim.subject_key), populate_existing=True)
        return "" if kept else "The reminder was taken back, or put off to another moment."
    if claim.kind == EmailKind.appeal and at >= campaign.deadline:
        return "The campaign is over."
    if claim.step_id is None:
        return ""
    window = _window(session, campaign, claim.step_id)
    if window is None:
        return "The step is switched off, or is never due."
    return "" if at < window.closes else "The time for this step is over."


def postponed_until(session: Session, claim: "EmailClaim", at: datetime) -> datetime | None:
    """The instant to put a letter in bulk off to, or None where it may go out at `at`.

    That is the end of the reader's quiet hours, on the campaign's clock where the reader's zone is not known. A letter
    that was queued before the deadline moved waits until its step is due again. While no gifts are taken by card,
    nobody is asked for one.
    """
    if claim.campaign_id is None:
        return None
    campaign = session.get(Campaign, claim.campaign_id)
    if campaign is None:
        return None
    if campaign.paused_at is not None and claim.kind in (EmailKind.appeal, EmailKind.reminder):
        return at + PAUSED_RETRY
    later = _step_due(session, campaign, claim, at)
    waking = quiet_end(later, known_zone(claim.timezone) or campaign.zone) or later
    return waking if waking > at else None


def _step_due(session: Session, campaign: Campaign, claim: "EmailClaim", at: datetime) -> datetime:
    """When the letter's step is due; `at` where that is past, or it is no step's."""
    window = _window(session, campaign, claim.step_id) if claim.step_id else None
    return window.due if window and at < window.due else at


def _window(session: Session, campaign: Campaign, step_id: int) -> schedule.Window | None:
    """Where the session's `info` has a place for them, the windows of one batch are reckoned once a deadline."""
    kept: dict[tuple[object, ...], schedule.Window | None] = session.info.get(WINDOWS, {})
    key = (campaign.id, campaign.deadline, step_id)
    if key not in kept:
        every: Iterable[CampaignStep] = schedule.list_steps(session, campaign.id)
        kept[key] = schedule.window_of(campaign, every, step_id)
    return kept[key]


def known_zone(name: str | None) -> ZoneInfo | None:
    """The zone of that name; None where there is none, or none that we know."""
    if not name:
        return None
    try:
        return clock.zone(name)
    except DeadlineInvalid:
        return None


def quiet_end(at: datetime, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours that `at` falls into end in `zone`, in UTC; None outside of them."""
    local = at.astimezone(zone)
    if QUIET_UNTIL <= local.hour < QUIET_FROM:
        return None
    day = local.date() if local.hour < QUIET_UNTIL else local.date() + timedelta(days=1)
    return clock.at_hour(day, QUIET_UNTIL, zone).astimezone(UTC)


def quiet_zones(names: Iterable[str], fallback: ZoneInfo, at: datetime) -> list[str]:
    """Those of `names` in which it is a quiet hour at `at`; what names no zone keeps the hours of `fallback`."""
    return [name for name in names if quiet_end(at, known_zone(name) or fallback)]
