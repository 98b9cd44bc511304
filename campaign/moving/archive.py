"""The campaigns that are no campaigns: one for each currency holds the past gifts that count for none."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from campaign.core import money
from campaign.models import Campaign

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""A second of that day is its window, so that no gift of an archive looks like a late one of a campaign."""


def archive_slug(currency: str) -> str:
    """Return the name of the archive for a currency."""
    return f"past-gifts-{currency}"


def get_archive(session: Session, currency: str, timezone: str) -> Campaign:
    """Return the archive for `currency`, created once. Donors read its title beside their past gifts."""
    session.execute(
        insert(Campaign)
        .values(
            slug=archive_slug(currency),
            title="General support",
            currency=currency,
            goal=1,
            starts_at=_BEGINNING,
            deadline=_BEGINNING + timedelta(seconds=1),
            deadline_wall_clock=_BEGINNING.replace(tzinfo=None).isoformat(),
            timezone=timezone,
            grace_days=0,
            suggested_amounts=[],
            smallest_amount=money.usual_minimum(currency),
            appeal="",
            archive=True,
        )
        .on_conflict_do_nothing(index_elements=["slug"])
    )
    return session.scalars(select(Campaign).where(Campaign.slug == archive_slug(currency))).one()
