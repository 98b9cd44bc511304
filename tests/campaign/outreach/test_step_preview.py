"""Previewing a step's email: today's figures, the days left when it is due, and a sample recipient."""

from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns import schedule
from campaign.campaigns.extensions import extend
from campaign.mailer.email_context import Sender
from campaign.mailer.render import RenderedEmail
from campaign.models import Campaign
from campaign.outreach.step_preview import preview_step_email
from campaign.runtime.context import Installation
from tests.support.campaigns import add_booked_gift
from tests.support.subscribers import at, new_campaign

MIDDAY = at("2026-12-20T12:00-08:00")


@pytest.fixture
def winter(session: Session) -> Campaign:
    return new_campaign(session)


def preview(
    installation: Installation, session: Session, key: str, moment: datetime = MIDDAY
) -> RenderedEmail:
    winter = session.scalars(select(Campaign)).one()
    steps = {one.key: one for one in schedule.list_steps(session, winter.id)}
    sender = Sender(installation.settings.organization, installation.address)
    return preview_step_email(session, winter, steps[key], sender, "en", moment)


def text(email: RenderedEmail) -> str:
    return " ".join(email.text.split())


def test_an_upcoming_step_shows_the_days_that_will_be_left_and_the_sum_raised_now(
    installation: Installation, session: Session, winter: Campaign
) -> None:
    add_booked_gift(session, winter, 1_123_400, charged_at=MIDDAY, paid_at=MIDDAY)
    email = preview(installation, session, "three_days")
    said = text(email)
    assert "Dear Ana Reyes," in said
    assert "$11,234" in said
    # At midnight three days before the end, two days follow that day.
    assert email.subject == "2 days left, $38,766 to go"
    assert "http://localhost/unsubscribe/sample-email" in said
    assert "/c/winter?code=mail-three-days" in said


def test_a_past_step_shows_the_days_left_today(
    installation: Installation, session: Session, winter: Campaign
) -> None:
    assert "11 days left" in text(preview(installation, session, "opening"))
    later = at("2026-12-28T12:00-08:00")
    assert "3 days left" in text(preview(installation, session, "opening", later))


def test_the_wrap_up_is_previewed_as_those_who_did_not_give_get_it(
    installation: Installation, session: Session, winter: Campaign
) -> None:
    email = preview(installation, session, "wrap_up")
    assert "/c/winter?code=mail-wrap-up" in text(email)
    assert "#give" not in email.html


def test_only_the_move_to_the_current_deadline_is_explained(
    installation: Installation, session: Session, winter: Campaign
) -> None:
    assert "late" not in text(preview(installation, session, "last_day"))
    extend(session, winter, "2027-01-03", "the storm was long", "sam", MIDDAY)
    extend(session, winter, "2027-01-05", "the mail is late", "sam", MIDDAY)
    said = text(preview(installation, session, "last_day"))
    assert "the mail is late" in said
    assert "the storm was long" not in said
