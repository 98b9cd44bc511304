"""Offline gifts in tests: a campaign that began three weeks ago, and checks entered for it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from campaign.audit.audit_log import Actor
from campaign.campaigns.campaigns import NewCampaign, create_campaign
from campaign.core.clock import now, zone
from campaign.models import Campaign, OfflineGift, StaffRole
from campaign.offline.entry import Choices, EntryResult, UnresolvedEntry, record_offline_gift
from campaign.offline.entry_parsing import WrittenGift, read_entry
from campaign.runtime.context import Installation

FINANCE = Actor("fay@harbor-ledger.example", StaffRole.finance)
HERE = zone("America/Los_Angeles")
TODAY = now().astimezone(HERE).date()

Enter = Callable[..., EntryResult | UnresolvedEntry]


def days_ago(ago: int) -> str:
    """Return the date `ago` days before today in the campaign's time zone."""
    return str(TODAY - timedelta(days=ago))


def written_gift(**changes: str) -> WrittenGift:
    """Return a check of $50 from Ana Reyes, received today, as staff enter it."""
    usual = {
        "received_on": days_ago(0),
        "amount": "50",
        "name": "Ana Reyes",
        "address": "1 Wharf Street\nAstoria, OR 97103",
        "campaign": "year-end",
    }
    return WrittenGift(**{**usual, **changes})


@pytest.fixture
def running(installation: Installation) -> Campaign:
    """A campaign that began three weeks ago."""
    with installation.sessions.begin() as session:
        return create_campaign(
            session,
            NewCampaign(
                slug="year-end",
                title="Keep every story free to read",
                goal="50000",
                start=days_ago(21),
                deadline="2099-12-31",
                timezone="America/Los_Angeles",
            ),
        )


@pytest.fixture
def enter(installation: Installation, running: Campaign) -> Enter:
    """Enter a check of $50 from Ana Reyes, received today. `choices` are the decisions of the staff member."""

    def entered(
        choices: Choices | None = None, actor: Actor = FINANCE, **changes: Any
    ) -> EntryResult | UnresolvedEntry:
        with installation.sessions.begin() as session:
            entry = read_entry(session, written_gift(**changes), now(), HERE)
            return record_offline_gift(
                session, entry, choices or Choices(), actor, installation.books, now()
            )

    return entered


def gift_of(outcome: EntryResult | UnresolvedEntry) -> OfflineGift:
    """Return the gift, which must have been recorded."""
    assert isinstance(outcome, EntryResult), outcome
    return outcome.gift


def shown_totals(installation: Installation) -> tuple[int, int, int]:
    """Return (raised, donations, donors) of all campaigns from the shards."""
    query = "SELECT sum(raised), sum(donations), sum(donors) FROM progress_shard"
    with installation.engine.connect() as connection:
        raised, donations, donors = connection.execute(text(query)).one()
    return int(raised or 0), int(donations or 0), int(donors or 0)
