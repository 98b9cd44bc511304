"""Real worker processes with the shipped settings: no task is lost when one dies, and an update lets work end."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis

from sandbox.servers import PrivateBroker
from tests.support.celery_worker import PROBE_TASK, CeleryWorker, in_shell
from tests.support.compose import SERVICES
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def broker() -> Iterator[PrivateBroker]:
    with PrivateBroker() as running:
        yield running


@pytest.fixture(scope="module")
def shared(
    broker: PrivateBroker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CeleryWorker]:
    """A worker for tests after which it still runs. It takes ten seconds to start on a busy machine."""
    with CeleryWorker(broker, tmp_path_factory.mktemp("worker")) as running:
        yield running


@pytest.fixture
def worker(shared: CeleryWorker) -> Iterator[CeleryWorker]:
    yield shared
    shared.start_over()


@pytest.fixture
def own_broker() -> Iterator[PrivateBroker]:
    with PrivateBroker() as running:
        yield running


@pytest.fixture
def own_worker(own_broker: PrivateBroker, tmp_path: Path) -> Iterator[CeleryWorker]:
    """A worker that the test ends."""
    with CeleryWorker(own_broker, tmp_path) as running:
        yield running


def test_a_task_whose_process_is_killed_runs_again(worker: CeleryWorker) -> None:
    killed = worker.send_probe()
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: set(worker.marks("began")) - {killed}, 60)
    worker.let_go()
    wait_until(lambda: worker.marks("done"), 60)
    assert killed not in worker.marks("done")


def test_a_worker_takes_no_more_tasks_than_it_has_processes(
    worker: CeleryWorker, broker: PrivateBroker
) -> None:
    """The rest is left to other workers."""
    for _ in range(8):
        worker.send(PROBE_TASK)
    waiting = redis.Redis.from_url(broker.url)
    wait_until(lambda: len(worker.marks("began")) == 2, 60)
    wait_until(lambda: len(worker.active()) >= 2, 60)
    assert (waiting.hlen("unacked"), waiting.llen("celery")) == (2, 6)
    worker.let_go()
    wait_until(lambda: waiting.llen("celery") == 0, 60)


def test_a_message_in_another_form_than_json_is_refused(worker: CeleryWorker) -> None:
    """Reading a pickle runs whatever it says."""
    worker.send(PROBE_TASK, serializer="pickle")
    wait_until(lambda: "ContentDisallowed" in worker.log(), 60)
    assert worker.marks("began") == []


def test_the_log_is_one_line_of_json_for_each_event(worker: CeleryWorker) -> None:
    worker.send_probe()
    wait_until(lambda: f"Task {PROBE_TASK}" in worker.log(), 60)
    [line, *_] = [line for line in worker.log().splitlines() if f"Task {PROBE_TASK}" in line]
    assert json.loads(line)["level"] == "info"


def test_a_task_of_a_worker_that_dies_is_still_at_the_broker(
    own_worker: CeleryWorker, own_broker: PrivateBroker
) -> None:
    """Another worker gets it when its `visibility_timeout` is over."""
    own_worker.send_probe()
    own_worker.kill()
    waiting = redis.Redis.from_url(own_broker.url)
    assert waiting.hlen("unacked") == waiting.zcard("unacked_index") == 1


def test_an_update_lets_the_task_end_and_starts_no_other(
    own_worker: CeleryWorker, own_broker: PrivateBroker
) -> None:
    worker = own_worker
    check = SERVICES["worker"]["healthcheck"]["test"]
    assert check[0] == "CMD-SHELL"
    assert in_shell(check[1], worker.variables) == 0

    running = worker.send_probe()
    worker.terminate()
    wait_until(lambda: "Warm shutdown" in worker.log(), 60)
    worker.send(PROBE_TASK)
    assert psutil.pid_exists(running)
    worker.let_go()
    assert worker.running.wait(60) == 0
    assert worker.marks("done") == [running]
    assert redis.Redis.from_url(own_broker.url).hlen("unacked") == 0

    assert in_shell(check[1], worker.variables) != 0
