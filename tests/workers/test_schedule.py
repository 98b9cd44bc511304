"""What the scheduler starts, how often, and what happens to it; see test_tasks.py for what each task does."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery.signals import worker_process_init
from sqlalchemy import select

from campaign.audit.heartbeats import DEADLINE_EMAILS, JOBS, LONGEST_RUN
from campaign.core.settings import Settings
from campaign.core.task_queue import INBOX, OUTBOX
from campaign.mailer.outbox import LEASE, TIME_FOR_A_BATCH
from campaign.models import Heartbeat
from campaign.refunds.flow import TIME_FOR_A_TASK
from campaign.runtime.context import Installation
from sandbox.stripe import StripeSandbox
from tests.conftest import sandbox_address
from tests.support.compose import SERVICES, seconds
from tests.support.job_table import documented_intervals
from tests.support.scheduled_tasks import celery_application, tasks_with

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)

PROMISES = {
    "sweep-inbox": 30
    * SECOND,  # a gift counts within half a minute, even if its notification was lost
    "sweep-outbox": 30 * SECOND,  # and its receipt is sent
    "send-webhooks": MINUTE,
    "recover-events": HOUR,  # Stripe gives up on an event after three days; staff should not notice
    "finish-refunds": 5 * MINUTE,
    "book-fees": 5 * MINUTE,
    "match-evidence": 5 * MINUTE,
    "note-receipts": 5 * MINUTE,
    "read-payouts": 5 * MINUTE,
    "take-in-payments": 5 * MINUTE,
    "import-files": 5 * MINUTE,
    "finalize": 15 * MINUTE,
    "purge-expired": HOUR,
    "mark-milestones": 5 * MINUTE,
    "erase-donors": 5 * MINUTE,  # "now" for the member of staff who approved it
    "queue-notices": 6 * HOUR,
    "alert-staff": 15 * MINUTE,
    "segment-subscribers": HOUR,
    "watch-card-testing": MINUTE,  # sessions of thieves accept cards until then
    "tell-staff": MINUTE,  # whoever took over an account has been in it for as long
    "sync-lists": 2 * HOUR,  # who leaves at Mailchimp gets no campaign email of the next day
    "reconcile": 12 * HOUR,  # docs/operating.md: twice a day
}
"""How long each job may take to notice its work."""

OFTEN_ENOUGH = 5 * SECOND
"""No job needs to look more often; each look costs a query."""


@pytest.fixture
def stripe_api_base(stripe: StripeSandbox) -> str:
    return sandbox_address(stripe)


@pytest.fixture
def celery(monkeypatch: pytest.MonkeyPatch) -> Any:
    return celery_application(monkeypatch)


@pytest.fixture
def on_database(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[Any]:
    """The same, and its tasks use the test's own database."""
    with tasks_with(monkeypatch, settings) as application:
        yield application


def test_every_job_is_scheduled_and_every_scheduled_job_has_a_heartbeat(celery: Any) -> None:
    """The cron job of compose runs the other."""
    assert set(celery.conf.beat_schedule) == set(JOBS) - {DEADLINE_EMAILS} == set(PROMISES)
    assert f"campaign {DEADLINE_EMAILS}" in str(SERVICES["cron"]["command"])


def test_every_task_is_scheduled_once_and_every_scheduled_name_is_a_task(celery: Any) -> None:
    """The names that the web sends are among them."""
    ours = {name for name in celery.tasks if name.startswith("workers.")}
    scheduled = [entry["task"] for entry in celery.conf.beat_schedule.values()]
    assert sorted(ours) == sorted(scheduled)
    assert {INBOX, OUTBOX} <= ours


@pytest.mark.parametrize("job", PROMISES)
def test_a_job_runs_as_often_as_it_must(celery: Any, job: str) -> None:
    every = celery.conf.beat_schedule[job]["schedule"]
    assert OFTEN_ENOUGH <= every <= PROMISES[job]


@pytest.mark.parametrize("job", PROMISES)
def test_a_run_that_no_worker_started_is_dropped_when_the_next_is_due(
    celery: Any, job: str
) -> None:
    """Otherwise they would pile up while no worker runs. Nothing else is set for a task."""
    entry = celery.conf.beat_schedule[job]
    assert entry["options"] == {"expires": entry["schedule"].total_seconds()}
    assert set(entry) == {"task", "schedule", "options"}


@pytest.mark.parametrize("job", PROMISES)
def test_a_job_is_overdue_after_two_missed_runs_and_before_anyone_waits_long(
    celery: Any, job: str
) -> None:
    every = celery.conf.beat_schedule[job]["schedule"]
    assert 2 * every <= JOBS[job]
    assert JOBS[job] <= max(6 * every, 30 * MINUTE)


def test_the_operating_guide_says_how_often_each_job_runs(celery: Any) -> None:
    scheduled = {job: entry["schedule"] for job, entry in celery.conf.beat_schedule.items()}
    assert documented_intervals() == scheduled


def test_the_cron_jobs_interval_and_the_longest_run_are_no_alarm() -> None:
    script = SERVICES["cron"]["command"][-1]
    [pause] = [
        word for line in script.splitlines() if "sleep" in line for word in line.split()[1:2]
    ]
    assert 2 * seconds(f"{pause}s") <= JOBS[DEADLINE_EMAILS].total_seconds() <= 2 * 3600


@pytest.mark.parametrize("job", PROMISES)
def test_a_scheduled_job_runs_on_an_empty_database_and_leaves_its_heartbeat(
    on_database: Any, installation: Installation, job: str
) -> None:
    task = on_database.tasks[on_database.conf.beat_schedule[job]["task"]]
    assert task() == 0
    with installation.sessions() as session:
        beats = list(session.scalars(select(Heartbeat)))
    assert [(beat.job, beat.succeeded_at is not None) for beat in beats] == [(job, True)]


# --- Time limits and delivery; test_worker.py has what a worker does with them ---------------


def test_a_worker_stops_a_task_when_its_job_counts_as_hung(celery: Any) -> None:
    assert celery.conf.task_time_limit == LONGEST_RUN.total_seconds()
    assert celery.conf.task_soft_time_limit is None, "no task cleans up after one"


def test_work_that_ends_by_itself_ends_before_it_is_stopped(celery: Any) -> None:
    limit = timedelta(seconds=celery.conf.task_time_limit)
    assert 2 * TIME_FOR_A_BATCH <= TIME_FOR_A_TASK < limit
    # A batch that was stopped is over before another worker may send its emails.
    assert limit <= LEASE


def test_a_task_is_given_to_another_worker_only_when_the_first_cannot_run_it_any_more(
    celery: Any,
) -> None:
    """Then soon: until that, a task whose worker died waits."""
    visible = celery.conf.broker_transport_options["visibility_timeout"]
    assert celery.conf.task_time_limit * 1.25 <= visible <= 30 * 60


def test_tasks_are_acknowledged_when_they_have_ended(celery: Any) -> None:
    for name in celery.tasks:
        if name.startswith("workers."):
            task = celery.tasks[name]
            assert (task.acks_late, task.reject_on_worker_lost) == (True, True), name
            assert task.ignore_result, "nobody reads results, which would stay in the broker"
            assert task.rate_limit is None, name


def test_the_broker_is_waited_for_without_end(celery: Any) -> None:
    assert celery.conf.broker_transport_options["socket_timeout"] is None
    assert celery.conf.broker_connection_retry_on_startup is True


def test_a_new_process_of_a_worker_shares_no_connection_with_its_parent(on_database: Any) -> None:
    from workers.app import installation

    parent = installation()
    assert installation() is parent
    worker_process_init.send(sender=None)
    child = installation()
    assert child is not parent
    assert child.engine is not parent.engine
    parent.engine.dispose()
