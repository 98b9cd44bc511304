"""Bulk email in tests: appeals in the outbox, as the countdown queues them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from campaign.core import clock
from campaign.models import Campaign, CampaignStep, OutboxMessage
from campaign.models.base import new_token
from campaign.runtime.context import Installation

MAIL_DOMAIN = "harbor-ledger.example"


def daytime(at: datetime | None = None) -> str:
    """Return a time zone where it is about noon, outside quiet hours."""
    behind = (at or clock.now()).hour - 12
    return f"Etc/GMT{behind:+d}"


def opening_step(installation: Installation, campaign: Campaign) -> int:
    """Return the id of the opening step, which is due now in a campaign with a distant deadline."""
    query = select(CampaignStep.id).where(
        CampaignStep.campaign_id == campaign.id, CampaignStep.key == "opening"
    )
    with installation.sessions() as session:
        return session.scalars(query).one()


def queue_appeals(
    installation: Installation, campaign: Campaign, *recipients: str, **values: Any
) -> Sequence[int]:
    """Queue appeals of the opening step, due now and valid for a day; `values` override. Return their ids."""
    step = opening_step(installation, campaign)
    rows = [
        OutboxMessage(
            **{
                "kind": "appeal",
                "subject_key": f"{step}:{recipient.lower()}",
                "campaign_id": campaign.id,
                "step_id": step,
                "recipient": recipient,
                "name": recipient.partition("@")[0].title(),
                "timezone": daytime(),
                "bulk": True,
                "message_id": f"<appeal-{new_token()}@{MAIL_DOMAIN}>",
                "next_attempt_at": clock.now(),
                "expires_at": clock.now() + timedelta(days=1),
                **values,
            }
        )
        for recipient in recipients
    ]
    with installation.sessions.begin() as session:
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]


def readers(count: int) -> list[str]:
    """Return `count` addresses."""
    return [f"reader{number:05d}@example.org" for number in range(count)]


def messages(installation: Installation) -> list[OutboxMessage]:
    """Return the whole outbox in the order in which it was queued."""
    with installation.sessions() as session:
        return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


def make_due(installation: Installation) -> None:
    """Make every waiting message due, and end every lease."""
    with installation.sessions.begin() as session:
        for row in session.scalars(select(OutboxMessage)):
            row.next_attempt_at = clock.now()
