"""The commands in docker-compose.yml and the Dockerfile, run on this machine: they start, stop, and notice trouble."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis

from sandbox.servers import PrivateBroker, free_port
from sandbox.servers.broker import _program as broker_program
from tests.support.celery_worker import in_shell, search_path, shipped_command
from tests.support.compose import APPLICATION, SERVICES, seconds
from tests.support.upstream import Answer, Upstream
from tests.support.waiting import wait_until
from tests.support.web_server import ROOT, environment

DOCKERFILE = (ROOT / "Dockerfile").read_text()
MINUTE = 60.0


def check_of(service: str) -> list[str]:
    """Return the words of a health check that is a command."""
    kind, *words = [str(word) for word in SERVICES[service]["healthcheck"]["test"]]
    assert kind == "CMD"
    return words


def instruction(name: str) -> Any:
    """Return the arguments, in JSON, of the last instruction with this name in the Dockerfile."""
    found = re.findall(rf"^\s*(?:HEALTHCHECK .*\\\n\s*)?{name} (\[.*\])$", DOCKERFILE, re.MULTILINE)
    return json.loads(found[-1])


IMAGE_CHECK = json.loads(
    re.findall(r"^HEALTHCHECK (?:.*\\\n)*\s*CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)[0]
)


def passes(words: list[str], port: int) -> bool:
    """Run a check in Python against a server on `port` of this machine."""
    program, *rest = [word.replace(":8000/", f":{port}/") for word in words]
    assert program == "python"
    done = subprocess.run([sys.executable, *rest], capture_output=True, check=False, timeout=60)
    return done.returncode == 0


@pytest.mark.parametrize(
    ("words", "path"), [(check_of("web"), "/readyz"), (IMAGE_CHECK, "/healthz")]
)
def test_the_check_of_the_web_fails_when_it_is_not_ready_or_not_there(
    words: list[str], path: str
) -> None:
    with Upstream() as web:
        assert passes(words, web.port)
        assert [asked.path for asked in web.received] == [path]
        web.answers(path, Answer(status=503))
        assert not passes(words, web.port)
        web.dies(path)
        assert not passes(words, web.port)
        assert not passes(words, free_port())


def test_the_check_gives_up_before_docker_does() -> None:
    [patience] = re.findall(r"timeout=(\d+)", check_of("web")[-1])
    assert float(patience) < seconds(SERVICES["web"]["healthcheck"]["timeout"])


@pytest.fixture
def image(database_url: str, tmp_path: Path) -> Iterator[int]:
    """The image's own command on a port of this machine, with a real database."""
    port, command = free_port(), instruction("CMD")
    assert command[0] == "gunicorn"
    assert "0.0.0.0:8000" in command, "other containers reach it"
    words = [word.replace("0.0.0.0:8000", f"127.0.0.1:{port}") for word in command[1:]]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *words],
            cwd=ROOT,
            env=environment(DATABASE_URL=database_url, WEB_CONCURRENCY="1"),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: process.poll() is not None or passes(IMAGE_CHECK, port), 120)
        assert process.poll() is None, (tmp_path / "log").read_text()
        yield port
    finally:
        process.terminate()
        process.wait(60)


def test_the_image_serves_and_is_healthy(image: int) -> None:
    assert passes(check_of("web"), image)


# --- The scheduler and the cron job -----------------------------------------------------------


def moved(command: str, folder: Path) -> str:
    """Return a shell command with `folder` for /tmp."""
    return command.replace("/tmp", str(folder))


def shell_check(service: str, folder: Path) -> bool:
    kind, command = SERVICES[service]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    return in_shell(moved(command, folder), {"PATH": os.environ["PATH"]}) == 0


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_the_scheduler_starts_and_its_check_notices_when_it_stops_writing(tmp_path: Path) -> None:
    assert not shell_check("beat", tmp_path)
    python, *arguments = shipped_command("beat")
    words = [python, *(moved(word, tmp_path) for word in arguments)]
    with PrivateBroker() as broker:
        process = subprocess.Popen(
            words,
            cwd=tmp_path,
            env=environment(
                BROKER_URL=broker.url, PYTHONPATH=str(ROOT), PROBE_FOLDER=str(tmp_path)
            ),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            waiting = redis.Redis.from_url(broker.url)
            # The sweeps are due every ten seconds.
            wait_until(lambda: process.poll() is not None or waiting.llen("celery") >= 2, 120)
            assert process.poll() is None
            sent = {json.loads(one)["headers"]["task"] for one in waiting.lrange("celery", 0, -1)}
            assert {"workers.inbox.drain", "workers.outbox.drain"} <= sent
            assert shell_check("beat", tmp_path)
            assert [path.name for path in tmp_path.iterdir() if path.suffix == ".pid"] == []
        finally:
            process.terminate()
            assert process.wait(60) == 0
    # It writes every three minutes.
    for path in tmp_path.iterdir():
        age(path, 4 * MINUTE)
    assert shell_check("beat", tmp_path)
    for path in tmp_path.iterdir():
        age(path, 16 * MINUTE)
    assert not shell_check("beat", tmp_path)


def test_the_check_of_the_cron_job_allows_one_missed_run(tmp_path: Path) -> None:
    assert not shell_check("cron", tmp_path)
    done = tmp_path / "done"
    done.touch()
    for minutes, healthy in {0: True, 9: True, 21: False}.items():
        age(done, minutes * MINUTE)
        assert shell_check("cron", tmp_path) is healthy, minutes


class Cron:
    """The cron job's loop with a `campaign` of the test's own, which says what it was asked."""

    def __init__(self, folder: Path, script: str) -> None:
        self.folder = folder
        program = folder / "campaign"
        program.write_text(f'#!/bin/sh\necho "$@" >> {folder}/asked\n{script}\n')
        program.chmod(0o755)
        command = SERVICES["cron"]["command"]
        assert command[:2] == ["sh", "-c"]
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", moved(command[2].replace("$$", "$"), folder)],
            env={"PATH": f"{folder}:{os.environ['PATH']}"},
            start_new_session=True,
        )

    def asked(self) -> list[str]:
        path = self.folder / "asked"
        return path.read_text().splitlines() if path.exists() else []

    def children(self) -> list[psutil.Process]:
        """Return what the loop runs now: `campaign`, or the pause, which is a `sleep`."""
        return list(psutil.Process(self.process.pid).children())

    def pause(self) -> psutil.Process:
        """Wait until the loop pauses; return the `sleep`."""
        wait_until(lambda: [one.name() for one in self.children()] == ["sleep"])
        return self.children()[0]

    def kill(self) -> None:
        for process in [*self.children(), self.process]:
            process.kill()
        self.process.wait()


def test_the_cron_job_queues_the_deadline_emails_and_ends_at_once_while_it_waits(
    tmp_path: Path,
) -> None:
    cron = Cron(tmp_path, "true")
    wait_until((tmp_path / "done").exists)
    assert cron.asked() == ["deadline-emails"]
    pause = cron.pause()
    cron.process.terminate()
    assert cron.process.wait(60) == 0
    pause.kill()


def test_a_failed_run_of_the_cron_job_is_no_success_and_does_not_end_it(tmp_path: Path) -> None:
    cron = Cron(tmp_path, "exit 1")
    wait_until(cron.asked)
    pause = cron.pause()
    assert not (tmp_path / "done").exists()
    assert 60 <= float(pause.cmdline()[1]) <= 300, "as docs/operating.md says"
    pause.kill()
    wait_until(lambda: len(cron.asked()) == 2)
    assert cron.process.poll() is None
    cron.kill()


def test_an_update_lets_a_run_of_the_cron_job_end(tmp_path: Path) -> None:
    go = tmp_path / "go"
    cron = Cron(tmp_path, f"while ! test -e {go}; do sleep 0.05; done; touch {tmp_path}/ended")
    wait_until(cron.asked)
    cron.process.terminate()
    go.touch()
    assert cron.process.wait(60) == 0
    assert (tmp_path / "ended").exists()


# --- The broker and the image -----------------------------------------------------------------


def test_the_broker_keeps_nothing_on_disk_and_rejects_tasks_when_it_is_full(tmp_path: Path) -> None:
    program, *arguments = SERVICES["broker"]["command"]
    assert program == "valkey-server"
    socket = tmp_path / "socket"
    server = subprocess.Popen(
        [broker_program(), *arguments, "--port", "0", "--unixsocket", socket, "--dir", tmp_path],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until(socket.exists)
        client = redis.Redis(unix_socket_path=str(socket))
        found = client.config_get("*")
        assert (found["save"], found["appendonly"]) == ("", "no")
        assert found["maxmemory-policy"] == "noeviction"
        assert 64 <= int(str(found["maxmemory"])) >> 20 <= 1024
    finally:
        server.terminate()
        server.wait(30)


def stages() -> tuple[str, str]:
    """Return the Dockerfile's stage that builds, and the image that is left."""
    building, _, final = DOCKERFILE.rpartition("\nFROM ")
    return building, f"FROM {final}"


def copied(stage: str) -> set[str]:
    lines = re.findall(r"^COPY (?!--from)(.+)$", stage, re.MULTILINE)
    return {source for line in lines for source in line.split()[:-1]}


def test_the_image_is_built_from_what_the_wheel_needs_and_nothing_else() -> None:
    building, final = stages()
    allowed = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"
    assert copied(building) | copied(final) == allowed
    assert all((ROOT / source).exists() for source in allowed)
    assert {"campaign", "workers", "templates", "pyproject.toml"} <= copied(building)
    assert copied(final) == {"gunicorn.conf.py"}


def test_packages_of_the_image_are_locked_and_checked() -> None:
    building, final = stages()
    installs = re.findall(r"pip (?:install|wheel) ([^&\n]+)", building)
    for options in installs:
        locked = "--require-hashes -r requirements/" in options
        assert locked or "--no-deps" in options, options
    assert any("requirements/production.txt" in options for options in installs)
    assert "pip" not in final
    assert "pip uninstall --yes pip" in building


def test_the_image_runs_as_nobody_with_a_python_that_the_project_supports() -> None:
    _, final = stages()
    images = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(set(images)) == 1, "the virtual environment belongs to one Python"
    version = re.fullmatch(r"python:3\.(\d+)-slim", images[0])
    assert version
    assert int(version[1]) >= 11
    instructions = [line.split()[0] for line in final.splitlines() if re.match(r"[A-Z]+ ", line)]
    after = instructions[instructions.index("USER") :]
    assert not {"COPY", "RUN", "ADD"} & set(after), "nothing is written as that user"
    assert re.findall(r"^USER (\d+):(\d+)$", final, re.MULTILINE) == [("10001", "10001")]


def test_output_of_the_image_appears_at_once_and_nothing_is_compiled_at_run_time() -> None:
    _, final = stages()
    [variables] = re.findall(r"^ENV (.+)$", final, re.MULTILINE)
    found = dict(word.split("=", 1) for word in shlex.split(variables))
    assert found["PYTHONUNBUFFERED"] == found["PYTHONDONTWRITEBYTECODE"] == "1"
    first, _, rest = found["PATH"].partition(":")
    assert (first, rest) == ("/opt/campaign/bin", "$PATH")
    assert "COPY --from=build /opt/campaign /opt/campaign\n" in final
    assert "WORKDIR /srv/campaign\n" in final, "the command names gunicorn.conf.py relative to it"


@pytest.mark.parametrize("name", [name for name in APPLICATION if "command" in SERVICES[name]])
def test_each_command_is_a_program_of_the_image(name: str) -> None:
    program = SERVICES[name]["command"][0]
    assert program == "sh" or shutil.which(program, path=search_path().partition(":")[0])
    if program == "campaign":
        asked = [
            shutil.which(program, path=search_path()),
            *SERVICES[name]["command"][1:],
            "--help",
        ]
        done = subprocess.run(
            asked, capture_output=True, check=False, env=environment(), timeout=60
        )
        assert done.returncode == 0
