"""“Remind me later”: one email at the time someone chose; then the address is erased.

The public page creates a reminder, the run for scheduled emails queues it, and the sending code erases it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import (
    ColumnElement,
    Subquery,
    and_,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.campaigns.quiet_hours import QUIET_FROM, QUIET_UNTIL, quiet_end
from campaign.core import clock
from campaign.core.errors import MailRefused, ReminderInvalid
from campaign.core.normal_forms.mailboxes import lookup_form, mailbox_key
from campaign.core.secrets import keyed_hash
from campaign.mailer.addresses import wire_address
from campaign.mailer.kinds import EmailKind
from campaign.mailer.queue import NewEmail, queue_email, queue_from_select
from campaign.models import (
    Campaign,
    CampaignState,
    Donation,
    Donor,
    OutboxMessage,
    OutboxState,
    Reminder,
    ReminderChoice,
    Subscriber,
)
from campaign.models.states import SETTLED_STATES
from campaign.outreach import eligibility

if TYPE_CHECKING:
    from campaign.mailer.outbox import EmailClaim

LONGEST_ADDRESS = 254
"""Characters: RFC 5321, 4.5.3.1.3."""

_DAYS = {ReminderChoice.tomorrow: 1, ReminderChoice.three_days: 3}


def choices(campaign: Campaign, at: datetime) -> Sequence[tuple[ReminderChoice, datetime]]:
    """Return the choices offered at `at` and when each would be due, limited to times before the campaign ends."""
    if campaign.state(at) != CampaignState.open:
        return []
    offered = [(choice, due_at(campaign, choice, at)) for choice in ReminderChoice]
    return [(choice, due) for choice, due in offered if at < due < campaign.deadline]


def due_at(campaign: Campaign, choice: ReminderChoice, at: datetime) -> datetime:
    """Return when a reminder requested at `at` is due, in the campaign's time zone.

    That is the same time on a later day, or 09:00 on the last day. A time in the quiet hours becomes 09:00 that day.
    """
    zone = campaign.zone
    if choice == ReminderChoice.last_day:
        return clock.at_hour(clock.last_day(campaign.deadline, zone), QUIET_UNTIL, zone)
    due = clock.days_earlier(at, zone, -_DAYS[choice])
    local = due.astimezone(zone)
    if QUIET_UNTIL <= local.hour < QUIET_FROM:
        return due
    day = (at.astimezone(zone) + timedelta(days=_DAYS[choice])).date()
    return clock.at_hour(day, QUIET_UNTIL, zone)


def request_reminder(
    session: Session,
    campaign: Campaign,
    email: str,
    choice: ReminderChoice | str,
    locale: str,
    at: datetime,
    *,
    confirmed: bool = True,
) -> Reminder:
    """Save the one reminder of this address; requesting again changes its time. Raise ReminderInvalid.

    `confirmed`: it is certain that the address is the reader's. Otherwise the reminder waits for `confirm_reminder`.

    If an earlier one is already in the outbox, it is canceled and the new one gets its own row.
    """
    wanted = _offered(campaign, choice, at)
    address = require_address(email)
    same = (
        Reminder.campaign_id == campaign.id,
        func.lower(Reminder.email) == func.lower(literal(address)),
    )
    session.execute(
        delete(Reminder).where(*same, _in_outbox()).execution_options(synchronize_session=False)
    )
    values = {"email": address, "locale": locale, "choice": wanted[0].value, "due_at": wanted[1]}
    new = {"confirmed_at": at if confirmed else None}
    kept = {"confirmed_at": func.coalesce(Reminder.confirmed_at, new["confirmed_at"])}
    return session.scalars(
        insert(Reminder)
        .values(campaign_id=campaign.id, created_at=at, **values, **new)
        .on_conflict_do_update(
            index_elements=["campaign_id", func.lower(Reminder.email)], set_=values | kept
        )
        .returning(Reminder)
        .execution_options(populate_existing=True)
    ).one()


def _offered(
    campaign: Campaign, choice: ReminderChoice | str, at: datetime
) -> tuple[ReminderChoice, datetime]:
    offered = dict(choices(campaign, at))
    try:
        wanted = ReminderChoice(choice)
    except ValueError:
        raise ReminderInvalid("Choose when we should remind you.") from None
    if wanted not in offered:
        raise ReminderInvalid("That is after the campaign ends. Choose an earlier time.")
    return wanted, offered[wanted]


def require_address(email: str) -> str:
    """Return the address without surrounding spaces. Raise ReminderInvalid if it is not a valid email address."""
    address = email.strip()
    try:
        wire_address(address)
    except MailRefused:
        address = ""
    if not address or len(address) > LONGEST_ADDRESS:
        raise ReminderInvalid("Enter an email address such as name@example.org.")
    return address


def is_known(session: Session, email: str) -> bool:
    """Return whether it is certain that somebody reads this address: a donor who paid, or a subscriber."""
    address = lookup_form(email)
    subscribed = exists().where(func.lower(Subscriber.email) == address)
    gave = (
        exists()
        .where(func.lower(Donor.email) == address, Donor.email != "")
        .where(Donation.donor_id == Donor.id, Donation.state.in_(SETTLED_STATES))
    )
    return bool(session.scalar(select(or_(subscribed, gave))))


def queue_confirmation(
    session: Session, reminder: Reminder, secret_key: str, mail_domain: str, at: datetime
) -> bool:
    """Queue the email that asks whether the address is the reader's; return whether it is new.

    One a day to a mailbox, whatever the campaign and however the address is spelled: the outbox's unique key says so.
    """
    mailbox = keyed_hash(secret_key, "mailbox to confirm", mailbox_key(reminder.email))
    email = NewEmail(
        kind=EmailKind.reminder_confirmation,
        subject_key=f"{mailbox}:{at:%Y-%m-%d}",
        recipient=reminder.email,
        locale=reminder.locale,
        details={"reminder": reminder.id},
        expires_at=reminder.due_at,
    )
    return queue_email(session, email, mail_domain)


def find_by_token(session: Session, token: str) -> Reminder | None:
    """Return the reminder whose link has this token; None if it was sent, or is over."""
    return session.scalar(select(Reminder).where(Reminder.token == token))


def confirm_reminder(session: Session, token: str, at: datetime) -> Reminder | None:
    """Confirm the reminder; again changes nothing. None as for `find_by_token`."""
    found = find_by_token(session, token)
    if found is not None:
        # One email a day asks for all reminders of an address.
        same = func.lower(Reminder.email) == found.email.lower()
        waiting = update(Reminder).where(same, Reminder.confirmed_at.is_(None))
        session.execute(waiting.values(confirmed_at=at))
    return found


def erase_reminder(session: Session, claim: "EmailClaim") -> None:
    """Erase the address of a finished reminder everywhere."""
    session.execute(
        delete(Reminder)
        .where(Reminder.id == int(claim.subject_key))
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == claim.id, OutboxMessage.kind == EmailKind.reminder)
        .values(recipient="", name="")
        .execution_options(synchronize_session=False)
    )


def queue_due(session: Session, campaign: Campaign, at: datetime, mail_domain: str) -> int:
    """Queue the reminders that are due and erase those that are obsolete; return the number queued."""
    _erase_obsolete(session, campaign, at)
    due = _due(campaign, at)
    if due is None:
        return 0
    emails = select(
        func.format("%s", due.c.id).label("subject_key"),
        literal(campaign.id).label("campaign_id"),
        due.c.email.label("recipient"),
        due.c.locale,
        literal(campaign.deadline).label("expires_at"),
        literal(at).label("next_attempt_at"),
    )
    return queue_from_select(session, EmailKind.reminder, emails, mail_domain)


def count_due(session: Session, campaign: Campaign, at: datetime) -> int:
    """Return how many reminders `queue_due` would queue."""
    due = _due(campaign, at)
    if due is None:
        return 0
    return session.scalars(select(func.count()).select_from(due)).one()


def _due(campaign: Campaign, at: datetime) -> Subquery | None:
    """Return the reminders to queue, or None after the end and in the quiet hours of the campaign's time zone."""
    if at >= campaign.deadline or quiet_end(at, campaign.zone):
        return None
    return (
        select(Reminder.id, Reminder.email, Reminder.locale)
        .where(
            Reminder.campaign_id == campaign.id,
            Reminder.due_at <= at,
            Reminder.confirmed_at.is_not(None),
            ~_in_outbox(),
            ~_unwanted(campaign),
        )
        .subquery()
    )


def _unwanted(campaign: Campaign) -> ColumnElement[bool]:
    address = func.lower(Reminder.email)
    return or_(
        eligibility.suppressed(address, campaign.id),
        eligibility.has_given(address, campaign.id),
    )


def _in_outbox(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(
        OutboxMessage.kind == EmailKind.reminder,
        OutboxMessage.subject_key == func.format("%s", Reminder.id),
        *conditions,
    )


def _erase_obsolete(session: Session, campaign: Campaign, at: datetime) -> None:
    """Erase the reminders of people who gave, are suppressed or were reminded, and all reminders after the end.

    An email that is being sent keeps its address until it is finished.
    """
    over = at >= campaign.deadline
    ended = OutboxMessage.state.in_(
        [OutboxState.sent, OutboxState.dropped, *([OutboxState.failed] if over else [])]
    )
    waited = and_(Reminder.confirmed_at.is_(None), Reminder.due_at <= at)
    obsolete = true() if over else or_(_unwanted(campaign), _in_outbox(ended), waited)
    session.execute(
        delete(Reminder)
        .where(Reminder.campaign_id == campaign.id, obsolete)
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(OutboxMessage)
        .where(
            or_(
                OutboxMessage.kind == EmailKind.reminder_confirmation,
                and_(
                    OutboxMessage.kind == EmailKind.reminder,
                    OutboxMessage.campaign_id == campaign.id,
                ),
            ),
            OutboxMessage.recipient != "",
            ended,
        )
        .values(recipient="", name="")
        .execution_options(synchronize_session=False)
    )
