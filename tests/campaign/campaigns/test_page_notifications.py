"""Every public change of a campaign tells all web processes, once it is committed, whose pages to render again."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from campaign.campaigns.donor_wall import remove_wall_entry, save_wall_entry
from campaign.campaigns.extensions import close_early, extend
from campaign.campaigns.matching_gifts import (
    MatchingGiftFields,
    add_matching_gift,
    end_matching_gift,
)
from campaign.campaigns.milestones import record_milestones
from campaign.campaigns.status_changes import finalize_now, open_now, pause, resume
from campaign.core.clock import now
from campaign.models import Campaign
from campaign.runtime.context import Installation
from tests.support.campaigns import ADMIN, add_booked_gift, add_campaign

LATER = timedelta(days=11)


@pytest.fixture
def notices(database_url: str) -> Iterator[Callable[[], list[str]]]:
    """A function that returns which campaigns' pages were to be rendered again since the last call."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("LISTEN progress")
        yield lambda: [one.payload for one in connection.notifies(timeout=0.2)]


def _match(session: Session, campaign: Campaign) -> int:
    wanted = MatchingGiftFields("The Reyes family", "1000")
    return add_matching_gift(session, campaign, wanted, ADMIN, now()).id


def _set(session: Session, **values: Any) -> None:
    session.execute(update(Campaign).values(**values))


BEFORE: dict[str, Callable[[Session, Campaign], object]] = {
    "match_ended": _match,
    "resumed": lambda session, one: pause(session, one, "we test", ADMIN, now()),
    "opened": lambda session, _: _set(session, starts_at=now() + timedelta(days=1)),
    "reached": lambda session, one: add_booked_gift(session, one, 2_500_000),
}
CHANGES: dict[str, Callable[[Session, Campaign], object]] = {
    "match_added": _match,
    "match_ended": lambda session, one: end_matching_gift(session, one, 1, ADMIN),
    "paused": lambda session, one: pause(session, one, "we test", ADMIN, now()),
    "resumed": lambda session, one: resume(session, one, ADMIN),
    "opened": lambda session, one: open_now(session, one, ADMIN),
    "finalized": lambda session, one: finalize_now(session, one, ADMIN, one.final_from),
    "extended": lambda session, one: extend(
        session, one, (now() + LATER).isoformat(), "it rains", "ada", now()
    ),
    "closed": lambda session, one: close_early(session, one, "it rains", "ada", ADMIN),
    "reached": lambda session, _: record_milestones(session, now()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_announced_with_its_campaign_and_a_rollback_is_not(
    installation: Installation, notices: Callable[[], list[str]], change: str
) -> None:
    add_campaign(installation, slug="other")
    campaign = add_campaign(installation)
    if change in BEFORE:
        with installation.sessions.begin() as session:
            BEFORE[change](session, session.get_one(Campaign, campaign.id))
    notices()
    with installation.sessions() as session:
        CHANGES[change](session, session.get_one(Campaign, campaign.id))
        session.rollback()
    assert notices() == []
    with installation.sessions.begin() as session:
        CHANGES[change](session, session.get_one(Campaign, campaign.id))
    assert notices() == [str(campaign.id)]


def test_a_name_that_leaves_the_wall_leaves_every_page(
    installation: Installation, notices: Callable[[], list[str]]
) -> None:
    campaign = add_campaign(installation)
    with installation.sessions.begin() as session:
        gift = add_booked_gift(session, campaign, name="Ana Reyes")
        save_wall_entry(session, gift, "", now(), wording="Show me")
    notices()
    with installation.sessions.begin() as session:
        assert remove_wall_entry(session, gift)
    assert notices() == [""]
    with installation.sessions.begin() as session:
        assert not remove_wall_entry(session, gift)
    assert notices() == []
