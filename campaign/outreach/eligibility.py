"""Who may get campaign emails, and when: checked when an email is queued and again just before it is sent.

Both checks use the same SQL conditions.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
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
from sqlalchemy.orm import InstrumentedAttribute, Session

from campaign.campaigns import schedule
from campaign.campaigns.quiet_hours import known_zone, quiet_end
from campaign.donations.canonical_donors import other_records
from campaign.mailer.kinds import EmailKind
from campaign.mailer.suppressions import SUPPRESSED
from campaign.models import (
    Campaign,
    CampaignStep,
    Donation,
    DonationState,
    Donor,
    GiftElsewhere,
    Reminder,
    Subscription,
    SubscriptionState,
    Suppression,
)

if TYPE_CHECKING:
    from campaign.mailer.outbox import EmailClaim

Id = int | ColumnElement[int]

WINDOWS = "windows"
"""The key in a session's `info` under which a sender caches the windows during a batch."""

PAUSED_RETRY = timedelta(minutes=15)
"""How long an appeal of a paused campaign is postponed."""


REMAINING_STATES = (
    DonationState.processing.value,
    DonationState.paid.value,
    DonationState.partially_refunded.value,
)
"""States of gifts that are promised or not fully refunded; their donors are thanked at the end."""


def has_given(address: ColumnElement[str], campaign_id: Id) -> ColumnElement[bool]:
    """Whether this address, in lower case, has given to the campaign: promised, or ever paid."""
    given = or_(Donation.state == DonationState.processing.value, Donation.paid_at.is_not(None))
    return _donated(address, campaign_id, given)


def has_given_from_other_address(
    address: ColumnElement[str], campaign_id: Id
) -> ColumnElement[bool]:
    """Whether the person with this address gave to the campaign from another address."""
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
    """Whether this address, in lower case, has a gift to the campaign that is not fully refunded."""
    return _donated(address, campaign_id, Donation.state.in_(REMAINING_STATES))


def _donated(
    address: ColumnElement[str], campaign_id: Id, which: ColumnElement[bool]
) -> ColumnElement[bool]:
    its_donor = and_(Donor.email != "", func.lower(Donor.email) == address)
    its_gift = and_(Donation.donor_id == Donor.id, Donation.campaign_id == campaign_id)
    return exists().where(its_donor, its_gift, which).correlate_except(Donor, Donation)


def suppressed(address: ColumnElement[str], campaign_id: Id) -> ColumnElement[bool]:
    """Whether this address, in lower case, is suppressed for all campaigns or for this one."""
    return (
        exists()
        .where(
            Suppression.email == address,
            or_(Suppression.campaign_id.is_(None), Suppression.campaign_id == campaign_id),
        )
        .correlate_except(Suppression)
    )


def ineligibility_reason(session: Session, claim: "EmailClaim", at: datetime) -> str:
    """Return why a campaign email must not be sent at `at`, as a sentence for staff, or '' if it may be sent.

    This is checked just before sending, so people who gave or unsubscribed in the meantime are left out.
    """
    if claim.campaign_id is None:
        return ""
    campaign = session.get(Campaign, claim.campaign_id, populate_existing=True)
    if campaign is None:
        return "The campaign no longer exists."
    # Keep a reference: the session holds only a weak one, and `postponed_until` would read the row again.
    session.info["campaign"] = campaign
    return _person_unwanted(session, claim) or _email_unwanted(session, claim, campaign, at)


_RECIPIENT = func.lower(bindparam("recipient", type_=Text()))
_CAMPAIGN = bindparam("campaign", type_=BigInteger())
# Built once: building them for every email takes as long as the query itself.
_STILL_ASKED = select(
    suppressed(_RECIPIENT, _CAMPAIGN),
    or_(has_given(_RECIPIENT, _CAMPAIGN), has_given_from_other_address(_RECIPIENT, _CAMPAIGN)),
)
_STILL_THANKED = select(
    suppressed(_RECIPIENT, _CAMPAIGN), has_remaining_gift(_RECIPIENT, _CAMPAIGN)
)


def _person_unwanted(session: Session, claim: "EmailClaim") -> str:
    if claim.kind == EmailKind.move_over:
        return _invitation_unwanted(session, claim)
    is_suppressed, has_given = session.execute(
        _STILL_THANKED if claim.kind == EmailKind.thank_you else _STILL_ASKED,
        {"recipient": claim.recipient, "campaign": claim.campaign_id},
    ).one()
    if not claim.recipient:
        return "The address has been erased."
    if is_suppressed:
        return SUPPRESSED
    if claim.kind == EmailKind.thank_you:
        return "" if has_given else "Their gift was refunded or reversed in full."
    return "They have given to this campaign in the meantime." if has_given else ""


def _invitation_unwanted(session: Session, claim: "EmailClaim") -> str:
    """Return why someone is not invited to move a monthly gift here; having given otherwise is no reason."""
    if not claim.recipient:
        return "The address has been erased."
    asked = {"recipient": claim.recipient, "campaign": claim.campaign_id}
    if session.scalar(select(suppressed(_RECIPIENT, _CAMPAIGN)), asked):
        return "The address is on the suppression list."
    if session.scalar(select(has_moved(_RECIPIENT)), asked):
        return "They have a monthly or yearly gift here."
    return (
        "" if session.scalar(select(gives_elsewhere(_RECIPIENT)), asked) else "That gift has ended."
    )


def has_moved(address: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the person with this address, in lower case, has a monthly or yearly gift here that goes on."""
    mine = or_(
        _is_donor(address, Subscription.donor_id), Subscription.donor_id.in_(other_records(address))
    )
    going_on = Subscription.state != SubscriptionState.ended.value
    return exists().where(mine, going_on).correlate_except(Subscription)


def gives_elsewhere(address: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether another processor still charges a recurring gift of this address, in lower case."""
    mine = _is_donor(address, GiftElsewhere.donor_id)
    return exists().where(mine, GiftElsewhere.ended_at.is_(None)).correlate_except(GiftElsewhere)


def _is_donor(
    address: ColumnElement[str], donor_id: InstrumentedAttribute[int]
) -> ColumnElement[bool]:
    its_donor = exists().where(
        Donor.id == donor_id, Donor.email != "", func.lower(Donor.email) == address
    )
    return its_donor.correlate_except(Donor)


def _email_unwanted(session: Session, claim: "EmailClaim", campaign: Campaign, at: datetime) -> str:
    if claim.kind == EmailKind.reminder:
        if at >= campaign.deadline:
            return "The campaign is over."
        kept = session.get(Reminder, int(claim.subject_key), populate_existing=True)
        return "" if kept else "The reminder was canceled or moved to another time."
    ending = (EmailKind.appeal, EmailKind.extension, EmailKind.move_over)
    if claim.kind in ending and at >= campaign.deadline:
        return "The campaign is over."
    if claim.step_id is None:
        return ""
    window = _window(session, campaign, claim.step_id, claim.timezone)
    if window is None:
        return "The email is switched off or is never due."
    return "" if at < window.closes else "The time for this email is over."


_PAUSABLE = (EmailKind.appeal, EmailKind.extension, EmailKind.reminder, EmailKind.move_over)


def postponed_until(session: Session, claim: "EmailClaim", at: datetime) -> datetime | None:
    """Return when to send a campaign email instead of `at`, or None if it may be sent at `at`.

    This is the end of the recipient's quiet hours, in the campaign's time zone if the recipient's is unknown. An email
    that was queued before the deadline moved waits until its step is due again. While a campaign is paused, its appeals
    and reminders wait.
    """
    if claim.campaign_id is None:
        return None
    campaign = session.get(Campaign, claim.campaign_id)
    if campaign is None:
        return None
    if campaign.paused_at is not None and claim.kind in _PAUSABLE:
        return at + PAUSED_RETRY
    later = _step_due(session, campaign, claim, at)
    waking = quiet_end(later, reader_zone(campaign, claim.timezone)) or later
    return waking if waking > at else None


def _step_due(session: Session, campaign: Campaign, claim: "EmailClaim", at: datetime) -> datetime:
    """Return when the email's step is due, or `at` if that is past or the email has no step."""
    window = _window(session, campaign, claim.step_id, claim.timezone) if claim.step_id else None
    return window.due if window and at < window.due else at


def reader_zone(campaign: Campaign, name: str | None) -> ZoneInfo:
    """Return the recipient's time zone, or the campaign's if theirs is unknown."""
    return known_zone(name) or campaign.zone


def _window(
    session: Session, campaign: Campaign, step_id: int, timezone: str | None
) -> schedule.Window | None:
    """Return the step's window for a recipient, cached in the session's `info` for one batch if the sender has one."""
    kept: dict[tuple[object, ...], schedule.Window | None] = session.info.get(WINDOWS, {})
    zone = reader_zone(campaign, timezone)
    key = (campaign.id, campaign.deadline, step_id, zone.key)
    if key not in kept:
        every: Iterable[CampaignStep] = schedule.list_steps(session, campaign.id)
        kept[key] = schedule.window_of(campaign, every, step_id, zone)
    return kept[key]
