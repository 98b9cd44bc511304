"""Heartbeats of scheduled jobs, and overdue jobs."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaign.audit.heartbeats import JOBS, JobStatus, begin, fail, job_statuses, succeed
from campaign.core.clock import now
from campaign.models import Campaign, Heartbeat
from campaign.runtime.context import Installation
from tests.support.job_table import documented_limits

JOB = "sweep-inbox"
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
Write = Callable[[Session], None]


@pytest.fixture
def start(campaign: Campaign) -> datetime:
    """Long after the first campaign was created, so that every job is expected to have run."""
    return now() + timedelta(days=1)


def write(installation: Installation, *acts: Write) -> None:
    for act in acts:
        with installation.sessions.begin() as session:
            act(session)


def ran(at: datetime, job: str = JOB) -> Write:
    def act(session: Session) -> None:
        begin(session, job, at)
        succeed(session, job, at)

    return act


def standing(installation: Installation, at: datetime, job: str = JOB) -> JobStatus:
    with installation.sessions() as session:
        return next(one for one in job_statuses(session, at) if one.job == job)


def row(installation: Installation) -> Heartbeat:
    with installation.sessions() as session:
        return session.scalars(select(Heartbeat)).one()


def version(installation: Installation) -> str:
    """Return the physical version of the row, which changes with each write and each lock."""
    with installation.sessions() as session:
        return str(session.scalar(text("SELECT (xmin, xmax, ctid)::text FROM heartbeat")))


def test_a_job_is_overdue_after_its_limit(installation: Installation, start: datetime) -> None:
    write(installation, ran(start))
    assert not standing(installation, start + 2 * MINUTE).overdue
    late = standing(installation, start + 2 * MINUTE + SECOND)
    assert late.overdue
    assert late.last_success == start
    assert late.sentence == "overdue; last success 2 minutes ago"


def test_every_job_is_listed_in_the_order_of_the_table(
    installation: Installation, start: datetime
) -> None:
    with installation.sessions() as session:
        assert [one.job for one in job_statuses(session, start)] == list(JOBS)


def test_a_job_that_never_ran_is_overdue_if_it_should_have(
    installation: Installation, campaign: Campaign
) -> None:
    made = campaign.created_at
    early = standing(installation, made + MINUTE)
    assert (early.overdue, early.sentence) == (False, "never ran")
    late = standing(installation, made + 3 * MINUTE)
    assert (late.overdue, late.sentence) == (True, "overdue; never ran")


def test_without_a_campaign_nothing_is_expected(installation: Installation) -> None:
    found = standing(installation, now() + timedelta(days=9))
    assert (found.overdue, found.sentence) == (False, "never ran; it has no work yet")


def test_deadline_emails_are_expected_only_while_a_campaign_is_open(
    installation: Installation, campaign: Campaign
) -> None:
    job, hour = "deadline-emails", timedelta(hours=1)
    opened = campaign.created_at
    assert standing(installation, opened + hour, job).sentence == "never ran"
    assert standing(installation, opened + 3 * hour, job).overdue
    write(installation, ran(opened + 3 * hour, job))
    assert not standing(installation, opened + 5 * hour, job).overdue
    assert standing(installation, opened + 6 * hour, job).overdue
    assert not standing(installation, campaign.deadline, job).overdue


def test_a_campaign_that_just_opened_gives_its_cron_job_time(
    installation: Installation, campaign: Campaign
) -> None:
    job = "deadline-emails"
    write(installation, ran(campaign.created_at, job))
    opens = campaign.created_at + timedelta(days=40)
    with installation.sessions.begin() as session:
        session.get_one(Campaign, campaign.id).starts_at = opens
    assert not standing(installation, opens - SECOND, job).overdue
    assert not standing(installation, opens + timedelta(hours=2), job).overdue
    assert standing(installation, opens + timedelta(hours=2, seconds=1), job).overdue


def test_a_crashed_run_is_reported(installation: Installation, start: datetime) -> None:
    died = start + MINUTE
    write(installation, ran(start), lambda session: begin(session, JOB, died))
    found = standing(installation, died + 3 * MINUTE)
    assert found.unfinished_since == died
    assert "a run that started 3 minutes ago has not ended" in found.sentence
    assert not found.overdue, "it may still be at work"
    assert standing(installation, died + 11 * MINUTE).overdue


def test_a_job_that_keeps_crashing_is_overdue(installation: Installation, start: datetime) -> None:
    def die(at: datetime) -> Write:
        return lambda session: begin(session, JOB, at)

    write(installation, ran(start), *(die(start + n * MINUTE) for n in range(1, 13)))
    assert standing(installation, start + 12 * MINUTE).overdue


def test_a_later_success_clears_a_crashed_run(installation: Installation, start: datetime) -> None:
    write(installation, lambda session: begin(session, JOB, start), ran(start + MINUTE))
    assert standing(installation, start + MINUTE).unfinished_since is None


def test_a_failure_is_reported_with_its_error_until_a_success(
    installation: Installation, start: datetime
) -> None:
    write(
        installation,
        ran(start),
        lambda session: begin(session, JOB, start + MINUTE),
        lambda session: fail(session, JOB, "OSError: no route", start + MINUTE),
    )
    found = standing(installation, start + 2 * MINUTE)
    assert (found.last_failure, found.last_error) == (start + MINUTE, "OSError: no route")
    assert found.unfinished_since is None
    assert found.sentence == "last success 2 minutes ago; failed 60 seconds ago: OSError: no route"
    write(installation, ran(start + 2 * MINUTE))
    assert standing(installation, start + 2 * MINUTE).sentence == "last success 0 seconds ago"


def test_failures_do_not_count_as_success(installation: Installation, start: datetime) -> None:
    write(installation, ran(start))
    for number in range(1, 5):
        at = start + number * MINUTE
        write(installation, lambda session, at=at: fail(session, JOB, "OSError", at))  # type: ignore[misc]
    assert standing(installation, start + 4 * MINUTE).overdue


def test_a_job_triggered_often_neither_writes_nor_locks_its_row(
    installation: Installation, start: datetime
) -> None:
    write(installation, ran(start))
    before = version(installation)
    for tenth in range(1, 100):
        write(installation, ran(start + tenth * timedelta(milliseconds=100)))
    assert version(installation) == before
    write(installation, ran(start + 10 * SECOND))
    assert row(installation).succeeded_at == start + 10 * SECOND


def test_frequent_failures_are_not_written_often(
    installation: Installation, start: datetime
) -> None:
    write(installation, lambda session: fail(session, JOB, "first", start))
    before = version(installation)
    write(installation, lambda session: fail(session, JOB, "second", start + SECOND))
    assert version(installation) == before


def test_a_success_after_a_failure_is_recorded_at_once(
    installation: Installation, start: datetime
) -> None:
    write(
        installation,
        ran(start),
        lambda session: fail(session, JOB, "OSError", start + SECOND),
        ran(start + 2 * SECOND),
    )
    assert row(installation).succeeded_at == start + 2 * SECOND


def test_a_short_run_leaves_no_unfinished_one(installation: Installation, start: datetime) -> None:
    """Its start was written, so its end is written too, even though the last success is less than ten seconds old."""
    later = start + 10 * SECOND
    write(
        installation,
        lambda session: begin(session, JOB, start),
        lambda session: succeed(session, JOB, start + SECOND),
        lambda session: begin(session, JOB, later),
        lambda session: succeed(session, JOB, later + timedelta(milliseconds=20)),
    )
    assert standing(installation, later + SECOND).unfinished_since is None


def test_each_job_is_overdue_when_the_operating_guide_says_so(installation: Installation) -> None:
    with installation.sessions() as session:
        limits = {one.job: one.limit for one in job_statuses(session, now())}
    assert limits == documented_limits()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (7_199, "119 minutes"),
        (7_200, "2 hours"),
        (172_799, "47 hours"),
        (172_800, "2 days"),
        (259_199, "2 days"),
    ],
)
def test_how_long_ago_is_in_the_largest_unit_that_fits_twice(
    installation: Installation, start: datetime, seconds: int, words: str
) -> None:
    write(installation, ran(start))
    sentence = standing(installation, start + seconds * SECOND).sentence
    assert sentence.removeprefix("overdue; ") == f"last success {words} ago"
