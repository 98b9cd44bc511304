"""Read everything about one subscriber for their page: consent, what they get, what they were sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.core.errors import NotFound
from campaign.core.input_limits import LARGEST_KEY
from campaign.donations.canonical_donors import canonical_donor, donor_records
from campaign.donors.keyset_paging import Cursor, Keys, Listing, read_keys
from campaign.donors.suppression_list import SuppressionEntry, load_suppressions
from campaign.models import (
    Campaign,
    Donor,
    Giving,
    OutboxMessage,
    Reminder,
    Subscriber,
    Suppression,
)
from campaign.outreach.giving_segments import giving_of
from campaign.reporting.consent_records import ConsentRecord, read_consents
from campaign.reporting.donor_detail import (
    EMAILS_PER_PAGE,
    Total,
    load_emails,
    read_email_keys,
    read_totals,
)


@dataclass(frozen=True)
class PendingReminder:
    """A reminder that the person asked for, of the campaign with this title."""

    campaign: str
    due_at: datetime


@dataclass(frozen=True)
class SubscriberDetail:
    """One subscriber. `donor` is the canonical donor with the address, or None; `totals` are that person's gifts.

    `giving` is calculated now, not as of the last job.
    """

    consent: ConsentRecord
    donor: Donor | None
    totals: Sequence[Total]
    giving: Giving
    suppressions: Sequence[SuppressionEntry]
    reminders: Sequence[PendingReminder]
    mails: Sequence[OutboxMessage]
    mail_keys: Keys

    @property
    def subscriber(self) -> Subscriber:
        return self.consent.subscriber

    @property
    def stopped(self) -> SuppressionEntry | None:
        """Return the entry that stops the emails of all campaigns, or None."""
        return next((one for one in self.suppressions if not one.campaign), None)


def find_subscriber(session: Session, subscriber_id: int) -> Subscriber:
    """Return the subscriber. Raises NotFound."""
    found = session.get(Subscriber, subscriber_id) if subscriber_id <= LARGEST_KEY else None
    if found is None:
        raise NotFound("There is no such subscriber. They may have been removed, or corrected.")
    return found


def read_subscriber_detail(
    session: Session, subscriber: Subscriber, at: datetime, mails: Cursor
) -> SubscriberDetail:
    """Return everything about the subscriber at `at`. `mails` is where the page of emails begins."""
    address = subscriber.email.lower()
    donor = session.scalar(
        select(Donor).where(Donor.email != "", func.lower(Donor.email) == address)
    )
    donor = canonical_donor(session, donor) if donor else None
    records = donor_records(session, donor) if donor else []
    keys = (
        read_email_keys(session, records, mails)
        if records
        else read_keys(session, _emails_to(address), None, mails, EMAILS_PER_PAGE)
    )
    suppressed = select(Suppression.id).where(Suppression.email == address)
    (consent,) = read_consents(session, [subscriber.email])
    return SubscriberDetail(
        consent=consent,
        donor=donor,
        totals=read_totals(session, [one.id for one in records]),
        giving=giving_of(session, subscriber, at),
        suppressions=load_suppressions(session, session.scalars(suppressed).all()),
        reminders=_reminders(session, address),
        mails=load_emails(session, keys.ids),
        mail_keys=keys,
    )


def _emails_to(address: str) -> Listing:
    # A set of ids: with a limit on the ids in order, the planner would read all emails from the newest.
    ids = select(OutboxMessage.id).where(func.lower(OutboxMessage.recipient) == address)
    return Listing(OutboxMessage, ("id",), near=lambda one: one.id.in_(ids.offset(0)))


def _reminders(session: Session, address: str) -> Sequence[PendingReminder]:
    rows = session.execute(
        select(Campaign.title, Reminder.due_at)
        .join(Campaign, Campaign.id == Reminder.campaign_id)
        .where(func.lower(Reminder.email) == address)
        .order_by(Reminder.due_at)
    )
    return [PendingReminder(*row) for row in rows]
