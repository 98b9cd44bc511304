"""Which campaigns a run of the email schedule looks at: none that may still have something to do is left out."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.models import Campaign, CampaignStep, Reminder
from campaign.outreach.countdown import campaigns_to_mail
from campaign.runtime.context import Installation
from tests.support.subscribers import at, new_campaign, send_reminders

BLINK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
START, END = at("2026-12-01T00:00-08:00"), at("2027-01-01T00:00-08:00")
WEEK, GRACE = timedelta(days=7), timedelta(days=14)


def change(session: Session, model: Any, **values: Any) -> None:
    session.execute(update(model).values(**values))


def listed(session: Session, moment: Any) -> list[str]:
    return [slug for _, slug in campaigns_to_mail(session, moment)]


@pytest.mark.parametrize(
    ("campaign", "wrap_up_hours", "last"),
    [
        # Whichever is later: the end of the grace period, or of the wrap-up's week.
        ({"grace_days": 14}, None, GRACE),
        ({"grace_days": 3}, None, WEEK),
        ({"grace_days": 0}, 500, timedelta(hours=500)),
        ({"grace_days": 14, "finalized_at": END, "final_raised": 0}, None, WEEK),
        ({"grace_days": 14, "finalized_at": END, "final_raised": 0}, 2, 2 * HOUR),
    ],
)
def test_a_campaign_is_looked_at_from_its_start_until_its_last_email_can_be_sent(
    session: Session, campaign: dict[str, Any], wrap_up_hours: int | None, last: timedelta
) -> None:
    new_campaign(session)
    change(session, Campaign, **campaign)
    session.execute(
        update(CampaignStep)
        .where(CampaignStep.key == "wrap_up")
        .values(expires_after=wrap_up_hours)
    )
    moments = (START - BLINK, START, END, END + last - BLINK, END + last)
    assert [listed(session, one) for one in moments] == [[], *[["winter"]] * 3, []]


def test_only_a_wrap_up_keeps_a_final_campaign_in_sight(session: Session) -> None:
    new_campaign(session)
    change(session, Campaign, finalized_at=END, final_raised=0)
    session.execute(
        update(CampaignStep).where(CampaignStep.key == "wrap_up").values(expires_after=1)
    )
    session.execute(
        update(CampaignStep).where(CampaignStep.key == "opening").values(expires_after=9_000)
    )
    assert listed(session, END + 2 * HOUR) == []


def test_each_campaign_is_judged_by_its_own_dates_and_the_oldest_comes_first(
    session: Session,
) -> None:
    new_campaign(session, slug="later", start="2026-12-20")
    new_campaign(session, slug="past", start="2025-12-01", deadline="2025-12-31")
    new_campaign(session)
    assert listed(session, START) == ["winter"]
    assert listed(session, at("2026-12-26T12:00-08:00")) == ["later", "winter"]


def test_a_forgotten_reminder_is_erased_however_long_ago_its_campaign_ended(
    installation: Installation,
) -> None:
    with installation.sessions.begin() as session:
        past = new_campaign(session, slug="past", start="2024-12-01", deadline="2024-12-31")
        new_campaign(session, slug="quiet", start="2024-12-01", deadline="2024-12-31")
        due = at("2024-12-31T09:00-08:00")
        session.add(
            Reminder(campaign_id=past.id, email="ana@example.org", choice="last_day", due_at=due)
        )
        session.flush()
        assert listed(session, START) == ["past"]
    assert send_reminders(installation, START) == []
    with installation.sessions() as session:
        assert session.scalars(select(Reminder)).all() == []
        assert listed(session, START) == []
