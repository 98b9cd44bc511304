"""Staff add a subscriber by hand, or unsubscribe someone who asked them to.

The audit log keeps no full address, because erasing a person does not reach it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.audit import audit_log
from campaign.core import clock
from campaign.core.csv_lists import read_address
from campaign.core.errors import DeadlineInvalid, SubscriberInvalid, SuppressionChangeRefused
from campaign.core.i18n import languages
from campaign.core.input_limits import has_control_character
from campaign.donors.masking import masked_email
from campaign.mailer.suppressions import suppress
from campaign.models import Campaign, Subscriber, SuppressionReason
from campaign.outreach.subscribers import LONGEST, Consent, add_subscribers

LONGEST_REMARK = 300
"""The most characters of how someone asked, and of a reason."""


@dataclass(frozen=True)
class NewSubscriber:
    """A subscriber as typed. `consent_on` is a date such as 2026-12-31, or '' for today; `timezone` may be empty."""

    email: str
    consent_source: str
    name: str = ""
    locale: str = "en"
    timezone: str = ""
    consent_on: str = ""
    consent_wording: str = ""


def add_by_hand(
    session: Session, typed: NewSubscriber, zone: ZoneInfo, at: datetime, actor: audit_log.Actor
) -> Subscriber:
    """Save a new subscriber with their consent. A day of consent begins in `zone`. Raises SubscriberInvalid.

    An address that is suppressed stays so: the list then shows that they agreed, and staff can undo it with a reason.
    """
    consent = _read(typed, zone, at)
    known = find_subscriber_by_address(session, consent.email)
    if known is not None or not add_subscribers(session, [consent]).added:
        raise SubscriberInvalid(
            {"email": "This person is a subscriber already. Their first consent is kept."},
            known.id if known else None,
        )
    added = find_subscriber_by_address(session, consent.email)
    if added is None:
        raise LookupError("The subscriber was saved and is not there.")
    audit_log.record(
        session,
        actor,
        "subscriber.added",
        audit_log.Subject("subscriber", str(added.id)),
        after={
            "email": masked_email(added.email),
            "consent_source": added.consent_source,
            "consent_on": str(added.consent_at.astimezone(zone).date()),
        },
    )
    return added


def find_subscriber_by_address(session: Session, email: str) -> Subscriber | None:
    """Return the subscriber with this address, ignoring case, or None."""
    return session.scalar(select(Subscriber).where(func.lower(Subscriber.email) == email.lower()))


def unsubscribe_on_request(
    session: Session,
    subscriber: Subscriber,
    campaign: Campaign | None,
    how: str,
    actor: audit_log.Actor,
) -> bool:
    """Stop campaign emails of one campaign, or of all, to someone who asked for it; return whether that is new.

    `how` says how they asked, and may be empty. Raises SuppressionChangeRefused.
    """
    how = read_remark(how, "how")
    new = suppress(
        session,
        subscriber.email,
        SuppressionReason.unsubscribed,
        campaign_id=campaign.id if campaign else None,
        detail=f"by staff: {how}" if how else "by staff",
    )
    if new:
        subject = audit_log.Subject(
            "suppression", masked_email(subscriber.email), campaign.id if campaign else None
        )
        after = {"campaign": campaign.slug if campaign else "all"} | ({"how": how} if how else {})
        audit_log.record(session, actor, "suppression.added", subject, after=after)
    return new


def read_remark(text: str, field: str) -> str:
    """Return `text` on one line. Raises SuppressionChangeRefused if it is too long or has control characters."""
    if has_control_character(text):
        raise SuppressionChangeRefused("This has a control character. Please type it again.", field)
    text = " ".join(text.split())
    if len(text) > LONGEST_REMARK:
        raise SuppressionChangeRefused(f"Use at most {LONGEST_REMARK} characters.", field)
    return text


def _read(typed: NewSubscriber, zone: ZoneInfo, at: datetime) -> Consent:
    faults: dict[str, str] = {}
    for field, most in LONGEST.items():
        text = getattr(typed, field)
        if has_control_character(text):
            faults[field] = "This has a control character. Please type it again."
        elif len(text) > most:
            faults[field] = f"Use at most {most} characters."
    email = _read_email(typed.email, faults)
    source = " ".join(typed.consent_source.split())
    if not source:
        faults["consent_source"] = "Enter where and how this person agreed."
    if typed.locale not in languages():
        faults["locale"] = "Choose one of the languages."
    timezone = _read_timezone(typed.timezone, faults)
    moment = _read_day(typed.consent_on, zone, at, faults)
    if faults:
        raise SubscriberInvalid(faults)
    return Consent(
        email=email,
        name=" ".join(typed.name.split()),
        locale=typed.locale,
        timezone=timezone,
        consent_source=source,
        consent_wording="\n".join(
            line.strip() for line in typed.consent_wording.strip().splitlines()
        ),
        consent_at=moment,
    )


def _read_email(text: str, faults: dict[str, str]) -> str:
    try:
        return read_address(text.strip())
    except ValueError:
        faults.setdefault("email", "Enter a complete email address, such as name@example.org.")
        return ""


def _read_timezone(text: str, faults: dict[str, str]) -> str | None:
    if not text.strip():
        return None
    try:
        return clock.zone(text.strip()).key
    except DeadlineInvalid:
        faults["timezone"] = "Enter a time zone such as America/New_York, or leave it empty."
        return None


def _read_day(text: str, zone: ZoneInfo, at: datetime, faults: dict[str, str]) -> datetime:
    """Return the start of the day of consent; for today the moment `at`."""
    today = at.astimezone(zone).date()
    try:
        day = date.fromisoformat(text.strip()) if text.strip() else today
    except ValueError:
        faults["consent_on"] = f"“{text.strip()}” is not a date. Write it as 2026-12-31."
        return at
    if day > today:
        faults["consent_on"] = "This day is in the future."
    elif day.year < 1990:
        faults["consent_on"] = "This day is too long ago."
    else:
        return at if day == today else clock.start_of_day(day, zone)
    return at
