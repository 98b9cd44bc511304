"""Recipients in tests of the countdown: subscribers, donors, and the emails that a run queues."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.models import Campaign, Donation, Donor, OutboxMessage, Subscriber
from campaign.outreach import countdown
from campaign.outreach.countdown import Queued
from campaign.runtime.context import Installation

DOMAIN = "harbor-ledger.example"


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(UTC)


def new_campaign(session: Session, **changes: Any) -> Campaign:
    """Create a campaign of December 2026 in Los Angeles."""
    wanted: dict[str, Any] = {
        "slug": "winter",
        "title": "Keep every story free to read",
        "goal": "50000",
        "start": "2026-12-01",
        "deadline": "2026-12-31",
        "timezone": "America/Los_Angeles",
    }
    return create_campaign(session, NewCampaign(**{**wanted, **changes}))


def subscribe(session: Session, *emails: str, **changes: Any) -> None:
    for email in emails:
        wanted = {"name": "", "consent_source": "form", "consent_at": at("2026-01-01T00:00Z")}
        session.add(Subscriber(email=email, **{**wanted, **changes}))
    session.flush()


def subscribe_many(session: Session, number: int) -> None:
    """Subscribe reader1@example.org and so on."""
    session.execute(
        text(
            "INSERT INTO subscriber (email, consent_source, consent_at)"
            " SELECT 'Reader' || n || '@example.org', 'list', now() FROM generate_series(1, :n) n"
        ),
        {"n": number},
    )


def donate(session: Session, campaign: Campaign, email: str, state: str, **changes: Any) -> None:
    """Create a gift in any state, without its history."""
    donor = session.scalar(select(Donor).where(Donor.email == email))
    if donor is None:
        donor = Donor(email=email, name="Ana Reyes")
        session.add(donor)
        session.flush()
    moment = campaign.starts_at
    came = state in ("paid", "refunded", "partially_refunded", "disputed", "dispute_lost")
    gift = Donation(
        campaign_id=campaign.id,
        donor_id=donor.id,
        attempt=f"{email}-{state}-{campaign.id}",
        frequency="one_time",
        amount=2500,
        currency="usd",
        state=state,
        email=email,
        charged_at=moment if came else None,
        paid_at=moment if came else None,
    )
    for name, value in changes.items():
        setattr(gift, name, value)
    session.add(gift)
    session.flush()


def send_reminders(installation: Installation, moment: datetime | str) -> list[Queued]:
    """Run the cron job once for every campaign, with one commit each."""
    when = at(moment) if isinstance(moment, str) else moment
    with installation.sessions() as session:
        due = countdown.campaigns_to_mail(session, when)
    queued = []
    for campaign_id, _ in due:
        with installation.sessions.begin() as session:
            queued += countdown.queue_due(session, campaign_id, when, DOMAIN)
    return queued


def counts(queued: list[Queued]) -> dict[str, int]:
    """Return the number queued by step and kind, without zeros."""
    return {f"{each.key}/{each.kind}": each.count for each in queued if each.count}


def sent_emails(installation: Installation) -> list[OutboxMessage]:
    with installation.sessions() as session:
        return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


def addresses(installation: Installation, kind: str = "appeal") -> list[str]:
    return sorted(each.recipient for each in sent_emails(installation) if each.kind == kind)


def mark_all_sent(installation: Installation) -> None:
    """Mark what is queued as sent when it was due."""
    with installation.sessions.begin() as session:
        session.execute(
            text(
                "UPDATE outbox_message SET state = 'sent', sent_at = next_attempt_at,"
                " begun_at = next_attempt_at WHERE state = 'queued'"
            )
        )
