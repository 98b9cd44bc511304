"""Everything about one subscriber: their giving now, what they get, and what they were sent."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.campaigns import find_campaign
from campaign.core.clock import now
from campaign.core.errors import NotFound
from campaign.donors.keyset_paging import Cursor
from campaign.mailer.suppressions import suppress
from campaign.models import Campaign, Giving, OutboxMessage, Reminder, Subscriber, SuppressionReason
from campaign.reporting.donor_detail import EMAILS_PER_PAGE
from campaign.reporting.subscriber_detail import (
    SubscriberDetail,
    find_subscriber,
    read_subscriber_detail,
)
from tests.support.donors import add_donation, add_donor
from tests.support.subscribers import subscribe

AT = now()


def read(session: Session, cursor: Cursor | None = None) -> SubscriberDetail:
    subscriber = session.scalars(select(Subscriber).order_by(Subscriber.id).limit(1)).one()
    return read_subscriber_detail(session, subscriber, AT, cursor or Cursor())


def send(session: Session, number: int, recipient: str) -> None:
    row = OutboxMessage(
        kind="reminder", subject_key=f"{number}", recipient=recipient, message_id=f"<{number}>"
    )
    session.add(row)
    session.flush()


def test_someone_who_never_gave_has_no_donor(session: Session) -> None:
    subscribe(session, "Ana@example.org")
    found = read(session)
    assert (found.donor, found.giving, found.stopped) == (None, Giving.never, None)
    assert not [*found.totals, *found.suppressions, *found.reminders, *found.mails]


def test_giving_is_of_the_person_and_current(session: Session, campaign: Campaign) -> None:
    subscribe(session, "ana@example.org")
    kept = add_donor(session, "kept@example.org")
    ana = add_donor(session, "ana@example.org", merged_into_id=kept.id)
    add_donation(session, campaign, ana)
    found = read(session)
    assert (found.donor.id, found.giving) == (kept.id, Giving.recent)
    assert found.subscriber.giving == "never", "the job has not run"


def test_what_the_person_gets(session: Session, campaign: Campaign) -> None:
    subscribe(session, "Ana@example.org")
    campaign = find_campaign(session, campaign.slug)
    suppress(session, "ana@example.org", SuppressionReason.bounced, campaign_id=campaign.id)
    assert read(session).stopped is None
    suppress(session, "ana@example.org", SuppressionReason.unsubscribed)
    suppress(session, "ben@example.org", SuppressionReason.bounced)
    due = AT + timedelta(days=1)
    session.add(
        Reminder(campaign_id=campaign.id, email="ANA@example.org", choice="tomorrow", due_at=due)
    )
    session.flush()
    found = read(session)
    assert [one.reason for one in found.suppressions] == ["unsubscribed", "bounced"]
    assert found.stopped.reason == "unsubscribed"
    assert [(one.campaign, one.due_at) for one in found.reminders] == [(campaign.title, due)]


@pytest.mark.parametrize("gave", [True, False])
def test_emails_to_the_address_have_pages(session: Session, *, gave: bool) -> None:
    subscribe(session, "Ana@example.org")
    if gave:
        add_donor(session, "ana@example.org")
    send(session, 0, "ben@example.org")
    for number in range(1, EMAILS_PER_PAGE + 2):
        send(session, number, "ANA@example.org")
    first = read(session)
    second = read(session, Cursor(before=first.mail_keys.older))
    assert len(first.mails) == EMAILS_PER_PAGE
    assert [one.subject_key for one in second.mails] == ["1"]


def test_a_subscriber_who_does_not_exist_is_not_found(session: Session) -> None:
    for number in (1, 2**63):
        with pytest.raises(NotFound):
            find_subscriber(session, number)
