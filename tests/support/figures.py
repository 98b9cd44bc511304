"""A campaign and its progress without a database, for tests of texts about them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from campaign.campaigns.progress import MatchingStatus, Progress
from campaign.models import Campaign, MatchingGift

BEGIN, END = datetime(2026, 12, 1, 8, tzinfo=UTC), datetime(2027, 1, 1, 8, tzinfo=UTC)
"""Both are midnight in Los Angeles."""


def campaign_of(**changes: Any) -> Campaign:
    """A campaign of $50,000 through December 2026 in Los Angeles."""
    values: dict[str, Any] = {
        "slug": "winter",
        "title": "Keep every story free to read",
        "currency": "usd",
        "goal": 5_000_000,
        "starts_at": BEGIN,
        "deadline": END,
        "timezone": "America/Los_Angeles",
        "grace_days": 14,
        "figures_hidden": False,
        "locale": "en",
    }
    return Campaign(**{**values, **changes})


def campaign_progress(
    campaign: Campaign | None = None, at: datetime = END - timedelta(days=10), **changes: Any
) -> Progress:
    """Return the campaign's progress, with nothing raised by default."""
    values: dict[str, Any] = {
        "raised": 0,
        "pending": 0,
        "matched": 0,
        "donations": 0,
        "donors": 0,
    }
    return Progress(campaign=campaign or campaign_of(), as_of=at, **{**values, **changes})


def matching_status(given: int = 0, **changes: Any) -> MatchingStatus:
    """Return the matching gift of the Reyes family: $1 for each $1 through December, up to $1,000."""
    values: dict[str, Any] = {
        "sponsor": "the Reyes family",
        "pool": 100_000,
        "ratio_percent": 100,
        "starts_at": BEGIN,
        "ends_at": END,
        "ended_at": None,
    }
    return MatchingStatus(MatchingGift(**{**values, **changes}), given)
