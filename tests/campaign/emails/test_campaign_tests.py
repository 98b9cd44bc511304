"""Tests of a campaign's emails, to the member of staff who asks."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.campaigns import find_campaign
from campaign.core.clock import now
from campaign.emails.campaign_tests import EXPIRES_AFTER, campaign_test, queue_test
from campaign.mailer.email_context import ObsoleteEmail
from campaign.mailer.outbox import claim_messages
from campaign.models import Campaign, OutboxMessage, StaffMember, StaffRole
from campaign.staff.members import add_member
from tests.support.sample_emails import SENDER
from tests.support.staff import COMMAND_LINE

AT = now()


@pytest.fixture
def fay(session: Session) -> StaffMember:
    return add_member(session, "fay@example.org", StaffRole.viewer, COMMAND_LINE, AT).member


def queue(
    session: Session, fay: StaffMember, campaign: Campaign, key: str, at: datetime = AT
) -> bool:
    own = find_campaign(session, campaign.slug)
    return queue_test(session, fay, own, key, "es", "example.org", at)


def test_the_same_request_twice_is_one_email_and_a_later_one_another(
    session: Session, fay: StaffMember, campaign: Campaign
) -> None:
    assert queue(session, fay, campaign, "last_day")
    assert not queue(session, fay, campaign, "last_day")
    assert queue(session, fay, campaign, "opening")
    assert queue(session, fay, campaign, "last_day", AT + timedelta(minutes=1))
    rows = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()
    assert {row.recipient for row in rows} == {"fay@example.org"}
    assert [row.expires_at for row in rows][:2] == [AT + EXPIRES_AFTER] * 2


def test_a_test_shows_the_email_and_of_a_removed_step_nothing(
    session: Session, fay: StaffMember, campaign: Campaign
) -> None:
    queue(session, fay, campaign, "last_day")
    (claim,) = claim_messages(session, now(), 5)
    shown = campaign_test(session, claim, SENDER)
    assert not isinstance(shown, ObsoleteEmail)
    assert '<html lang="es"' in shown["html"]
    assert "nine-days" in shown["text"]
    gone = replace(claim, details=claim.details | {"email": "half_a_day"})
    assert isinstance(campaign_test(session, gone, SENDER), ObsoleteEmail)
