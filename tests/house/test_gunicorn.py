"""gunicorn with the shipped configuration: many readers, streams without end, and the end of a process."""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.compose import SERVICES, grace
from tests.support.compose import environment as in_compose
from tests.support.proxy import SHIPPED
from tests.support.waiting import wait_until
from tests.support.web_server import (
    COMMAND,
    PROBE,
    ROOT,
    WebServer,
    environment,
    running_gunicorn,
)

FILE = str(ROOT / "gunicorn.conf.py")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    """One worker. Its home may not be written to, as in the container."""
    folder = tmp_path_factory.mktemp("gunicorn")
    with running_gunicorn(folder, WEB_CONCURRENCY="1", HOME=str(folder)) as running:
        yield running


@pytest.fixture(scope="module")
def printed() -> dict[str, str]:
    """Every setting of gunicorn as it is in force, also those that the file does not name."""
    return settings_in_force()


def settings_in_force(**changes: str) -> dict[str, str]:
    done = subprocess.run(
        [*COMMAND, "--print-config", PROBE],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=environment(**changes),
    )
    pairs = (line.partition("=") for line in done.stdout.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def test_one_worker_serves_a_thousand_readers_at_once(server: WebServer) -> None:
    """Each gets an answer only when all have asked, so that none may wait for another."""
    readers = 1200
    connections = [server.connect() for _ in range(readers)]
    for connection in connections:
        connection.request("GET", f"/gather?readers={readers}")
    answers = {connection.getresponse().read() for connection in connections}
    assert len(answers) == 1
    for connection in connections:
        connection.close()


def test_a_connection_of_the_proxy_is_kept_for_the_next_request(server: WebServer) -> None:
    connection = server.connect()
    for _ in range(3):
        connection.request("GET", "/process")
        answer = connection.getresponse()
        answer.read()
        assert not answer.will_close
    connection.close()


def test_sockets_and_clocks_are_green_before_anything_uses_them() -> None:
    """What was imported earlier would keep those that block all readers of a worker."""
    program = f"""
import runpy, sys
from gevent import monkey
early = {{"ssl", "sqlalchemy", "campaign"}}
monkey.patch_all = lambda: print("patched after", sorted(early & set(sys.modules)))
runpy.run_path({FILE!r})
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=environment(PYTHONPATH=str(ROOT)),
    )
    assert done.stdout == "patched after []\n"


def test_the_log_names_no_address_of_a_request(server: WebServer) -> None:
    server.get("/process?token=s3cret")
    connection = server.connect()
    connection.request("GET", "/me/link/s3cret", headers={"Referer": "http://x/s3cret"})
    connection.getresponse().read()
    connection.close()
    assert "s3cret" not in server.output()


def test_nothing_is_written_to_the_home_folder(server: WebServer) -> None:
    """It does not exist in the container, whose files are read-only."""
    assert [path.name for path in server.log.parent.iterdir()] == ["gunicorn.log"]


def test_a_stream_outlives_the_time_limit_of_a_worker_that_hangs(tmp_path: Path) -> None:
    with running_gunicorn(tmp_path, "--timeout", "2", WEB_CONCURRENCY="1") as server:
        worker = server.get("/process")
        connection = server.connect()
        connection.request("GET", "/stream")
        stream = connection.getresponse()
        ends = time.monotonic() + 4.5
        while time.monotonic() < ends:
            assert stream.readline() == b": alive\n"
        assert server.get("/process") == worker
        connection.close()


def test_an_update_lets_requests_end_but_waits_for_no_stream(tmp_path: Path) -> None:
    with running_gunicorn(tmp_path, WEB_CONCURRENCY="1") as server:
        stream = server.connect()
        stream.request("GET", "/stream")
        endless = stream.getresponse()
        assert endless.readline() == b": alive\n"
        answered: list[str] = []
        slow = threading.Thread(target=lambda: answered.append(server.get("/slow?seconds=3")))
        slow.start()
        time.sleep(0.5)  # until its request has arrived; if it has not, the test still holds
        begun = time.monotonic()
        assert server.end(signal.SIGTERM) == 0
        assert time.monotonic() - begun < grace("web")
        slow.join()
        assert len(answered) == 1
        assert answered[0].isdigit()
        stream.close()


def test_a_killed_worker_is_replaced(server: WebServer) -> None:
    worker = server.get("/process")
    os.kill(int(worker), signal.SIGKILL)
    wait_until(lambda: server.answers() and server.get("/process") != worker, 60)


def test_docker_kills_the_web_only_after_gunicorn_would(printed: dict[str, str]) -> None:
    """A margin of ten seconds for the master, and no reader of a stream waits half a minute for the new version."""
    graceful = float(printed["graceful_timeout"])
    assert graceful >= 3
    assert graceful + 10 <= grace("web")
    assert graceful <= 20


def test_a_worker_that_hangs_is_replaced_while_readers_still_wait(printed: dict[str, str]) -> None:
    """Later than a slow start on a busy machine takes; not later than nginx gives up."""
    assert 30 <= float(printed["timeout"]) <= 60
    assert "proxy_read_timeout 60s;" in SHIPPED.read_text()


def test_the_proxy_closes_an_idle_connection_before_gunicorn_does(printed: dict[str, str]) -> None:
    """Otherwise a donation is sent on a connection that is being closed: 502."""
    [line] = [
        line.split()[1].rstrip("s;")
        for line in SHIPPED.read_text()
        .partition("upstream web {")[2]
        .partition("}")[0]
        .splitlines()
        if line.strip().startswith("keepalive_timeout")
    ]
    assert 5 <= float(line) < float(printed["keepalive"])


def test_all_connections_of_the_workers_fit_into_their_open_files(printed: dict[str, str]) -> None:
    """Ten thousand open streams on four workers, each with its connection and some files."""
    connections = int(printed["worker_connections"])
    assert connections >= 10_000 / 4
    assert connections * 2 <= SERVICES["web"]["ulimits"]["nofile"]


def test_heartbeats_of_workers_are_in_memory(printed: dict[str, str]) -> None:
    """The container's files are read-only, and a disk that hangs must not make workers look dead."""
    assert printed["worker_tmp_dir"] == "/dev/shm"


def test_the_worker_restarts_only_when_it_must(printed: dict[str, str]) -> None:
    """A restart after some requests would end thousands of streams at once."""
    assert printed["max_requests"] == "0"
    assert printed["preload_app"] == "False", "database connections do not survive a fork"
    assert printed["accesslog"] == "None"


def test_nothing_but_this_machine_reaches_a_web_without_an_address(printed: dict[str, str]) -> None:
    assert printed["bind"] == "['127.0.0.1:8000']"
    elsewhere = settings_in_force(WEB_BIND="127.0.0.1:9")
    assert elsewhere["bind"] == "['127.0.0.1:9']"


@pytest.mark.parametrize(
    ("processors", "asked", "workers"),
    [(1, None, 1), (3, None, 3), (64, None, 4), (64, "9", 9), (2, "1", 1)],
)
def test_there_is_a_worker_for_each_processor_up_to_four_or_as_many_as_asked(
    monkeypatch: pytest.MonkeyPatch, processors: int, asked: str | None, workers: int
) -> None:
    monkeypatch.setattr(multiprocessing, "cpu_count", lambda: processors)
    monkeypatch.setattr("gevent.monkey.patch_all", lambda: None)
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    if asked is not None:
        monkeypatch.setenv("WEB_CONCURRENCY", asked)
    assert runpy.run_path(FILE)["workers"] == workers


def test_missing_settings_are_one_message_and_no_worker_starts() -> None:
    variables = environment(SECRET_KEY="short")
    del variables["SITE_URL"]
    done = subprocess.run(
        [*COMMAND, "--bind", "127.0.0.1:0", PROBE],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=ROOT,
        env=variables,
    )
    assert done.returncode == 1
    assert "SITE_URL: is missing" in done.stderr
    assert "SECRET_KEY: has 5 characters" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Booting worker" not in done.stderr


def test_compose_leaves_the_number_of_workers_to_the_machine() -> None:
    """An empty WEB_CONCURRENCY, as compose would pass it, stops gunicorn."""
    assert "WEB_CONCURRENCY" not in in_compose("web")
