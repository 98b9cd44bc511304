"""Delivery figures by step: waiting, sent, dropped and failed emails of this campaign."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.models import Campaign, CampaignStep, OutboxMessage
from campaign.outreach.step_statistics import Counts, email_counts
from tests.support.subscribers import at, new_campaign

SENT_AT: datetime = at("2026-12-26T12:00-08:00")


def step(session: Session, campaign: Campaign, key: str) -> int:
    query = select(CampaignStep.id).where(
        CampaignStep.campaign_id == campaign.id, CampaignStep.key == key
    )
    return session.scalars(query).one()


def add(session: Session, campaign: Campaign, key: str, **states: int) -> None:
    """Add so many emails of this step in each state."""
    step_id = step(session, campaign, key)
    for state, count in states.items():
        for number in range(count):
            name = f"{step_id}-{state}-{number}"
            session.add(
                OutboxMessage(
                    kind="appeal",
                    subject_key=name,
                    campaign_id=campaign.id,
                    step_id=step_id,
                    recipient=f"{name}@example.org",
                    message_id=f"<{name}@example.org>",
                    state=state,
                    sent_at=SENT_AT if state == "sent" else None,
                    bulk=True,
                )
            )
    session.flush()


def test_each_step_has_the_figures_of_its_own_emails(session: Session) -> None:
    winter, summer = new_campaign(session), new_campaign(session, slug="summer")
    add(session, winter, "opening", queued=1, sending=2, sent=4, dropped=5, failed=6)
    add(session, winter, "nine_days", failed=1)
    add(session, summer, "opening", sent=2)
    assert email_counts(session, winter) == {
        step(session, winter, "opening"): Counts(waiting=3, sent=4, dropped=5, failed=6),
        step(session, winter, "nine_days"): Counts(failed=1),
    }
    assert email_counts(session, summer) == {step(session, summer, "opening"): Counts(sent=2)}
