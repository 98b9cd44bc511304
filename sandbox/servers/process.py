"""Child processes that never outlive their parent. For the private servers and `./dev run`."""

import os
import platform
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from sandbox.servers.account import Account

TETHER = Path(__file__).with_name("tether.py")


class ServerError(RuntimeError):
    """A server could not be started or kept; the text says why and what to do."""


def tethered(
    command: Sequence[str | Path],
    *,
    death_signal: signal.Signals = signal.SIGKILL,
    account: Account | None = None,
) -> list[str]:
    """`command`, made to receive `death_signal` when this process dies, run as `account`."""
    # Linux sends the signal when the *thread* that forked ends: only the main one may use it.
    on_main_thread = threading.current_thread() is threading.main_thread()
    watch = "kernel" if platform.system() == "Linux" and on_main_thread else "poll"
    user, group = (str(account.user), str(account.group)) if account else ("-", "-")
    prefix = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid())]
    return [*prefix, str(int(death_signal)), user, group, watch, *map(str, command)]


def start(
    command: Sequence[str | Path],
    *,
    death_signal: signal.Signals = signal.SIGKILL,
    account: Account | None = None,
    output: int | IO[bytes],
    stdin: int = subprocess.DEVNULL,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> "subprocess.Popen[bytes]":
    """Starts `command` tethered and in its own session, so that Ctrl-C reaches only us."""
    return subprocess.Popen(
        tethered(command, death_signal=death_signal, account=account),
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=directory,
        start_new_session=True,
    )


def stop(
    process: "subprocess.Popen[bytes]",
    number: signal.Signals = signal.SIGTERM,
    *,
    timeout: float,
) -> None:
    """Asks with `number`, waits `timeout` seconds, then kills whatever is left of its session."""
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            kill_group(process)
    kill_group(process)
    process.wait()


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    """SIGKILL to the process and to every descendant that stayed in its group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
        return


def command_of(process: int) -> str:
    """The command line of a living process, empty when there is none."""
    if platform.system() == "Linux":  # a slim system has no `ps`
        try:
            return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            return ""
    answer = subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(process)],
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout
