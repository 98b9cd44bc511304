"""The names of steps are what their emails say."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from campaign.campaigns.schedule import due_at, list_steps
from campaign.campaigns.schedule_edits import StepChange, change_step
from campaign.campaigns.step_names import step_name
from campaign.core import clock
from tests.support.subscribers import new_campaign


def names(session: Session, **changes: Any) -> dict[str, str]:
    campaign = new_campaign(session, **changes)
    return {step.key: step_name(campaign, step) for step in list_steps(session, campaign.id)}


@pytest.mark.parametrize(
    ("deadline", "nine", "two"),
    [
        ("2026-12-31", "8 days left", "1 day left"),
        ("2026-12-31T18:00", "9 days left", "2 days left"),
    ],
)
def test_a_step_is_named_after_the_days_that_readers_read(
    session: Session, deadline: str, nine: str, two: str
) -> None:
    found = names(session, deadline=deadline)
    assert (found["nine_days"], found["two_days"]) == (nine, two)
    assert [found[key] for key in ("opening", "last_day", "last_hours", "wrap_up")] == [
        "Opening",
        "Last day",
        "Last hours",
        "Thanks and result",
    ]


def test_a_step_that_staff_moved_is_named_after_its_new_time(session: Session) -> None:
    campaign = new_campaign(session)
    step = change_step(session, campaign, "nine_days", StepChange(days=12))
    left = clock.days_left(campaign.deadline, campaign.zone, due_at(campaign, step))
    assert step_name(campaign, step) == f"{left} days left" == "11 days left"
    step = change_step(session, campaign, "last_day", StepChange(hours=30))
    assert campaign.deadline - due_at(campaign, step) == timedelta(hours=30)
    assert step_name(campaign, step) == "1 day left"
