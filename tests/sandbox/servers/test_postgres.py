"""The private PostgreSQL server starts fast, keeps saved data, and leaves nothing else behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from sandbox.servers import PrivatePostgres, ServerError
from sandbox.servers.account import unprivileged
from sandbox.servers.binaries import Binaries, choose, installed
from sandbox.servers.cluster import Cluster
from sandbox.servers.process import command_of
from sandbox.servers.scratch import scratch_folder

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that PostgreSQL's user can reach, unlike pytest's when the tests run as root."""
    folder = scratch_folder(unprivileged())
    yield folder
    shutil.rmtree(folder)


def gone(process: int, within: float = 60.0) -> bool:
    """Return whether the process ends within that many seconds."""
    deadline = time.monotonic() + within
    while command_of(process) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not command_of(process)


@pytest.mark.parametrize("binaries", list(installed()), ids=lambda each: str(each.major))
def test_every_installation_works_and_leaves_no_process_or_folder(
    binaries: Binaries,
) -> None:
    with PrivatePostgres(binaries=binaries) as server:
        with psycopg.connect(server.url) as connection:
            row = connection.execute("SELECT lower('ÄÖ'), current_setting('TimeZone')").fetchone()
            home = connection.execute("SHOW data_directory").fetchone()
        process = server.process_id

    assert row == ("äö", "UTC")
    assert gone(process, within=0)
    assert home is not None
    assert not Path(home[0]).exists()


def test_it_listens_on_loopback_only_and_requires_the_password() -> None:
    with PrivatePostgres() as server:
        with psycopg.connect(server.url) as connection:
            addresses = connection.execute("SHOW listen_addresses").fetchone()
        wrong = server.url.replace(server.url.split(":")[2].split("@")[0], "guess")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)

    assert addresses == ("127.0.0.1",)


def test_a_data_folder_keeps_rows_and_password(home: Path) -> None:
    with PrivatePostgres(home / "kept", durable=True) as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
            durability = connection.execute("SHOW fsync").fetchone()
        password = server.url.split("@")[0]

    with PrivatePostgres(home / "kept", durable=True) as server:
        with psycopg.connect(server.url) as connection:
            row = connection.execute("SELECT number FROM kept").fetchone()
        again = server.url.split("@")[0]

    assert (row, durability) == ((7,), ("on",))
    assert again == password


def test_settings_of_the_caller_take_precedence() -> None:
    with (
        PrivatePostgres(settings={"max_connections": "17"}) as server,
        psycopg.connect(server.url) as connection,
    ):
        assert connection.execute("SHOW max_connections").fetchone() == ("17",)
        assert connection.execute("SHOW fsync").fetchone() == ("off",)


def test_it_ends_when_its_parent_is_killed() -> None:
    script = (
        "from sandbox.servers import PrivatePostgres, PrivateBroker\n"
        "import time\n"
        "with PrivatePostgres() as server, PrivateBroker() as broker:\n"
        "    print(server.process_id, broker.process_id, flush=True)\n"
        "    time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert parent.stdout is not None
    processes = [int(word) for word in parent.stdout.readline().split()]
    assert len(processes) == 2
    assert all(command_of(process) for process in processes)

    parent.kill()
    parent.wait()

    assert all(gone(process) for process in processes)


def test_a_lock_left_by_a_crash_does_not_stop_the_next_start(home: Path) -> None:
    with PrivatePostgres(home / "kept"):
        lock = home / "kept" / "cluster" / "postmaster.pid"
        content = lock.read_text().split("\n", 1)[1]
    # After the machine restarts, that process id may belong to any program, such as this one.
    lock.write_text(f"{os.getpid()}\n{content}")

    with PrivatePostgres(home / "kept") as server:
        psycopg.connect(server.url).close()


def test_it_waits_for_a_server_that_is_still_stopping(home: Path) -> None:
    first = PrivatePostgres(home / "kept").start()
    os.kill(first.process_id, signal.SIGINT)
    try:
        with PrivatePostgres(home / "kept") as second:
            psycopg.connect(second.url).close()
    finally:
        first.stop()


def test_a_missing_version_is_named(home: Path) -> None:
    with PrivatePostgres(home / "kept"):
        pass
    (home / "kept" / "cluster" / "PG_VERSION").write_text("11\n")

    with pytest.raises(
        ServerError, match=r"created by PostgreSQL 11, but this machine has .*install"
    ):
        PrivatePostgres(home / "kept").start()


def test_a_data_folder_is_opened_by_the_version_that_created_it(home: Path) -> None:
    oldest = min(installed(), key=lambda each: each.major)
    with PrivatePostgres(home / "kept", binaries=oldest):
        pass

    assert Cluster(home / "kept").major == oldest.major
    assert choose(oldest.major).major == oldest.major
    with PrivatePostgres(home / "kept") as server, psycopg.connect(server.url) as connection:
        assert connection.info.server_version // 10000 == oldest.major


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_data_in_an_unreachable_folder_is_stored_elsewhere(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    try:
        with PrivatePostgres(hidden / "kept") as server:
            psycopg.connect(server.url).close()
        assert (hidden / "kept").is_symlink()
        assert (hidden / "kept" / "cluster" / "PG_VERSION").exists()
    finally:
        shutil.rmtree((hidden / "kept").resolve())
