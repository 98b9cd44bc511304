"""Campaigns to edit in tests, and gifts booked directly in their ledger."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.audit.audit_log import Actor
from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.campaigns.progress import Progress, read_progress
from campaign.core.clock import now
from campaign.ledger.invariants import broken_invariants
from campaign.models import AuditEntry, Campaign, Donation, Donor, LedgerEntry, StaffRole
from campaign.runtime.context import Installation

ADMIN = Actor("ada@harbor-ledger.example", StaffRole.admin)
_numbers = itertools.count(1)


def add_campaign(installation: Installation, **changes: Any) -> Campaign:
    """Create a campaign of $50,000 that began ten days ago and ends in ten days."""
    wanted: dict[str, Any] = {
        "slug": "winter",
        "title": "Keep every story free to read",
        "goal": "50000",
        "start": (now() - timedelta(days=10)).isoformat(),
        "deadline": (now() + timedelta(days=10)).isoformat(),
        "timezone": "America/Los_Angeles",
        "appeal": "Tonight the **commission** votes.",
    }
    with installation.sessions.begin() as session:
        return create_campaign(session, NewCampaign(**{**wanted, **changes}))


def end_now(installation: Installation) -> None:
    """End the only campaign now, without a grace period. A gift of today still counts."""
    with installation.sessions.begin() as session:
        found = session.scalars(select(Campaign)).one()
        found.grace_days, found.deadline = 0, now()


def add_booked_gift(
    session: Session,
    campaign: Campaign,
    amount: int = 10_000,
    ago: timedelta = timedelta(days=1),
    at: datetime | None = None,
    **changes: Any,
) -> Donation:
    """Create a gift charged `ago`, or exactly `at`, with its payment in the ledger."""
    number, moment = next(_numbers), at or now() - ago
    donor = Donor(email=f"reader{number}@example.org", name=f"Reader {number}")
    session.add(donor)
    session.flush()
    wanted: dict[str, Any] = {
        "frequency": "one_time",
        "state": "paid",
        "donor_id": donor.id,
        "email": donor.email,
        "charged_at": moment,
        "paid_at": moment,
    }
    gift = Donation(
        campaign_id=campaign.id,
        attempt=f"attempt-{number}",
        amount=amount,
        currency=campaign.currency,
        **{**wanted, **changes},
    )
    session.add(gift)
    session.flush()
    add_entry(session, gift, "payment", amount, moment)
    return gift


def add_entry(
    session: Session, gift: Donation, kind: str, amount: int, moment: datetime | None = None
) -> None:
    """Post a ledger entry for this gift in its campaign."""
    session.add(
        LedgerEntry(
            campaign_id=gift.campaign_id,
            donation_id=gift.id,
            kind=kind,
            amount=amount,
            fee=59 if kind == "payment" else 0,
            currency=gift.currency,
            occurred_at=moment or now(),
            source=f"{kind}-{next(_numbers)}",
        )
    )
    session.flush()


def current_progress(installation: Installation, campaign: Campaign) -> Progress:
    with installation.sessions() as session:
        found = session.get_one(Campaign, campaign.id)
        return read_progress(session, found, now())


def audited(installation: Installation) -> list[AuditEntry]:
    with installation.sessions() as session:
        return list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))


def shards_agree(installation: Installation) -> bool:
    """Check that the stored sum of each matching gift equals the sum of its entries."""
    with installation.sessions() as session:
        broken = [one for one in broken_invariants(session) if "window" in one or "sum" in one]
    assert broken == []
    return True
