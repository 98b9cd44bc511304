"""Job heartbeats: saved in their own commits, and never a cause of failure for the job."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text

from campaign.core.clock import now
from campaign.models import Heartbeat
from campaign.runtime.context import Installation
from campaign.runtime.job_heartbeat import heartbeat


def row(installation: Installation) -> Heartbeat:
    with installation.sessions() as session:
        return session.scalars(select(Heartbeat)).one()


def test_the_start_is_recorded_while_the_job_runs(installation: Installation) -> None:
    before = now()
    with heartbeat(installation, "finalize"):
        found = row(installation)
        assert found.job == "finalize"
        assert before <= found.began_at <= now()
        assert found.succeeded_at is None
    found = row(installation)
    assert found.succeeded_at is not None
    assert found.succeeded_at >= found.began_at
    assert found.failed_at is None


def test_a_jobs_error_is_recorded_and_raised(installation: Installation) -> None:
    with pytest.raises(ValueError, match="no such day"), heartbeat(installation, "finalize"):
        raise ValueError("no such day")
    found = row(installation)
    assert (found.succeeded_at, found.last_error) == (None, "ValueError: no such day")
    assert found.failed_at is not None


def test_a_heartbeat_that_cannot_be_saved_does_not_fail_the_job(installation: Installation) -> None:
    with installation.engine.begin() as connection:
        connection.execute(text("DROP TABLE heartbeat"))
    done = []
    with heartbeat(installation, "finalize"):
        done.append("the work")
    assert done == ["the work"]
    with pytest.raises(KeyError), heartbeat(installation, "finalize"):
        raise KeyError("the job's own error")


def test_concurrent_runs_leave_one_row_that_succeeded(installation: Installation) -> None:
    def run(_number: int) -> None:
        with heartbeat(installation, "sweep-inbox"):
            pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, range(40)))
    found = row(installation)
    assert found.succeeded_at is not None
    assert found.succeeded_at >= found.began_at
